"""The trained family that a new one starts from: given, or read from a checkpoint and its generated file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from swc_runtime.checkpoint import digest, read_metadata
from swc_runtime.family import Family
from swc_runtime.generated import family_class
from swc_runtime.problems import CheckpointError
from swc_runtime.room import built
from swc_runtime.training.state import identity, load_family

CHECKPOINTS = ("family.safetensors", "best.safetensors", "last.safetensors")
"""What a run's folder may hold, in the order in which one is chosen."""


@dataclass(frozen=True)
class Source:
    """A trained family.

    Attributes:
        family: with its weights.
        name: where it comes from, for people.
        digest: 16 hex digits over its numbers.
        classes: the names of its classes in label order, where they are known.
        data: what its checkpoint says of the data that it was trained on.
    """

    family: Family
    name: str
    digest: str
    classes: tuple[str, ...] | None = None
    data: Mapping[str, Any] | None = None


def source_of(family: Family, name: str = "a family", classes: tuple[str, ...] | None = None) -> Source:
    """A trained family that is at hand."""
    return Source(family, name, state_digest(family), classes)


def state_digest(family: Family) -> str:
    """16 hex digits over the names, shapes and numbers of a family's state."""
    lines = [f"{name} {digest(tensor.detach().cpu())}" for name, tensor in sorted(family.state_dict().items())]
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()


def open_source(where: Path, like: Family, *, generated: Path | None = None) -> Source:
    """Read a trained family.

    The class that the weights belong to is that of ``generated``; or that of ``like``, where the checkpoint says that
    it is of the same structure and sharing; or that of the generated file beside the checkpoint.

    Args:
        where: a run's folder, of which ``family.safetensors`` is read, else the best or last checkpoint; or a file.
        like: the family that is to start from it.
        generated: the generated file of the family that was trained.

    Raises:
        CheckpointError: there is no checkpoint, it is damaged or does not belong to the generated file, or there is no
            generated file.
        FamilyError: the generated file does not load.
    """
    path = checkpoint_of(where)
    metadata = read_metadata(path)
    with torch.random.fork_rng(devices=[]):  # what is drawn here must not change what the new training draws
        family = built(_class(path, metadata, like, generated))
    load_family(family, path)
    names = metadata.get("classes")
    return Source(family, str(path), state_digest(family), tuple(names) if names else None, metadata.get("data"))


def checkpoint_of(where: Path) -> Path:
    """The checkpoint that a path names: the file itself, or the first of ``CHECKPOINTS`` in a run's folder.

    Raises:
        CheckpointError: there is none.
    """
    if where.is_file():
        return where
    for name in CHECKPOINTS:
        if (where / name).is_file():
            return where / name
    raise CheckpointError(
        f"There is no checkpoint to start from in {where}: expected the path of a checkpoint, or a run's folder with "
        f"one of {', '.join(CHECKPOINTS)}."
    )


def _class(path: Path, metadata: Mapping[str, Any], like: Family, generated: Path | None) -> type[Family]:
    if generated is not None:
        return family_class(generated)
    if all(metadata.get(key) == value for key, value in identity(like).items()):
        return type(like)
    beside = path.parent / f"{metadata.get('family')}.py"
    if not beside.is_file():
        raise CheckpointError(
            f"{path} belongs to family {metadata.get('family')}, whose layers and sharing are not those of "
            f"{like.plan.family}, and the generated file that says what they are, {beside.name}, is not beside it. "
            "Name the file that the family was trained from (--from-file, or `generated` in Python)."
        )
    return family_class(beside)
