"""Which layers go on sharing a coefficient vector when weights come from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

_SAME = 1e-5
"""Weights that differ by less than this, of their size, were the same before they were rounded."""


@dataclass(frozen=True)
class Wanted:
    """What one layer wants of one SuperWeight: cells (h, w, kh * kw), gain taken off, and how much an error counts."""

    cells: Tensor
    weight: float


def sharing_groups(
    users: Sequence[str], present: Sequence[Sequence[str]], wanted: Mapping[str, Wanted], vectors: int
) -> list[tuple[str, ...]]:
    """The users of a SuperWeight by the coefficient vector that they are to read.

    Users that want the same share; where there are more kinds than vectors, those join first that cost least (Ward,
    1963). A user that wants nothing in particular reads what the layer of the same place in another member reads, or
    else what most do. Users that read different vectors now never join.

    Args:
        users: in the plan's order.
        present: their groups now.
        wanted: by user; users may be missing.
        vectors: how many may be used in all.
    """
    parts = [_alike([user for user in users if user in group and user in wanted], wanted) for group in present]
    while sum(max(1, len(part)) for part in parts) > vectors:
        _join_nearest(parts, wanted)
    return _complete(users, present, parts)


def kept_groups(
    users: Sequence[str], present: Sequence[Sequence[str]], rows: Mapping[str, int]
) -> list[tuple[str, ...]]:
    """The users of a SuperWeight by the vector that they are to read, where users of one of ``rows`` share one.

    Users without a row, and users that read different vectors now, are treated as in ``sharing_groups``.
    """
    parts = []
    for group in present:
        by_row: dict[int, list[str]] = {}
        for user in group:
            if user in rows:
                by_row.setdefault(rows[user], []).append(user)
        parts.append(list(by_row.values()))
    return _complete(users, present, parts)


def _complete(
    users: Sequence[str], present: Sequence[Sequence[str]], parts: Sequence[list[list[str]]]
) -> list[tuple[str, ...]]:
    """Put the users that are in no part of their present group yet into one; groups without parts stay as they are."""
    made: list[list[str]] = []
    for group, part in zip(present, parts, strict=True):
        settled = {user for names in part for user in names}
        joining = [(user, _most_alike(user, part)) for user in group if part and user not in settled]
        for user, names in joining:
            names.append(user)
        made += part or [list(group)]
    return [tuple(sorted(names, key=users.index)) for names in made]


def _alike(known: Sequence[str], wanted: Mapping[str, Wanted]) -> list[list[str]]:
    """Users by what they want; the one that sees most of the SuperWeight stands for its group."""
    groups: list[list[str]] = []
    for user in sorted(known, key=lambda name: -wanted[name].cells.numel()):
        cells = wanted[user].cells
        for group in groups:
            one, other = _common(wanted[group[0]].cells, cells)
            if torch.dist(one, other) <= _SAME * max(one.norm(), other.norm()):
                group.append(user)
                break
        else:
            groups.append([user])
    return groups


def _common(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    rows, columns = min(first.shape[0], second.shape[0]), min(first.shape[1], second.shape[1])
    return first[:rows, :columns], second[:rows, :columns]


def _join_nearest(parts: list[list[list[str]]], wanted: Mapping[str, Wanted]) -> None:
    """Join the two groups, of users that may share, whose joining adds least to the squared error."""
    pairs = [(part, a, b) for part in parts for a, b in combinations(part, 2)]
    part, first, second = min(pairs, key=lambda pair: _cost(pair[1], pair[2], wanted))
    first.extend(second)
    part.remove(second)


def _cost(first: Sequence[str], second: Sequence[str], wanted: Mapping[str, Wanted]) -> float:
    (one, w1), (other, w2) = (_mean(group, wanted) for group in (first, second))
    a, b = _common(one, other)
    return w1 * w2 / (w1 + w2) * float((a - b).square().sum())


def _mean(group: Sequence[str], wanted: Mapping[str, Wanted]) -> tuple[Tensor, float]:
    """The mean of what a group wants, over what all of it sees, and the weight of all of it."""
    rows = min(wanted[user].cells.shape[0] for user in group)
    columns = min(wanted[user].cells.shape[1] for user in group)
    weight = sum(wanted[user].weight for user in group)
    parts = [wanted[user].weight * wanted[user].cells[:rows, :columns] for user in group]
    return torch.stack(parts).sum(0) / weight, weight


def _most_alike(user: str, part: list[list[str]]) -> list[str]:
    place = user.partition(".")[2]
    for group in part:
        if any(name.partition(".")[2] == place for name in group):
            return group
    return max(part, key=len)
