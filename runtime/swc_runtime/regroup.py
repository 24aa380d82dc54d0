"""Refinement's bookkeeping: which coefficient row each user of a SuperWeight reads after a split (sec. 2.2.2)."""

from __future__ import annotations

from collections.abc import Sequence

from swc_runtime.errors import near
from swc_runtime.structure import SharedSuperWeight

Move = tuple[str, int, int]
"""(parameter name, source row, destination row)"""


def regrouped(
    superweight: SharedSuperWeight, rows: Sequence[int], groups: Sequence[Sequence[str]]
) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the row that each user is to read, and the copies (source row, destination row) that makes true.

    ``rows`` are those that the users read now. The first group of those that part keeps the row.
    """
    current = dict(zip(superweight.users, rows, strict=True))
    _check(superweight, current, groups)
    free = [row for row in _reserved(superweight) if row not in set(rows)]
    target: dict[str, int] = {}
    copies = []
    for group in sorted(groups, key=lambda names: min(superweight.users.index(name) for name in names)):
        source = current[group[0]]
        row = source
        if source in target.values():
            row = free.pop(0)
            copies.append((source, row))
        target.update(dict.fromkeys(group, row))
    return [target[user] for user in superweight.users], copies


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
