"""Choosing a subset of members for a budget, and an order of members for a deadline."""

from __future__ import annotations

import copy
import itertools
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swc_runtime import Frontier, FrontierPoint
from swc_runtime.serving.frontier import pareto
from swc_runtime.serving.subsets import Subsets


def point(members: str, batch: int, latency: float, top1: float, nll: float = 1.0) -> FrontierPoint:
    """Half of the calls take half of ``latency``, 95% take ``latency``, 99% three times that."""
    return FrontierPoint(tuple(members), batch, latency / 2, latency, 3 * latency, top1, nll, ece=0.05)


def made(*points: FrontierPoint, classes: int = 10) -> Frontier:
    return Frontier("cpu", 1, 1, "val", tuple(map(str, range(classes))), points)


FRONTIER = made(
    point("a", 1, 1.0, 0.7),
    point("b", 1, 2.0, 0.8),
    point("ab", 1, 3.0, 0.8, nll=0.9),
    point("a", 64, 10.0, 0.7),
    point("b", 64, 30.0, 0.8),
    point("ab", 64, 40.0, 0.8, nll=0.9),
)


@pytest.mark.parametrize(
    ("batch", "budget", "members"),
    [
        (1, 1.0, "a"),
        (1, 2.5, "b"),
        (1, 3.0, "ab"),  # as accurate as b, and a lower NLL
        (2, 10.0, "a"),  # measured at 64, the nearest from above
        (64, 39.9, "b"),
        (40, 1000.0, "ab"),
        (1, math.inf, "ab"),
    ],
)
def test_the_most_accurate_subset_that_fits(batch: int, budget: float, members: str) -> None:
    assert FRONTIER.choose(batch, budget) == tuple(members)


def test_what_share_of_calls_is_in_time_can_be_said() -> None:
    assert FRONTIER.choose(1, 1.2, 50) == ("b",)
    assert FRONTIER.choose(1, 1.2) == FRONTIER.choose(1, 1.2, 95) == ("a",)
    assert FRONTIER.choose(1, 6.5, 99) == ("b",)
    with pytest.raises(ValueError, match=r"within 1.2 ms on cpu: the fastest, a, takes 3 ms in 99% of all calls"):
        FRONTIER.choose(1, 1.2, 99)
    with pytest.raises(ValueError, match="percentiles 50, 95 and 99, not 90"):
        FRONTIER.choose(1, 1.2, 90)  # type: ignore[arg-type]


def test_the_faster_of_two_that_are_as_good() -> None:
    assert made(point("a", 1, 2.0, 0.7), point("b", 1, 1.0, 0.7)).choose(1, 5.0) == ("b",)


def test_what_cannot_be_promised_is_refused() -> None:
    with pytest.raises(ValueError, match=r"within 0.5 ms on cpu: the fastest, a, takes 1 ms"):
        FRONTIER.choose(1, 0.5)
    with pytest.raises(ValueError, match=r"batches of at most 64, not 65.*--batches 65"):
        FRONTIER.choose(65, 1000.0)
    with pytest.raises(ValueError, match=r"at most 0, not 1"):
        made().choose(1, 1000.0)
    with pytest.raises(ValueError, match="budget_ms is a time in milliseconds, not nan"):
        FRONTIER.choose(1, math.nan)
    for nothing in (0.0, -3.0):
        with pytest.raises(ValueError, match="more than 0"):
            FRONTIER.choose(1, nothing)


def test_copies_of_a_frontier_that_was_used_are_equal_to_it() -> None:
    FRONTIER.choose(1, 5.0)
    assert copy.deepcopy(FRONTIER) == FRONTIER == pickle.loads(pickle.dumps(FRONTIER))


POINTS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=12)


@given(POINTS)
def test_pareto_against_brute_force(values: list[tuple[int, int, int]]) -> None:
    points = [
        FrontierPoint((f"m{n}",), 1, 0.5, t, 9.0, q / 10, float(nll), 0.0) for n, (t, q, nll) in enumerate(values)
    ]
    beaten = [
        any(
            (other.p95_ms <= point.p95_ms and other.top1 >= point.top1)
            and (other.p95_ms < point.p95_ms or other.top1 > point.top1)
            for other in points
        )
        for point in points
    ]
    expected = {(p.p95_ms, p.top1) for p, lost in zip(points, beaten, strict=True) if not lost}
    found = pareto(points)
    assert [(p.p95_ms, p.top1) for p in found] == sorted(expected)
    for point in found:
        equals = [p for p in points if (p.p95_ms, p.top1) == (point.p95_ms, point.top1)]
        assert point.nll == min(p.nll for p in equals)


def subsets(times: dict[str, float], nll: dict[str, float], top1: dict[str, float]) -> Subsets:
    """The subsets that ``nll`` names, of members that take ``times``; top-1 falls with NLL unless given."""
    points = [
        FrontierPoint(tuple(s), 1, t := sum(times[n] for n in s), 2 * t, 3 * t, top1.get(s, 1 - v / 10), v, 0.0)
        for s, v in nll.items()
    ]
    return Subsets(tuple(points), math.log(10))


def test_the_first_member_gives_most_for_its_time() -> None:
    """x is fastest, but knows next to nothing; d is best, but takes ten times what s takes for nearly the same."""
    nll = {"x": 2.2, "s": 0.5, "d": 0.3, "xs": 0.6, "xd": 0.5, "sd": 0.25, "xsd": 0.4}
    assert subsets({"x": 1.0, "s": 2.0, "d": 20.0}, nll, {}).order == ("s", "d")  # x is no part of the best subset


def test_members_follow_by_what_they_add_per_millisecond() -> None:
    nll = {"a": 1.0, "b": 0.9, "c": 0.9, "ab": 0.8, "ac": 0.6, "bc": 0.7, "abc": 0.5}
    # a first: 1.3 nats in 1 ms; then b takes off 0.2 in 2 ms and c 0.4 in 8 ms.
    assert subsets({"a": 1.0, "b": 2.0, "c": 8.0}, nll, {}).order == ("a", "b", "c")
    assert subsets({"a": 1.0, "b": 2.0, "c": 3.0}, nll, {}).order == ("a", "c", "b")


def test_members_that_make_it_worse_come_last_and_only_as_far_as_the_best_subset_needs_them() -> None:
    nll = {"a": 0.5, "b": 0.4, "c": 3.0, "ab": 0.6, "ac": 1.5, "bc": 0.9, "abc": 0.3}
    assert subsets({"a": 1.0, "b": 5.0, "c": 1.0}, nll, {}).order == ("a", "b", "c")
    assert subsets({"a": 1.0, "b": 5.0, "c": 1.0}, nll, {"a": 0.99}).order == ("a",)


def test_where_subsets_are_missing_members_follow_by_what_they_are_alone() -> None:
    nll = {"a": 1.0, "b": 0.9, "c": 0.9, "abc": 0.1}
    assert subsets({"a": 1.0, "b": 9.0, "c": 3.0}, nll, {}).order == ("a", "c", "b")


@given(st.data())
def test_orders_are_permutations_that_reach_the_best_subset(data: st.DataObject) -> None:
    names = "abcd"[: data.draw(st.integers(1, 4))]
    every = ["".join(s) for size in range(1, len(names) + 1) for s in itertools.combinations(names, size)]
    chosen = data.draw(st.lists(st.sampled_from(every), min_size=1, unique=True))
    nll = {s: data.draw(st.floats(0, 3)) for s in chosen}
    made_up = subsets(
        {n: data.draw(st.floats(0.1, 9)) for n in names}, nll, {s: data.draw(st.floats(0, 1)) for s in nll}
    )
    order = made_up.order
    assert order
    assert len(set(order)) == len(order)
    best = min(made_up.points, key=lambda p: (-p.top1, p.nll, p.p50_ms))
    assert set(best.members) <= set(order)
    assert not set(best.members) <= set(order[:-1])


def test_of_what_is_done_the_most_accurate_measured_subset_is_taken() -> None:
    nll = {"a": 0.9, "b": 0.2, "ab": 0.5, "c": 0.8, "bc": 0.1}
    measured = subsets({"a": 1.0, "b": 1.0, "c": 1.0}, nll, {})
    assert measured.best_of({"a"}) == ("a",)
    assert measured.best_of({"a", "b"}) == ("b",)
    assert measured.best_of({"a", "b", "c"}) == ("b", "c")
    assert measured.best_of({"d"}) is None
