"""Choosing a subset of members that meets a deadline."""

from __future__ import annotations

import json

import pytest

from swc_runtime import Frontier, FrontierPoint


def point(members: str, batch: int, latency: float, top1: float, nll: float = 1.0) -> FrontierPoint:
    return FrontierPoint(tuple(members), batch, latency, top1, nll, ece=0.05)


FRONTIER = Frontier(
    "cpu",
    (
        point("a", 1, 1.0, 0.7),
        point("b", 1, 2.0, 0.8),
        point("ab", 1, 3.0, 0.8, nll=0.9),
        point("a", 64, 10.0, 0.7),
        point("b", 64, 30.0, 0.8),
        point("ab", 64, 40.0, 0.8, nll=0.9),
    ),
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
    ],
)
def test_the_most_accurate_subset_that_fits(batch: int, budget: float, members: str) -> None:
    assert FRONTIER.choose(batch, budget) == tuple(members)


def test_the_faster_of_two_that_are_as_good() -> None:
    frontier = Frontier("cpu", (point("a", 1, 2.0, 0.7), point("b", 1, 1.0, 0.7)))
    assert frontier.choose(1, 5.0) == ("b",)


def test_what_cannot_be_promised_is_refused() -> None:
    with pytest.raises(ValueError, match=r"within 0.5 ms on cpu: the fastest, a, takes 1 ms"):
        FRONTIER.choose(1, 0.5)
    with pytest.raises(ValueError, match=r"batches of at most 64, not 65"):
        FRONTIER.choose(65, 1000.0)
    with pytest.raises(ValueError, match=r"at most 0, not 1"):
        Frontier("cpu", ()).choose(1, 1000.0)


def test_frontiers_survive_json() -> None:
    assert Frontier.from_json(json.loads(json.dumps(FRONTIER.to_json()))) == FRONTIER


@pytest.mark.parametrize("value", [{}, {"device": "cpu", "entries": [{"members": ["a"], "speed": 3}]}])
def test_other_json_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no frontier"):
        Frontier.from_json(value)
