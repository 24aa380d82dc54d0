"""What planning takes does not grow with the size of layers: work and memory have bounds, whatever the budget."""

import tracemalloc
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise

import pytest

from swc.check import check_text
from swc.diagnostics import SpecError
from swc.elaborate import elaborate
from swc.family import Family, Kind, Layer
from swc.plan import plan_family
from swc.plan.plane import Plane
from swc.plan.reaching import PLACES, Ends, Places, reaching, thinned
from swc.plan.smallest import smallest_budget
from swc.plan.tiles import MOST_TILES, Tiling

SPEC = """sw 1
arch mlp(width: int, out: int) {{
    y = first: linear(global_pool(x), width)
    y = second: linear(relu(y), out)
    return fc: linear(y, classes)
}}
family wide {{
    input image(3, 32, 32)
    output classes(10)
    budget {budget}
    member one = {member}
    share {{ {share} }}
}}
"""
MEMBERS = ["wrn(depth=28, widen=9999)", "mlp(1000000, 1000000)", "mlp(999983, 999979)", "mlp(1000000, 1)"]


def family(member: str, budget: str, share: str = "") -> Family:
    return elaborate(check_text(SPEC.format(member=member, budget=budget, share=share)))


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("budget", ["25% of members", "0.01% of members", "36.5M"])
@pytest.mark.parametrize("share", ["", "refine none"])
def test_huge_layers_take_no_more_memory(member: str, budget: str, share: str) -> None:
    huge = family(member, budget, share)
    tracemalloc.start()
    with suppress(SpecError):  # the budget may be too small
        plan = plan_family(huge, structure="")
        assert plan.parameters.total <= huge.budget.parameters
        assert len(plan.superweights) <= MOST_TILES * len(plan.clusters)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60_000_000


@pytest.mark.parametrize("member", MEMBERS)
def test_the_smallest_budget_of_huge_layers_can_be_planned_and_one_less_cannot(member: str) -> None:
    smallest = smallest_budget(family(member, "1k"))
    assert plan_family(family(member, str(smallest)), structure="").parameters.total <= smallest
    with pytest.raises(SpecError, match="SW0601"):
        plan_family(family(member, str(smallest - 1)), structure="")


def plane(*shapes: tuple[int, int], refinable: bool = True) -> Plane:
    layers = tuple(Layer(f"m.l{k}", "m", Kind.CONV, out, inputs, (3, 3)) for k, (out, inputs) in enumerate(shapes))
    return Plane("conv3x3", layers, (1, 8), refinable)


@pytest.mark.parametrize("refinable", [True, False])
@pytest.mark.parametrize(
    "shapes", [((7000, 4100),), ((5000, 9001), (9001, 5000), (4097, 4097)), ((12, 6000), (6000, 12))]
)
def test_large_planes_are_counted_like_small_ones(shapes: tuple[tuple[int, int], ...], *, refinable: bool) -> None:
    """End by end and place by place come to the number that the definition gives."""
    tiling = Tiling(plane(*shapes, refinable=refinable))
    for rows, columns in ((64, 64), (100, 777), (4097, 1), (1, 4097), (9001, 9001)):
        choice = tiling._fewest(rows, columns)
        if refinable:
            vectors = sum(-(-out // rows) * -(-inputs // columns) for out, inputs in shapes)
        else:
            reach = [max(i for out, i in shapes if out > row) for row in range(0, max(out for out, _ in shapes), rows)]
            vectors = sum(-(-inputs // columns) for inputs in reach)
        assert choice.cost == choice.fold.templates * (rows * columns * 9 + vectors)


def test_the_two_ways_of_counting_agree() -> None:
    ending = {3: 2, 17: 1, 4000: 5, 4096: 1}
    small, large = reaching(ending, PLACES), Ends(tuple(ending.items()))
    assert isinstance(small, Places)
    assert isinstance(reaching(ending, PLACES + 1), Ends)
    assert all(small.vectors(side) == large.vectors(side) for side in (1, 2, 3, 17, 100, 4095, 4096))


def test_the_smallest_is_exact_where_every_size_is_tried() -> None:
    """Against all tile sizes of a plane, one by one."""
    for shapes in (((30, 40),), ((12, 31), (25, 7)), ((64, 3), (3, 64), (20, 20))):
        for refinable in (True, False):
            tiling = Tiling(plane(*shapes, refinable=refinable))
            height, width = max(o for o, _ in shapes), max(i for _, i in shapes)
            sizes = ((rows, columns) for rows in range(1, height + 1) for columns in range(1, width + 1))
            assert tiling.smallest.cost == min(tiling._fewest(*size).cost for size in sizes)


def test_sides_are_thinned_evenly() -> None:
    sides = list(range(1, 10_001))
    found = thinned(sides, PLACES + 1, 100)
    assert (found[0], found[-1], len(found)) == (1, 10_000, 100)
    assert {b - a for a, b in pairwise(found)} <= {100, 101}
    assert thinned(sides, PLACES, 100) == sides


def test_plans_of_huge_layers_spend_their_budget() -> None:
    huge = family("wrn(depth=28, widen=9999)", "1% of members")
    assert Fraction(plan_family(huge, structure="").parameters.total, huge.budget.parameters) > Fraction(999, 1000)


def test_more_members_than_a_family_may_have_are_refused_at_once() -> None:
    text = SPEC.format(member="wrn(10, 1)", budget="1M", share="")
    many = "\n".join(f"    member m{k} = wrn(10, 1)" for k in range(1000))
    with pytest.raises(SpecError) as caught:
        elaborate(check_text(text.replace("    member one", f"{many}\n    member one")))
    assert [d.code for d in caught.value.diagnostics] == ["SW0414"]
