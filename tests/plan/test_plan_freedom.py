"""What a budget buys: template parameters, of which coefficients must not take the better part, and more with more."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_plan_budgets import built

from swc.family import Budget, Family, Kind, Member, Recipe, Sharing
from swc.plan import notes, plan_family, smallest_budget
from swc.plan.division import fits_folded, smallest
from swc.plan.model import Plan
from swc.plan.plane import Plane
from swc.plan.tiles import Tiling

CONV, LINEAR = Kind.CONV, Kind.LINEAR


def mobile(k: int) -> Member:
    """Depthwise and 1x1 convolutions whose widths grow by eight from block to block: shapes that hardly nest."""
    widths = [17 + 3 * k + 8 * i for i in range(4 + k)]
    layers = [
        layer
        for before, after in pairwise(widths)
        for layer in ((before, 1, (3, 3), CONV, before), (after, before, (1, 1), CONV, 1))
    ]
    return built(f"m{k}", layers)


def transformer(k: int) -> Member:
    """The linear layers of a transformer of a width of its own."""
    width = 36 + 4 * k
    shapes = [(width, width)] * 4 + [(4 * width, width), (width, 4 * width)]
    return built(f"m{k}", [(out, inputs, (1, 1), LINEAR, 1) for out, inputs in shapes] * 3)


def bottlenecks(k: int) -> Member:
    """Bottlenecks with grouped convolutions whose widths go up and down."""
    layers = []
    for i in range(8):
        width, inner = 32 + 8 * k + 8 * (i % 4), 2 * (4 + k + i % 3)
        layers += [(inner, width, (1, 1), CONV, 1), (inner, inner // 2, (3, 3), CONV, 2)]
        layers.append((width, inner, (1, 1), CONV, 1))
    return built(f"m{k}", layers)


def planned(members: tuple[Member, ...], percent: float) -> tuple[Family, Plan]:
    """The plan at so much of the members' independent size."""
    budget = int(sum(member.parameters_alone for member in members) * percent / 100)
    made = Family("test", (3, 32, 32), 10, Budget(budget, str(budget)), members, Sharing(), Recipe())
    return made, plan_family(made, structure="s")


@pytest.mark.parametrize("kind", [mobile, transformer, bottlenecks])
def test_a_larger_budget_buys_more_templates(kind: Callable[[int], Member]) -> None:
    members = tuple(kind(k) for k in range(12))
    held = 0
    for percent in (10, 13, 16, 19, 22, 25, 28, 31, 34, 38, 42, 46, 50, 55, 60, 70, 80, 90, 100):
        _, plan = planned(members, percent)
        assert plan.parameters.total >= 0.99 * plan.budget
        # A coarser tile or another bin may cost a few templates, never more.
        assert plan.parameters.templates > 0.97 * held, percent
        held = max(held, plan.parameters.templates)


@pytest.mark.parametrize("kind", [mobile, transformer, bottlenecks])
@pytest.mark.parametrize("percent", [22, 28, 34, 50, 75, 95])
def test_coefficients_take_little(kind: Callable[[int], Member], percent: int) -> None:
    _, plan = planned(tuple(kind(k) for k in range(12)), percent)
    assert plan.parameters.coefficients <= 0.12 * (plan.parameters.templates + plan.parameters.coefficients)


def test_coefficients_are_not_what_a_budget_above_the_members_size_is_spent_on() -> None:
    """Where each layer can be alone, sharing could only take freedom away."""
    made, plan = planned(tuple(mobile(k) for k in range(6)), 200)
    assert plan.parameters.templates + plan.parameters.private >= made.parameters_independent


shapes = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=8)
caps = st.sampled_from([(1, 8), (1, 1), (2, 8), (3, 5)])


def plane(own: list[tuple[int, int]], cap: tuple[int, int], *, refinable: bool) -> Plane:
    member = built("m", [(out, inputs, (3, 3), CONV, 1) for out, inputs in own])
    return Plane("conv3x3", member.layers[:-1], cap, refinable=refinable)


@given(st.lists(shapes, min_size=1, max_size=4), caps, st.booleans(), st.integers(0, 20_000))
def test_a_quick_look_decides_like_the_exact_count(
    own: list[list[tuple[int, int]]],
    cap: tuple[int, int],
    refinable: bool,  # noqa: FBT001 - Hypothesis passes it
    available: int,
) -> None:
    planes = [plane(each, cap, refinable=refinable) for each in own]
    assert all(Tiling(each).cheap.cost >= Tiling(each).smallest.cost for each in planes)
    assert fits_folded(planes, available) == (smallest(planes) <= available)


def test_what_fits_exactly_is_planned() -> None:
    """The quick look must not turn away what only the cheapest way fits."""
    members = tuple(bottlenecks(k) for k in range(6))
    made, _ = planned(members, 50)
    least = smallest_budget(made)
    exact = Family("test", (3, 32, 32), 10, Budget(least, str(least)), members, Sharing(), Recipe())
    assert plan_family(exact, structure="s").parameters.total == least


def test_the_note_on_tiles_says_why() -> None:
    members = tuple(mobile(k) for k in range(12))
    said = {}
    for percent in (10, 30):
        made, plan = planned(members, percent)
        (note,) = (note for note in notes(made, plan) if note.code == "SW0603")
        said[percent] = note.summary
    assert said[10].startswith("no number of whole templates fits the budget of")
    assert said[30].startswith("whole templates would leave more of")
