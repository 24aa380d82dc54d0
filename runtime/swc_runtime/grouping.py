"""The priority queue that puts similar items into groups (paper sec. 2.2.1, reused by sec. 2.2.2).

Torch-free: the same decision can be taken again from stored similarities, without the network.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, pairwise

Groups = tuple[tuple[str, ...], ...]


def group_by_similarity(
    items: Sequence[str],
    similarity: Mapping[tuple[str, str], float],
    threshold: float,
    together: Iterable[Sequence[str]] = (),
    apart: Iterable[tuple[str, str]] = (),
) -> Groups:
    """Group ``items``: the most similar pair first, merging (transitively) while the pair is above ``threshold``.

    At the first pair that is not above the threshold, everything still ungrouped becomes a group of one.

    Args:
        items: names, each once; their order breaks ties and orders the result.
        similarity: one number per unordered pair, under either order of its names; pairs that are missing or NaN
            (a zero gradient has no direction) are not similar.
        threshold: pairs must be strictly above it.
        together: names that start in one group (tie hints).
        apart: pairs that never end in one group; a merge that would join them, directly or through others, is skipped.

    Returns:
        The groups, ordered by their first item, items in the order given.

    Raises:
        ValueError: an item stands twice, a pair names no item, or ``together`` joins what ``apart`` parts.
    """
    position = {item: index for index, item in enumerate(items)}
    if len(position) != len(items):
        raise ValueError("an item stands twice")
    partition = _Partition(position, apart)
    for names in together:
        for first, second in pairwise(names):
            if not partition.merge(position[first], position[second]):
                raise ValueError(f"{first} and {second} must be together, and others joined with them must be apart")
    for low, high in _queue(position, similarity, threshold):
        partition.merge(low, high)
    return tuple(tuple(items[index] for index in group) for group in partition.groups())


def _queue(
    position: Mapping[str, int], similarity: Mapping[tuple[str, str], float], threshold: float
) -> list[tuple[int, int]]:
    """The pairs above the threshold, most similar first, ties by the order of the items."""
    entries: list[tuple[float, int, int]] = []
    for (first, second), value in similarity.items():
        if first not in position or second not in position:
            raise ValueError(f"a similarity names the pair {first}, {second}, which are not both items")
        if not math.isnan(value) and value > threshold:
            low, high = sorted((position[first], position[second]))
            entries.append((-value, low, high))
    return [(low, high) for _, low, high in sorted(entries)]


class _Partition:
    """Disjoint groups of indices that merge unless the merge joins a forbidden pair."""

    def __init__(self, position: Mapping[str, int], apart: Iterable[tuple[str, str]]) -> None:
        self._group = {index: [index] for index in position.values()}
        self._forbidden: dict[int, set[int]] = {index: set() for index in position.values()}
        for first, second in apart:
            if first not in position or second not in position or first == second:
                raise ValueError(f"{first} and {second} cannot be kept apart: they are not two items")
            self._forbidden[position[first]].add(position[second])
            self._forbidden[position[second]].add(position[first])

    def merge(self, first: int, second: int) -> bool:
        """Join the groups of two items; False, and nothing changes, where that joins a forbidden pair."""
        left, right = self._group[first], self._group[second]
        if left is right:
            return True
        if any(not self._forbidden[index].isdisjoint(right) for index in left):
            return False
        left.extend(right)
        for index in right:
            self._group[index] = left
        return True

    def groups(self) -> list[list[int]]:
        """The groups, sorted, by their first item."""
        unique = {min(group): sorted(group) for group in self._group.values()}
        return [unique[first] for first in sorted(unique)]


def unordered_pairs(items: Sequence[str]) -> list[tuple[str, str]]:
    """Every pair once, in the order of the items (the rows of the upper triangle, one after another)."""
    return list(combinations(items, 2))
