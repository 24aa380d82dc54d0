"""Refinement's bookkeeping: which coefficient row each user of a SuperWeight reads after a split (sec. 2.2.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from swc_runtime.errors import near
from swc_runtime.structure import SharedSuperWeight


class Move(NamedTuple):
    """Row ``target`` of ``parameter`` went on as a copy of row ``source``, for ``share`` of the layers that read that.

    A row that some of its readers leave is moved to itself. The shares of what becomes of one row sum to 1.
    """

    parameter: str
    source: int
    target: int
    share: float


def regrouped(
    superweight: SharedSuperWeight, rows: Sequence[int], groups: Sequence[Sequence[str]]
) -> tuple[list[int], list[Move]]:
    """Return the row that each user is to read, and the moves that make that true.

    ``rows`` are those that the users read now. The first group of those that part keeps the row; the move that says so
    comes after those of the copies, so that moves may be followed one by one.
    """
    current = dict(zip(superweight.users, rows, strict=True))
    _check(superweight, current, groups)
    readers = Counter(rows)
    free = [row for row in _reserved(superweight) if row not in readers]
    target: dict[str, int] = {}
    copies: list[Move] = []
    kept: list[Move] = []
    parameter = f"bank.{superweight.bank}.coefficients"
    for group in sorted(groups, key=lambda names: min(superweight.users.index(name) for name in names)):
        source = current[group[0]]
        share = len(group) / readers[source]
        if source in target.values():
            row = free.pop(0)
            copies.append(Move(parameter, source, row, share))
        else:
            row = source
            if share < 1:
                kept.append(Move(parameter, source, source, share))
        target.update(dict.fromkeys(group, row))
    return [target[user] for user in superweight.users], copies + kept


def _reserved(superweight: SharedSuperWeight) -> range:
    return range(superweight.first_row, superweight.first_row + superweight.vectors)


def _check(superweight: SharedSuperWeight, current: dict[str, int], groups: Sequence[Sequence[str]]) -> None:
    named = [name for group in groups for name in group]
    for name in named:
        if name not in current:
            raise ValueError(f"layer {name!r} does not use SuperWeight {superweight.id!r}{near(name, current)}")
    if not all(groups) or sorted(named) != sorted(current):
        raise ValueError(
            f"expected each of the {len(current)} layers that use SuperWeight {superweight.id!r} in exactly one "
            f"non-empty group: {', '.join(superweight.users)}"
        )
    if len(groups) > superweight.vectors:
        raise ValueError(
            f"{len(groups)} groups for SuperWeight {superweight.id!r}, but the plan reserves "
            f"{superweight.vectors} coefficient vectors for it"
        )
    for group in groups:
        if len({current[name] for name in group}) > 1:
            raise ValueError(f"the layers {', '.join(group)} already use different vectors of {superweight.id!r}")
