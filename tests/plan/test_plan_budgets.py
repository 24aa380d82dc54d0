"""Budgets from 0.3% to 400% of one to sixteen members: never exceeded, and used as far as anything legal could.

How much could be used is decided here from the words of the method, without the planner's own counting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from plan_families import codes, family, hint

from swc.diagnostics import SpecError
from swc.family import Clustering, ClusterMethod, Family, Kind, Layer, Member, Refinement, Sharing
from swc.plan import notes, plan_family
from swc.plan.model import Plan

PER_MILLE = [3, 5, 10, 20, 50, 100, 250, 500, 600, 750, 900, 950, 990, 1000, 1500, 3000, 4000]
KERNELS = [(1, 1), (3, 3), (7, 7), (1, 7), (7, 1)]
CAPS = [(1, 8), (1, 8), (1, 1), (1, 2), (1, 3), (1, 16), (2, 8)]
SHARED = 20_000
"""Below so many parameters for sharing, one template or one tile more or less may be a hundredth of them."""
FINE = 5_000
"""The same for a handful of convolutions."""

Made = tuple[int, int, tuple[int, int], Kind, int]
"""Out, inputs per group, kernel, kind and groups of a layer."""


def blocks(kind: str, width: int, kernel: tuple[int, int]) -> list[Made]:
    """The layers of one block."""
    conv, linear = Kind.CONV, Kind.LINEAR
    return {
        "plain": [(width, width, kernel, conv, 1)],
        "bottleneck": [
            (width, 4 * width, (1, 1), conv, 1),
            (width, width // 4, kernel, conv, 4),
            (4 * width, width, (1, 1), conv, 1),
        ],
        "depthwise": [(4 * width, 1, kernel, conv, 4 * width), (width, 4 * width, (1, 1), conv, 1)],
        "attention": [
            *[(width, width, (1, 1), linear, 1)] * 4,
            (4 * width, width, (1, 1), linear, 1),
            (width, 4 * width, (1, 1), linear, 1),
        ],
        "separable": [(width, width, kernel, conv, 1), (width, width, kernel[::-1], conv, 1)],
    }[kind]


def built(name: str, layers: Sequence[Made]) -> Member:
    """A member of these layers, with a norm for each and a head."""
    head = (10, layers[-1][0], (1, 1), Kind.LINEAR, 1)
    made = tuple(
        Layer(
            name=f"{name}.l{index}",
            member=name,
            kind=kind,
            out=out,
            inputs=inputs,
            kernel=kernel,
            groups=groups,
            bias=kind is Kind.LINEAR,
            depth=index / len(layers),
            head=index == len(layers),
        )
        for index, (out, inputs, kernel, kind, groups) in enumerate([*layers, head])
    )
    return Member(name, "made", (), made, sum(2 * layer.out for layer in made[:-1]))


@st.composite
def families(draw: st.DrawFn) -> Family:
    """Members of equal or different depth and width, any kind of layer, any cap, hard sharing or soft."""
    kind = draw(st.sampled_from(["plain", "bottleneck", "depthwise", "attention", "separable"]))
    kernel = draw(st.sampled_from(KERNELS))
    count = draw(st.sampled_from([1, 2, 3, 5, 8, 9, 12, 16]))
    depth, width = draw(st.integers(1, 6)), draw(st.integers(8, 96))
    same_depth, same_width = draw(st.booleans()), draw(st.booleans())
    made = []
    for number in range(count):
        own_depth = depth if same_depth else draw(st.integers(1, 6))
        own_width = width if same_width else draw(st.integers(8, 96))
        made.append(built(f"m{number}", blocks(kind, own_width, kernel) * own_depth))
    refinement = draw(st.sampled_from([Refinement(), Refinement(), None]))
    low, high = draw(st.sampled_from(CAPS))
    sharing = Sharing(refinement=refinement, templates=(low if refinement else 1, high))
    size = sum(m.parameters_alone for m in made)
    return family(made, size * draw(st.sampled_from(PER_MILLE)) // 1000, sharing, classes=10)


def planned(made: Family) -> Plan | None:
    try:
        return plan_family(made, structure="s")
    except SpecError as error:
        if codes(error) != ["SW0601"]:
            raise
        return None


def fixed(made: Family) -> int:
    """Norms, biases and heads."""
    norms = sum(m.norm_parameters for m in made.members)
    return norms + sum(x.bias * x.out + x.head * x.weights for x in made.layers)


def apart(made: Family) -> int:
    """Every layer alone, with one template and one coefficient: what any cap allows, and what no sharing exceeds."""
    return fixed(made) + sum(x.weights + 1 for x in made.layers if not x.head)


def tolerance(made: Family) -> int:
    """A thousandth of large budgets, a hundredth of small ones; where only one template is allowed, also one line.

    A cluster of one template is as large as its tile, which grows by a row or a column of cells.
    """
    budget = made.budget.parameters
    line = max(min(x.out, x.inputs) * x.kernel[0] * x.kernel[1] for x in made.layers if not x.head)
    return max(budget // (1000 if budget > 10**6 else 100), line if made.sharing.templates[1] == 1 else 0)


@settings(max_examples=150, deadline=None)
@given(families())
def test_any_budget_is_used_and_never_exceeded(made: Family) -> None:
    plan = planned(made)
    assume(plan is not None)
    if plan is None:
        return
    budget = made.budget.parameters
    assert plan.parameters.total <= budget
    assume(budget - fixed(made) >= SHARED)
    event("above all layers apart" if budget > apart(made) else "below")
    assert plan.parameters.total >= min(budget, apart(made)) - tolerance(made)


Partition = tuple[tuple[int, ...], ...]


def partitions(items: Sequence[int]) -> Iterator[Partition]:
    """Every way to part the items."""
    if not items:
        yield ()
        return
    first, *rest = items
    for parts in partitions(rest):
        yield ((first,), *parts)
        for k, part in enumerate(parts):
            yield (*parts[:k], (first, *part), *parts[k + 1 :])


def sums(sides: Sequence[int], area: int, cap: int, *, refines: bool) -> set[int]:
    """What one cluster of square layers can cost when it is kept whole, for every number of templates allowed.

    Squares nest, so each new side adds its input extension and then its output extension, both used by all layers at
    least as large.
    """
    found = {0}
    below = 0
    for side in sorted(set(sides)):
        users = sum(other >= side for other in sides)
        vectors = users if refines else 1
        for cells in (below * (side - below), (side - below) * side):
            if cells:
                template = cells * area + vectors
                found = {cost + n * template for cost in found for n in range(1, min(cap, vectors) + 1)}
        below = side
    return found


@settings(max_examples=250, deadline=None)
@given(
    st.lists(st.integers(16, 96), min_size=1, max_size=5),
    st.integers(1, 3),
    st.sampled_from([1, 2, 3, 8]),
    st.sampled_from([100, 250, 500, 750, 900, 1000]),
    st.booleans(),
)
def test_no_clustering_spends_more_than_the_planned_one(
    sides: list[int],
    count: int,
    cap: int,
    per_mille: int,
    refines: bool,  # noqa: FBT001 - Hypothesis passes it
) -> None:
    """Every clustering of a few layers, every number of templates: none is much nearer to the budget than the plan."""
    made = [
        built(f"m{k}", [(side, side, (3, 3), Kind.CONV, 1) for side in sides[k::count]])
        for k in range(count)
        if sides[k::count]
    ]
    sharing = Sharing(refinement=Refinement() if refines else None, templates=(1, cap))
    small = family(made, sum(m.parameters_alone for m in made) * per_mille // 1000, sharing, classes=10)
    plan = planned(small)
    if plan is None:
        return
    room = small.budget.parameters - fixed(small)
    assume(room >= FINE)
    reachable = 0
    for parts in partitions(range(len(sides))):
        costs = {0}
        for part in parts:
            own = sums([sides[k] for k in part], 9, cap, refines=refines)
            costs = {a + b for a in costs for b in own if a + b <= room}
        reachable = max(reachable, *costs, 0)
    event(f"reachable {100 * (reachable + fixed(small)) // small.budget.parameters // 5 * 5}%")
    assert plan.parameters.total >= min(fixed(small) + reachable, small.budget.parameters * 99 // 100)


EQUAL = [built(f"m{k}", blocks("plain", 24, (3, 3)) * 4) for k in range(16)]
"""Sixteen members of four equal layers each."""


def unspent(made: Family) -> tuple[float, str]:
    """The part of the budget that the plan uses, and what the warning about the rest advises ("" if there is none)."""
    plan = plan_family(made, structure="s")
    ways = [note.help for note in notes(made, plan) if note.code == "SW0602"]
    return plan.parameters.total / made.budget.parameters, "".join(ways)


@pytest.mark.parametrize("clustering", [ClusterMethod.SINGLE, ClusterMethod.DEPTH])
@pytest.mark.parametrize("refinement", [Refinement(), None])
def test_letting_the_budget_decide_is_advice_that_works(
    clustering: ClusterMethod, refinement: Refinement | None
) -> None:
    size = sum(m.parameters_alone for m in EQUAL)
    fixed_number = Sharing(clustering=Clustering(clustering), refinement=refinement)
    used, way = unspent(family(EQUAL, size * 9 // 10, fixed_number, classes=10))
    assert used < 0.9
    assert "`clusters gradient`" in way
    assert unspent(family(EQUAL, size * 9 // 10, Sharing(refinement=refinement), classes=10)) >= (0.99, "")


def test_leaving_out_bins_is_advice_that_works() -> None:
    size = sum(m.parameters_alone for m in EQUAL)
    used, way = unspent(family(EQUAL, size * 9 // 10, Sharing(bins=2), classes=10))
    assert used < 0.9
    assert "leave out `bins`" in way
    assert unspent(family(EQUAL, size * 9 // 10, Sharing(), classes=10)) >= (0.99, "")


def test_holding_fewer_layers_together_is_advice_that_works() -> None:
    names = [layer.name for m in EQUAL for layer in m.layers if not layer.head]
    size = sum(m.parameters_alone for m in EQUAL)
    used, way = unspent(family(EQUAL, size * 9 // 10, Sharing(ties=(hint(["*"], [names]),)), classes=10))
    assert used < 0.9
    assert "hold fewer layers together" in way
    half = Sharing(ties=(hint(["*"], [names[:8]]),))
    assert unspent(family(EQUAL, size * 9 // 10, half, classes=10)) >= (0.99, "")


def test_more_templates_are_advice_that_works() -> None:
    size = sum(m.parameters_alone for m in EQUAL)
    single = Sharing(clustering=Clustering(ClusterMethod.SINGLE), templates=(1, 4))
    used, way = unspent(family(EQUAL, size // 8, single, classes=10))
    assert used < 0.9
    assert "`templates 1..7`" in way
    more = Sharing(clustering=Clustering(ClusterMethod.SINGLE), templates=(1, 7))
    assert unspent(family(EQUAL, size // 8, more, classes=10)) >= (0.99, "")
    fewer = Sharing(clustering=Clustering(ClusterMethod.SINGLE), templates=(1, 6))
    assert unspent(family(EQUAL, size // 8, fewer, classes=10))[0] < 0.99


def test_where_every_layer_is_alone_more_templates_are_advice_that_works() -> None:
    made = [built("m", [(side, side, (7, 7), Kind.CONV, 1) for side in (9, 16, 24)])]
    budget = 43_371  # of 45,085
    used, way = unspent(family(made, budget, Sharing(templates=(1, 1)), classes=10))
    assert used < 0.99
    assert way.startswith("allow more (`templates 1..2`)")
    assert unspent(family(made, budget, Sharing(templates=(1, 2)), classes=10)) >= (0.99, "")


def test_where_nothing_spends_the_budget_lowering_it_is_advice_that_works() -> None:
    made = [built("m", [(side, side, (7, 7), Kind.CONV, 1) for side in (5, 7)])]
    sharing = Sharing(templates=(1, 1))
    used, way = unspent(family(made, 1_865, sharing, classes=10))
    assert used < 0.99
    assert way.startswith("lower the budget to 1822: neither more templates nor more clusters")
    assert unspent(family(made, 1_822, sharing, classes=10)) >= (0.99, "")
