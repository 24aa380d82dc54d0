"""Coefficient vectors of tiles, once one side of the tiles is fixed: counted for any length of the other side.

With the side fixed, a layer is so many rows of tiles that end somewhere in the other direction. Small planes keep, for
each place, how many rows reach beyond it: V is then a sum over the places where a tile begins, at the interpreter's own
speed. Large ones keep where rows end, which takes no more than there are distinct shapes, however large the plane is.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Protocol

from attrs import frozen

PLACES = 4_096
"""The largest extent that is kept place by place, and of which every side is tried."""


class Reaching(Protocol):
    """Rows of tiles, by how far they reach."""

    def vectors(self, side: int) -> int:
        """V, where tiles begin at every ``side``-th place."""
        ...


@frozen
class Places:
    """How many rows reach beyond each place."""

    rows: array[int]

    def vectors(self, side: int) -> int:
        """V, where tiles begin at every ``side``-th place."""
        return sum(self.rows[::side])


@frozen
class Ends:
    """Where rows end, and how many end there."""

    rows: tuple[tuple[int, int], ...]

    def vectors(self, side: int) -> int:
        """V, where tiles begin at every ``side``-th place."""
        return sum(count * -(-end // side) for end, count in self.rows)


def reaching(ending: Mapping[int, int], extent: int) -> Reaching:
    """Rows of tiles, from how many end where, in whichever form suits the plane's extent."""
    if extent > PLACES:
        return Ends(tuple(ending.items()))
    counts = [0] * extent
    for end, count in ending.items():
        counts[end - 1] += count
    rows = array("q", accumulate(reversed(counts)))  # a list takes four times as much
    rows.reverse()
    return Places(rows)


def thinned(sides: Sequence[int], extent: int, most: int) -> list[int]:
    """At most so many of the sides, rising, evenly spread by rank; the first and the last are among them."""
    if extent <= PLACES or len(sides) <= most:
        return list(sides)
    return sorted({sides[(len(sides) - 1) * k // (most - 1)] for k in range(most)})
