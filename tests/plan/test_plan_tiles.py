"""Folding one cluster: counts and minima against exhaustive searches, and what the objective prefers."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from plan_families import member

from swc.plan.division import Whole, cost_of, divide
from swc.plan.graph import Shape
from swc.plan.model import Fold
from swc.plan.plane import Plane
from swc.plan.tiles import Choice, Tiling

SHAPES = st.lists(st.tuples(st.integers(1, 10), st.integers(1, 10)), min_size=1, max_size=5)


def plane(shapes: Sequence[Shape], templates: tuple[int, int] = (1, 8), *, refinable: bool = True, k: int = 3) -> Plane:
    made = member("m", [(f"c{n}", out, inputs, k) for n, (out, inputs) in enumerate(shapes)])
    return Plane("conv3x3", made.layers, templates, refinable)


def slow_vectors(shapes: Sequence[Shape], rows: int, columns: int, *, refinable: bool) -> int:
    users: dict[Shape, int] = {}
    for out, inputs in shapes:
        for row in range(0, out, rows):
            for column in range(0, inputs, columns):
                users[row, column] = users.get((row, column), 0) + 1
    return sum(users.values()) if refinable else len(users)


def slow_costs(shapes: Sequence[Shape], templates: tuple[int, int], *, refinable: bool) -> dict[Fold, int]:
    height, width = (max(shape[axis] for shape in shapes) for axis in (0, 1))
    found = {}
    for rows in range(1, height + 1):
        for columns in range(1, width + 1):
            vectors = slow_vectors(shapes, rows, columns, refinable=refinable)
            for n in {min(n, vectors) for n in range(templates[0], templates[1] + 1)}:
                found[Fold(rows, columns, n)] = n * (rows * columns * 9 + vectors)
    return found


@given(SHAPES, st.sampled_from([(1, 1), (1, 4), (3, 5)]), st.booleans())
def test_smallest_is_the_least_of_all(shapes: list[Shape], templates: tuple[int, int], refinable: bool) -> None:  # noqa: FBT001 - Hypothesis passes it
    costs = slow_costs(shapes, templates, refinable=refinable)
    found = Tiling(plane(shapes, templates, refinable=refinable)).smallest
    assert found.cost == min(costs.values()) == costs[found.fold]


@given(SHAPES, st.sampled_from([(1, 1), (1, 4), (3, 5)]), st.booleans(), st.integers(0, 2000))
def test_choice_is_priced_right_and_within_its_share(
    shapes: list[Shape],
    templates: tuple[int, int],
    refinable: bool,  # noqa: FBT001 - Hypothesis passes it
    share: int,
) -> None:
    costs = slow_costs(shapes, templates, refinable=refinable)
    found = Tiling(plane(shapes, templates, refinable=refinable)).choose(share, share // 100)
    if found is None:
        assert share < min(costs.values())
    else:
        assert found.cost == costs[found.fold] <= share


@given(SHAPES, st.sampled_from([(1, 1), (1, 4), (2, 8)]), st.integers(50, 4000))
def test_choice_is_the_best_of_what_fits(shapes: list[Shape], templates: tuple[int, int], share: int) -> None:
    """Every candidate by its full objective, where the search skips those whose bound leaves no chance."""
    tiling = Tiling(plane(shapes, templates))
    found = tiling.choose(share, share // 10)
    fitting = [c for c in tiling._candidates(share, *tiling._sides) if share - c.cost <= share // 10]
    if found is not None and fitting:
        best = max(fitting, key=lambda c: (tiling.objective(c.fold), c.cost, c.fold.rows, c.fold.columns))
        assert found == best
    for choice in fitting:
        assert tiling.objective(choice.fold) <= tiling._bound(choice.fold)


def test_choice_uses_its_share() -> None:
    shapes = [(640, 640)] * 7 + [(640, 320), (320, 320), (320, 160), (160, 160)]
    tiling = Tiling(plane(shapes))
    for share in (30_000, 100_000, 365_000, 1_000_000, 3_000_000):
        found = tiling.choose(share, share // 1000)
        assert found is not None
        assert share * 0.999 <= found.cost <= share


def objective(shapes: Sequence[Shape], rows: int, columns: int, templates: int) -> float:
    return Tiling(plane(shapes)).objective(Fold(rows, columns, templates))


@pytest.mark.parametrize("refinable", [True, False])
def test_tiles_of_two_clusters_against_all_ways_that_fit_as_well(*, refinable: bool) -> None:
    """The last parameters go to one of the clusters, but not at the price of much worse tiles."""
    rng = random.Random(0)
    ratios = []
    for _ in range(60):
        shapes = [[(rng.randint(4, 16), rng.randint(4, 16)) for _ in range(rng.randint(2, 5))] for _ in range(2)]
        planes = [evolve(plane(own, refinable=refinable), name=name) for own, name in zip(shapes, "ab", strict=True)]
        available = rng.randint(4, 25) * sum(own.weights for own in planes) // 100
        spare = available // 100
        division = divide(planes, available, spare)
        if division is None:
            continue
        left = available - cost_of(division)
        for own, name in zip(shapes, "ab", strict=True):
            chosen = division[name]
            if isinstance(chosen, Choice):
                costs = slow_costs(own, (1, 8), refinable=refinable)
                low, high = chosen.cost - max(0, spare - left), chosen.cost + left
                fitting = [fold for fold, cost in costs.items() if low <= cost <= high]
                scores = [objective(own, fold.rows, fold.columns, fold.templates) for fold in fitting]
                fold = chosen.fold
                ratios.append(objective(own, fold.rows, fold.columns, fold.templates) / max(scores))
    assert len(ratios) > 40
    assert min(ratios) > 0.9
    assert sum(ratio > 0.999 for ratio in ratios) > 0.9 * len(ratios)


def test_objective_is_rank_times_variety_times_squareness() -> None:
    shapes = [(8, 8), (4, 4)]  # 8 and 2 tiles of 4 x 2 cells, 3 templates: 3/8 of the large layer, all of the small
    expected = (64 * 3 / 8 + 16 * 1) / 80 * 3 / 4 * (2 / 4) ** 0.125
    assert abs(objective(shapes, 4, 2, 3) - expected) < 1e-12


def test_objective_prefers_tiles_that_divide_the_layer() -> None:
    assert objective([(64, 64)], 32, 32, 2) > objective([(64, 64)], 33, 31, 2)


def test_objective_prefers_many_templates_to_large_ones() -> None:
    assert objective([(64, 64)], 16, 16, 8) > objective([(64, 64)], 32, 32, 2)


def test_objective_prefers_square_tiles() -> None:
    assert objective([(64, 64)], 16, 16, 4) > objective([(64, 64)], 4, 64, 4)


def test_hint_bounds_the_templates_of_a_fold() -> None:
    found = Tiling(plane([(64, 64)] * 6, templates=(2, 3))).choose(8000, 80)
    assert isinstance(found, Choice)
    assert 2 <= found.fold.templates <= 3


def test_never_more_templates_than_coefficient_vectors() -> None:
    found = Tiling(plane([(2, 2)], templates=(1, 8), refinable=False)).choose(10_000, 10_000)
    assert found is not None
    assert found.fold.templates <= slow_vectors([(2, 2)], found.fold.rows, found.fold.columns, refinable=False)


def test_a_cluster_that_would_be_mostly_coefficients_is_folded_where_tiles_hold_more() -> None:
    """Shapes that do not nest: 24 outs by 24 ins make hundreds of small SuperWeights, each of many users."""
    shapes = [(40 + 7 * k, 201 - 7 * k) for k in range(24)] * 24
    whole = plane(shapes, k=1)
    share = whole.whole_cost + whole.whole_cost // 10
    pieces = whole.pieces
    assert 2 * sum(piece.low * piece.vectors for piece in pieces) > whole.whole_cost
    (part,) = divide([whole], share, share // 1000).values()  # type: ignore[union-attr]  # it fits
    assert isinstance(part, Choice)
    assert share * 0.99 <= part.cost <= share
    held = sum(piece.low * piece.rectangle.cells for piece in pieces)
    assert part.fold.templates * part.fold.rows * part.fold.columns > held


def test_a_cluster_of_few_users_stays_whole() -> None:
    whole = plane([(64, 64), (32, 32)] * 4)
    (part,) = divide([whole], 2 * whole.whole_cost, 100).values()  # type: ignore[union-attr]  # it fits
    assert isinstance(part, Whole)
