"""An axis of a plane: in proportion, but with nothing so thin that it cannot be read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate, pairwise

from attrs import frozen

_LEAST = 16.0
"""Pixels that the space between two edges has at least, as far as half the axis is enough for all of them."""


@frozen
class Scale:
    """Where the edges between SuperWeights lie, in pixels; ``even`` if all are in proportion."""

    edges: tuple[int, ...]
    places: tuple[float, ...]
    even: bool

    def at(self, size: int) -> float:
        """Where a size from 0 to the last edge lies; between two edges in proportion."""
        above = max(1, bisect_left(self.edges, size))
        (low, high), (start, end) = self.edges[above - 1 : above + 1], self.places[above - 1 : above + 1]
        return start + (end - start) * (size - low) / (high - low)

    @property
    def length(self) -> float:
        """How long the axis is."""
        return self.places[-1]


def scaled(edges: Iterable[int], length: float) -> Scale:
    """The axis through some edges (above 0): spaces that would be too thin are widened at the cost of the others."""
    found = tuple(sorted({0, *edges}))
    sizes = [high - low for low, high in pairwise(found)]
    least = min(_LEAST, length / 2 / len(sizes))
    thin: set[int] = set()
    while True:
        rest = sum(size for k, size in enumerate(sizes) if k not in thin)
        unit = (length - least * len(thin)) / rest
        more = {k for k, size in enumerate(sizes) if k not in thin and size * unit < least - 1e-9}
        if not more:
            break
        thin |= more
    widths = [least if k in thin else size * unit for k, size in enumerate(sizes)]
    return Scale(found, (0.0, *accumulate(widths)), not thin)
