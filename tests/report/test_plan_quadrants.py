"""Points beyond a place, against looking at each of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from swc.plan.quadrants import Quadrants

_SMALL = st.integers(-6, 6)


@given(st.lists(st.tuples(_SMALL, _SMALL), max_size=20), st.lists(st.tuples(_SMALL, _SMALL), max_size=5))
def test_quadrants(points: list[tuple[int, int]], places: list[tuple[int, int]]) -> None:
    names = [f"n{k}" for k in range(len(points))]
    quadrants = Quadrants(points, names)
    for first, second in places:
        expected = tuple(n for n, (a, b) in zip(names, points, strict=True) if a >= first and b >= second)
        assert quadrants.beyond(first, second) == expected
        assert quadrants.beyond(first, second) is quadrants.beyond(first, second)
