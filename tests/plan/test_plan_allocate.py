"""Handing out templates: bounds, order and packing, against a search through all counts."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swc.plan.allocate import allocate, spent
from swc.plan.model import Rectangle
from swc.plan.plane import Piece


def piece(cost: int, low: int = 1, high: int = 8, users: int = 8, row: int = 0) -> Piece:
    return Piece("conv3x3", Rectangle(row, 0, 1, 1), (row + 1, 1), users, users, cost, low, high)


@st.composite
def pieces(draw: st.DrawFn) -> list[Piece]:
    found = []
    for row in range(draw(st.integers(1, 4))):
        low = draw(st.integers(1, 3))
        high = draw(st.integers(low, 4))
        found.append(piece(draw(st.integers(1, 60)), low, high, draw(st.integers(high, 9)), row))
    return found


@given(pieces(), st.integers(0, 900))
def test_budget_and_bounds_are_kept(found: list[Piece], available: int) -> None:
    counts = allocate(found, available, 0)
    if counts is None:
        assert sum(p.cost * p.low for p in found) > available
        return
    assert spent(found, counts) <= available
    assert all(p.low <= n <= p.high for p, n in zip(found, counts, strict=True))


def slow_round_robin(found: list[Piece], available: int) -> list[int]:
    counts = [p.low for p in found]
    while True:
        before = list(counts)
        for i in sorted(range(len(found)), key=lambda i: (-found[i].users, found[i].rectangle.row)):
            trial = [*counts[:i], counts[i] + 1, *counts[i + 1 :]]
            if trial[i] <= found[i].high and spent(found, trial) <= available:
                counts = trial
        if counts == before:
            return counts


@given(pieces(), st.integers(0, 900))
def test_packing_is_the_best_that_two_taken_back_templates_allow(found: list[Piece], available: int) -> None:
    counts = allocate(found, available, 0)
    if counts is None:
        return
    start = slow_round_robin(found, available)
    ranges = [range(max(p.low, n - 2), p.high + 1) for p, n in zip(found, start, strict=True)]
    sums = (spent(found, trial) for trial in product(*ranges))
    assert spent(found, counts) >= max(s for s in sums if s <= available)
    assert all(n >= first - 2 for n, first in zip(counts, start, strict=True))


@given(pieces(), st.integers(0, 900))
def test_slack_leaves_round_robin_alone(found: list[Piece], available: int) -> None:
    counts = allocate(found, available, slack=available)
    assert counts is None or counts == slow_round_robin(found, available)


def test_most_shared_come_first() -> None:
    assert allocate([piece(10, users=8, row=0), piece(10, users=9, row=1)], 30, 30) == [1, 2]


def test_a_template_is_taken_back_to_fill_the_rest() -> None:
    # Round robin gives [2, 1] and leaves 5; without the second template of the first, two more of the other fit.
    assert allocate([piece(10, users=9), piece(7, users=8, row=1)], 32, 0) == [1, 3]


def test_costs_beyond_the_resolution_stay_within_the_budget() -> None:
    found = [piece(5_000_003 + 1_234_567 * k, users=9, row=k) for k in range(20)]
    counts = allocate(found, 900_000_001, 0)
    assert counts is not None
    assert 899_900_000 < spent(found, counts) <= 900_000_001


@pytest.mark.parametrize("available", [-1, 0, 9])
def test_too_little_for_the_fewest_is_none(available: int) -> None:
    assert allocate([piece(10)], available, 0) is None
