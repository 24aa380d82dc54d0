"""The whole state of a training as named tensors, and back: model, optimizer, random numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from swc_runtime.checkpoint import read_checkpoint, write_checkpoint
from swc_runtime.errors import PlanError
from swc_runtime.family import Family
from swc_runtime.problems import CheckpointError
from swc_runtime.training.session import Session

_MODEL, _OPTIMIZER, _RANDOM = "model/", "optimizer/", "random/"


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


def restore_training(session: Session, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Put the tensors of ``training_tensors`` back.

    Raises:
        CheckpointError: they are those of another family.
    """
    load_model(session.family, _under(tensors, _MODEL), path)
    parameters = dict(session.family.named_parameters())
    for key, value in _under(tensors, _OPTIMIZER).items():
        kind, _, name = key.partition("/")
        if name not in parameters or parameters[name].shape != value.shape:
            raise CheckpointError(f"{path} holds optimizer state of {name}, which does not fit the family.")
        memory = torch.empty_like(parameters[name])
        session.optimizer.state[parameters[name]][kind] = memory.copy_(value)
    random = _under(tensors, _RANDOM)
    torch.set_rng_state(random["cpu"])
    if "cuda" in random and session.fabric.device.type == "cuda":
        torch.cuda.set_rng_state(random["cuda"], session.fabric.device)


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def load_model(family: Family, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy the tensors of a ``state_dict`` into the family.

    Raises:
        CheckpointError: names or shapes differ.
    """
    try:
        family.load_state_dict(dict(tensors))
    except (RuntimeError, PlanError) as problem:
        raise CheckpointError(f"{path} does not fit the family {family.plan.family}: {problem}") from problem


def identity(family: Family) -> dict[str, str]:
    """What a checkpoint says about the family it belongs to.

    ``sharing`` is a hash of the clusters: with other ones every tensor may still fit, and belong to other layers.
    """
    clusters = repr(sorted(family.plan.clusters.items()))
    return {
        "family": family.plan.family,
        "structure": family.plan.structure,
        "sharing": hashlib.blake2b(clusters.encode(), digest_size=8).hexdigest(),
    }


def check_identity(family: Family, metadata: Mapping[str, Any], path: Path) -> None:
    """Check that a checkpoint belongs to a family.

    Raises:
        CheckpointError: it is another family's, or that of another version of its spec.
    """
    plan = family.plan
    if metadata.get("family") != plan.family:
        raise CheckpointError(f"{path} is a checkpoint of family {metadata.get('family')}, not of {plan.family}.")
    if metadata.get("structure") != plan.structure:
        raise CheckpointError(
            f"{path} belongs to another version of {plan.family}: its structure is {metadata.get('structure')}, the "
            f"family's {plan.structure}. Compile the spec (and lock file) that it was trained with, or train again."
        )
    if metadata.get("sharing") != identity(family)["sharing"]:
        raise CheckpointError(
            f"{path} was trained with other clusters or templates than {plan.family} has now: the lock file, or the "
            "spec's budget, `templates`, `refine` or other words on sharing, have changed since (`swc diff` says what "
            "did). Compile with those that it was trained with, or train again."
        )


def save_family(family: Family, path: Path, metadata: Mapping[str, object]) -> None:
    """Write a trained family: its ``state_dict`` and JSON-able ``metadata``.

    Raises:
        CheckpointError: the file cannot be written; an old one is left as it was.
    """
    tensors = {f"{_MODEL}{name}": value for name, value in family.state_dict().items()}
    write_checkpoint(path, tensors, {**metadata, **identity(family)})


def load_family(family: Family, path: Path) -> dict[str, Any]:
    """Fill ``family`` from ``family.safetensors`` or ``last.safetensors``; returns the checkpoint's metadata.

    Raises:
        CheckpointError: no such file, damaged, or of another family.
    """
    tensors, metadata = read_checkpoint(path)
    check_identity(family, metadata, path)
    load_model(family, _under(tensors, _MODEL), path)
    return metadata
