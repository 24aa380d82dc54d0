"""The whole state of a training as named tensors, and back: model, optimizer, random numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from swc_runtime.checkpoint import read_checkpoint, write_checkpoint
from swc_runtime.errors import PlanError
from swc_runtime.family import Family
from swc_runtime.moved import with_names_of_now
from swc_runtime.problems import CheckpointError
from swc_runtime.training.agreement import check_classes, check_identity, identity, plan_identity
from swc_runtime.training.rows import check_rows, settled_rows
from swc_runtime.training.session import Session

__all__ = [
    "check_classes",
    "check_identity",
    "identity",
    "load_family",
    "load_model",
    "restore_training",
    "save_family",
    "training_tensors",
    "without_momentum",
]

_MODEL, _OPTIMIZER, _RANDOM = "model/", "optimizer/", "random/"
_MOMENTUM = "momentum_buffer"


def training_tensors(session: Session) -> dict[str, Tensor]:
    """Everything that a session must get back to go on exactly as it would have."""
    names = {id(parameter): name for name, parameter in session.family.named_parameters()}
    tensors = {f"{_MODEL}{name}": value for name, value in session.family.state_dict().items()}
    for parameter, memory in session.optimizer.state.items():
        for key, value in memory.items():
            if isinstance(value, Tensor):  # without momentum, SGD remembers None
                tensors[f"{_OPTIMIZER}{key}/{names[id(parameter)]}"] = value
    tensors[f"{_RANDOM}cpu"] = torch.get_rng_state()
    if session.fabric.device.type == "cuda":
        tensors[f"{_RANDOM}cuda"] = torch.cuda.get_rng_state(session.fabric.device)
    return tensors


def without_momentum(session: Session) -> list[str]:
    """Parameters of which the optimizer remembers nothing: frozen ones, and all where the recipe has no momentum."""
    state = session.optimizer.state
    return [
        name
        for name, parameter in session.family.named_parameters()
        if not isinstance(state.get(parameter, {}).get(_MOMENTUM), Tensor)
    ]


def restore_training(session: Session, tensors: Mapping[str, Tensor], spared: object, path: Path) -> None:
    """Put the tensors of ``training_tensors`` back; all of them are looked at before the first is.

    Args:
        session: gets them.
        tensors: what ``training_tensors`` gave.
        spared: what ``without_momentum`` gave, as it stands in the checkpoint's metadata.
        path: the checkpoint, for messages.

    Raises:
        CheckpointError: some are missing, or are those of another family or training.
    """
    model, random = _under(tensors, _MODEL), _under(tensors, _RANDOM)
    memory = _memory(session, _under(tensors, _OPTIMIZER), spared, path)
    _check_random(session, random, path)
    load_model(session.family, model, path)
    for parameter, value in memory.items():
        session.optimizer.state[parameter][_MOMENTUM] = torch.empty_like(parameter).copy_(value)
    torch.set_rng_state(random["cpu"])
    if session.fabric.device.type == "cuda":
        torch.cuda.set_rng_state(random["cuda"], session.fabric.device)


def _memory(
    session: Session, found: Mapping[str, Tensor], spared: object, path: Path
) -> dict[torch.nn.Parameter, Tensor]:
    """The momentum of each parameter that must have one, checked."""
    if not isinstance(spared, list):
        raise CheckpointError(f"{path} is damaged: it does not say which parameters have no momentum.")
    parameters = dict(session.family.named_parameters())
    expected = {f"{_MOMENTUM}/{name}": name for name in parameters if name not in spared}
    if session.family.recipe.optimizer.momentum and not expected:
        raise CheckpointError(f"{path} cannot be gone on from: it holds no momentum, and the recipe's optimizer has.")
    for key in sorted(expected.keys() - found.keys()):
        raise CheckpointError(f"{path} cannot be gone on from: the optimizer's state of {expected[key]} is missing.")
    for key in sorted(found.keys() - expected.keys()):
        raise CheckpointError(f"{path} holds optimizer state {key}, which does not fit the family.")
    memory = {}
    for key, name in expected.items():
        parameter, value = parameters[name], found[key]
        if (parameter.shape, parameter.dtype) != (value.shape, value.dtype):
            raise CheckpointError(
                f"{path} holds optimizer state of {name} as {_kind(value)}, which does not fit the family's "
                f"{_kind(parameter)}."
            )
        memory[parameter] = value
    return memory


def _check_random(session: Session, random: Mapping[str, Tensor], path: Path) -> None:
    """See that the random numbers of every device that the session draws from can go on."""
    device = session.fabric.device
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    for name, state in states.items():
        found = random.get(name)
        if found is None:
            raise CheckpointError(
                f"{path} cannot be gone on from on {name}: the state of its random numbers there is missing"
                + (", as the run was on another kind of device (--accelerator cpu)." if name == "cuda" else ".")
            )
        if (found.shape, found.dtype) != (state.shape, state.dtype):
            raise CheckpointError(
                f"{path} holds random numbers of {name} as {_kind(found)}; this version of torch has {_kind(state)}. "
                "Go on with the version that wrote it."
            )


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def load_model(family: Family, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy the tensors of a ``state_dict`` into the family; nothing is copied unless everything fits.

    Raises:
        CheckpointError: names, shapes or kinds of numbers differ, or a user of a SuperWeight does not read exactly one
            coefficient vector.
    """
    wrong = f"{path} does not fit the family {family.plan.family}"
    own = family.state_dict()
    for name in own:
        if name not in tensors:
            raise CheckpointError(f"{wrong}: {name} is missing in it.")
    for name, value in tensors.items():
        if name not in own:
            raise CheckpointError(f"{wrong}: the family has no {name}.")
        if value.shape != own[name].shape:
            raise CheckpointError(f"{wrong}: {name} is {_kind(value)} in it and {_kind(own[name])} in the family.")
        if value.dtype != own[name].dtype:
            raise CheckpointError(
                f"{wrong}: {name} is {_kind(value)} in it and {_kind(own[name])} in the family. Load it into a family "
                "of the same kind of numbers, and change them afterwards (`family.to(…)`)."
            )
    check_rows(family, tensors, path)
    try:
        family.load_state_dict(dict(tensors))
    except (RuntimeError, PlanError) as problem:
        raise CheckpointError(f"{wrong}: {problem}") from problem


def _kind(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def save_family(family: Family, path: Path, metadata: Mapping[str, object]) -> None:
    """Write a trained family: its ``state_dict`` and JSON-able ``metadata``.

    Raises:
        CheckpointError: the family holds values that are no finite numbers, or the file cannot be written; an old one
            is left as it was.
    """
    state = family.state_dict()
    tensors = {f"{_MODEL}{name}": value for name, value in (state | settled_rows(family, state)).items()}
    write_checkpoint(path, tensors, {**metadata, **identity(family)})


def load_family(family: Family, path: Path) -> dict[str, Any]:
    """Fill ``family`` from ``family.safetensors``, ``best.safetensors`` or ``last.safetensors``.

    Returns the checkpoint's metadata. The family is in evaluation mode afterwards.

    Raises:
        CheckpointError: no such file, damaged, or of another family; the family is left as it was.
    """
    tensors, metadata = with_names_of_now(family, *read_checkpoint(path), plan_identity)
    check_identity(family, metadata, path)
    load_model(family, _under(tensors, _MODEL), path)
    family.eval()
    return metadata
