"""Which of many points lie at or beyond a place in both directions: asked for each SuperWeight of a cluster.

A family of sixteen thousand layers asks this thousands of times, and every answer lists many layers. So a set of
points is kept as one big integer, a byte for each point: two of them are intersected, and names picked, at the speed
of the interpreter's own loops.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import compress


class Quadrants:
    """Finds the names of points (first, second) that are at least as large as a place in both coordinates."""

    def __init__(self, points: Sequence[tuple[int, int]], names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._axes = tuple(_from_each([point[axis] for point in points]) for axis in (0, 1))
        self._known: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._answers: dict[tuple[int, int], tuple[str, ...]] = {}

    def beyond(self, first: int, second: int) -> tuple[str, ...]:
        """Names of the points >= (first, second), in the order they were given; equal answers are one tuple."""
        (firsts, first_masks), (seconds, second_masks) = self._axes
        place = bisect_left(firsts, first), bisect_left(seconds, second)
        answer = self._answers.get(place)
        if answer is None:
            mask = first_masks[place[0]] & second_masks[place[1]]
            found = tuple(compress(self._names, mask.to_bytes(len(self._names), "little")))
            answer = self._answers[place] = self._known.setdefault(found, found)
        return answer


def _from_each(coordinates: Sequence[int]) -> tuple[list[int], list[int]]:
    """The distinct values, rising, and for each the points that are at least as large; at the end, the empty set."""
    places: dict[int, list[int]] = {}
    for place, value in enumerate(coordinates):
        places.setdefault(value, []).append(place)
    values = sorted(places)
    chosen = bytearray(len(coordinates))
    masks = [0]
    for value in reversed(values):
        for place in places[value]:
            chosen[place] = 1
        masks.append(int.from_bytes(chosen, "little"))
    return values, masks[::-1]
