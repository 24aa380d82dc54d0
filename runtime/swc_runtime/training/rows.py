"""Who reads which coefficient vector, as checkpoints hold it: exactly one mark for each user of a SuperWeight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from swc_runtime.family import Family
from swc_runtime.problems import CheckpointError
from swc_runtime.structure import SharedSuperWeight
from swc_runtime.templates import TemplateBank


def settled_rows(family: Family, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The buffers ``rows`` of a state, with the mark of each user that counts as 1 and all others as 0.

    Averaged copies of a family (EMA) may hold several marks, of which the last counts (``TemplateBank.adopt``).
    """
    settled: dict[str, Tensor] = {}
    for name, superweight, start in _places(family):
        rows = settled.setdefault(name, torch.zeros_like(tensors[name]))
        for user, read in enumerate(_marks(tensors[name], superweight, start) != 0):
            if read.any():
                rows[start + user * superweight.vectors + int(read.nonzero().max())] = 1
    return settled


def check_rows(family: Family, tensors: Mapping[str, Tensor], path: Path) -> None:
    """See that each user of a SuperWeight reads exactly one coefficient vector, marked by a one among zeros.

    Raises:
        CheckpointError: a user reads none, or several.
    """
    for name, superweight, start in _places(family):
        marks = _marks(tensors[name], superweight, start)
        good = (marks.count_nonzero(1) == 1) & (marks.amax(1) == 1)
        for user, fine in zip(superweight.users, good.tolist(), strict=True):
            if not fine:
                raise CheckpointError(
                    f"{path} is of no use: in {name}, layer {user} does not read exactly one coefficient vector of "
                    f"SuperWeight {superweight.id}. Use another one."
                )


def _places(family: Family) -> Iterator[tuple[str, SharedSuperWeight, int]]:
    """The name of each buffer ``rows`` with each of its SuperWeights and where the marks of that one start."""
    for name, bank in family.bank.named_children():
        if isinstance(bank, TemplateBank):
            start = 0
            for superweight in bank.superweights:
                yield f"bank.{name}.rows", superweight, start
                start += len(superweight.users) * superweight.vectors


def _marks(rows: Tensor, superweight: SharedSuperWeight, start: int) -> Tensor:
    """The marks (users, vectors) of one SuperWeight."""
    users = len(superweight.users)
    return rows[start : start + users * superweight.vectors].view(users, superweight.vectors)
