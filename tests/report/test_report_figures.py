"""The figures of plans, against counting cell by cell."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from report_families import plans

from swc.plan.model import Plan
from swc.report.figures import Figures, coefficients, weights
from swc.report.tables import weights_made


def _cells(plan: Plan, layer: str) -> set[tuple[str, int, int]]:
    """The cells of a layer's weight, each with the SuperWeight it comes from."""
    found = next(x for member in plan.members for x in member.layers if x.name == layer)
    items = [s for s in plan.superweights if s.id in found.superweights]
    return {
        (s.id, row, column)
        for s in items
        for row in range(s.rectangle.row, min(s.rectangle.row + s.rectangle.rows, found.shape[0]))
        for column in range(s.rectangle.column, min(s.rectangle.column + s.rectangle.columns, found.shape[1]))
    }


@settings(deadline=None, max_examples=40)
@given(plans())
def test_costs_add_up(plan: Plan) -> None:
    figures = Figures(plan)
    assert sum(figures.templates_of(c) for c in plan.clusters) == plan.parameters.templates
    assert sum(h.parameters for h in figures.holdings) == plan.parameters.templates
    assert sum(figures.coefficients_of(c) for c in plan.clusters) == plan.parameters.coefficients
    assert sum(coefficients(s) for s in plan.superweights) == plan.parameters.coefficients
    assert sum(figures.by_sharers.values()) == plan.parameters.templates
    assert 0 <= figures.freedom <= 1


@settings(deadline=None, max_examples=40)
@given(plans())
def test_what_superweights_make_is_what_layers_have(plan: Plan) -> None:
    figures = Figures(plan)
    area = {cluster.name: cluster.kernel[0] * cluster.kernel[1] for cluster in plan.clusters}
    for item in plan.superweights:
        cells = sum(len({c for c in _cells(plan, name) if c[0] == item.id}) for name in item.users)
        assert weights_made(figures, item) == cells * area[item.cluster]
    served = sum(weights(x) for member in plan.members for x in member.layers if x.cluster)
    assert sum(weights_made(figures, s) for s in plan.superweights) == served == figures.weights_served


@settings(deadline=None, max_examples=40)
@given(plans())
def test_who_shares_with_whom(plan: Plan) -> None:
    figures = Figures(plan)
    names = [member.name for member in plan.members]
    users = {s.id: {name.partition(".")[0] for name in s.users} for s in plan.superweights}
    assert {k: set(v) for k, v in figures.members_of.items()} == users
    for first, second in [*combinations(names, 2), *((name, name) for name in names)]:
        common = 0
        for cluster in plan.clusters:
            items = [s for s in plan.superweights if s.cluster == cluster.name]
            area = cluster.kernel[0] * cluster.kernel[1]
            if cluster.fold is None:
                both = [s for s in items if {first, second} <= users[s.id]]
                common += sum(s.templates * s.rectangle.rows * s.rectangle.columns for s in both) * area
            elif {first, second} <= {name.partition(".")[0] for name in cluster.layers}:
                common += cluster.fold.templates * cluster.fold.rows * cluster.fold.columns * area
        assert figures.in_common[first, second] == common


@settings(deadline=None, max_examples=40)
@given(plans())
def test_rank_counts_the_tiles_of_each_layer(plan: Plan) -> None:
    figures = Figures(plan)
    for cluster in plan.clusters:
        if cluster.fold is None:
            assert figures.rank(cluster) == 1
            continue
        parts = []
        for name in cluster.layers:
            layer = figures.layers[name]
            tiles = len(layer.superweights)
            parts.append((weights(layer), min(1.0, cluster.fold.templates / tiles)))
        expected = sum(size * rank for size, rank in parts) / sum(size for size, _ in parts)
        assert abs(figures.rank(cluster) - expected) < 1e-12
