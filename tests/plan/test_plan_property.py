"""What holds for every plan, on families that nobody thought of."""

from __future__ import annotations

from collections import Counter

from attrs import evolve
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from plan_families import codes, family, hint, member

from swc.diagnostics import SpecError
from swc.family import Budget, Clustering, ClusterMethod, Family, Hint, Member, Refinement, Sharing
from swc.plan import fits, from_json, initial_clusters, notes, plan_family, shareable_layers, smallest_budget, to_json
from swc.plan.cost import slack
from swc.plan.model import Cluster, Plan
from swc.plan.plane import planes_of
from swc.plan.tiles import Choice, Tiling

METHODS = st.sampled_from(list(ClusterMethod))


@st.composite
def members(draw: st.DrawFn, widest: int) -> list[Member]:
    sides = draw(st.lists(st.integers(1, widest), min_size=1, max_size=4, unique=True))
    layer = st.tuples(st.sampled_from(sides), st.sampled_from(sides), st.sampled_from([0, 1, 3]))
    return [
        member(name, [(f"l{n}", *shape) for n, shape in enumerate(draw(st.lists(layer, min_size=1, max_size=6)))], 3)
        for name in ("a", "b", "c")[: draw(st.integers(1, 3))]
    ]


@st.composite
def hints(draw: st.DrawFn, names: list[str], patterns: int) -> tuple[Hint, ...]:
    if draw(st.booleans()):
        return ()
    chosen = [draw(st.lists(st.sampled_from(names), max_size=3, unique=True)) for _ in range(patterns)]
    return (hint([f"p{n}" for n in range(patterns)], chosen),)


@st.composite
def families(draw: st.DrawFn, widest: int = 12) -> Family:
    """Families with hints that may contradict each other, and a budget from nothing to four times their size."""
    made = draw(members(widest))
    names = [layer.name for m in made for layer in m.layers]
    low = draw(st.integers(1, 3))
    sharing = Sharing(
        clustering=Clustering(draw(METHODS)),
        refinement=draw(st.sampled_from([Refinement(), None])),
        templates=(low, draw(st.integers(low, 8))),
        bins=draw(st.sampled_from([None, None, 1, 2, 3])),
        private=draw(hints(names, 1)),
        ties=draw(hints(names, 2)),
        aparts=draw(hints(names, 2)),
    )
    size = sum(m.parameters_alone for m in made)
    percent = draw(st.sampled_from([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 200, 400]))
    return family(made, size * percent // 100 + draw(st.integers(0, 9)), sharing)


def contradictory(made: Family) -> bool:
    try:
        initial_clusters(made)
    except SpecError as error:
        return all(code.startswith("SW05") for code in codes(error))
    return False


def planned(made: Family) -> Plan | None:
    try:
        return plan_family(made, structure="s")
    except SpecError as error:
        if codes(error) != ["SW0601"]:
            raise
        return None


def check_totals(made: Family, plan: Plan) -> None:
    """Add up the parameters from the plan's own lists."""
    kernels = {c.name: c.kernel[0] * c.kernel[1] for c in plan.clusters}
    folds = {c.name: c.fold for c in plan.clusters if c.fold is not None}
    private = {layer.name for m in plan.members for layer in m.layers if layer.cluster is None}
    whole = [s for s in plan.superweights if s.cluster not in folds]
    p = plan.parameters
    assert p.templates == sum(
        s.templates * s.rectangle.rows * s.rectangle.columns * kernels[s.cluster] for s in whole
    ) + sum(f.templates * f.rows * f.columns * kernels[name] for name, f in folds.items())
    assert p.coefficients == sum(s.templates * s.coefficient_vectors for s in plan.superweights)
    assert p.norms == 3 * len(made.members)
    assert p.biases == sum(layer.out for layer in made.layers if layer.bias)
    assert p.weights == sum(layer.weights for layer in made.layers if layer.name in private)
    assert p.private == p.norms + p.biases + p.weights
    assert p.total == p.templates + p.coefficients + p.private <= plan.budget


def check_cells(plan: Plan) -> None:
    """Every cell of every shared layer lies in exactly one of the SuperWeights that the layer names, users agree."""
    by_id = {s.id: s for s in plan.superweights}
    assert len(by_id) == len(plan.superweights)
    users: dict[str, list[str]] = {s.id: [] for s in plan.superweights}
    folded = {c.name for c in plan.clusters if c.fold is not None}
    for layer in (layer for m in plan.members for layer in m.layers if layer.cluster is not None):
        out, inputs, _, _ = layer.shape
        cells: Counter[tuple[int, int]] = Counter()
        for name in layer.superweights:
            s = by_id[name]
            assert s.cluster == layer.cluster
            users[name].append(layer.name)
            r = s.rectangle
            inside = [
                (row, column)
                for row in range(r.row, r.row + r.rows)
                for column in range(r.column, r.column + r.columns)
                if row < out and column < inputs
            ]
            assert inside
            assert layer.cluster in folded or len(inside) == r.cells
            cells.update(inside)
        assert cells == Counter({(row, column): 1 for row in range(out) for column in range(inputs)})
        corners = [(by_id[name].rectangle.row, by_id[name].rectangle.column) for name in layer.superweights]
        assert corners == sorted(corners)
    assert {name: tuple(found) for name, found in users.items()} == {s.id: s.users for s in plan.superweights}


def check_templates(made: Family, plan: Plan) -> None:
    low, high = made.sharing.templates
    folds = {c.name: c.fold for c in plan.clusters if c.fold is not None}
    for s in plan.superweights:
        assert s.coefficient_vectors == (len(s.users) if made.sharing.refinement else 1)
        if s.cluster in folds:
            fold = folds[s.cluster]
            vectors = sum(x.coefficient_vectors for x in plan.superweights if x.cluster == s.cluster)
            assert s.templates == fold.templates
            assert min(low, vectors) <= fold.templates <= min(high, vectors)
            assert s.rectangle.row % fold.rows == s.rectangle.column % fold.columns == 0
            assert s.rectangle.rows <= fold.rows
            assert s.rectangle.columns <= fold.columns
        else:
            assert min(low, s.coefficient_vectors) <= s.templates <= min(high, s.coefficient_vectors)


def check_clusters(made: Family, plan: Plan) -> None:
    layers = made.layer_by_name
    home = {name: c.name for c in plan.clusters for name in c.layers}
    assert sorted(home) == sorted(layer.name for layer in shareable_layers(made))
    for c in plan.clusters:
        check_cluster(c, made)
    for tie in made.sharing.ties:
        assert len({home[name] for name in tie.all_layers}) <= 1
    for apart in made.sharing.aparts:
        first, second = ({home[name] for name in names if name in home} for names in apart.layers)
        assert not first & second
    assert all(layers[name].kernel == next(c.kernel for c in plan.clusters if c.name == home[name]) for name in home)


def check_cluster(cluster: Cluster, made: Family) -> None:
    order = [layer.name for layer in made.layers if layer.name in cluster.layers]
    assert list(cluster.layers) == order
    assert cluster.fan_in == max(made.layer_by_name[name].fan_in for name in order)


def check_tiles(made: Family, plan: Plan) -> None:
    """No way to cut a folded cluster that is better by the objective fits into what is left as well."""
    left = plan.budget - plan.parameters.total
    for cluster in plan.clusters:
        if cluster.fold is not None:
            (plane,) = planes_of(made, {cluster.name: cluster.layers})
            tiling = Tiling(plane)
            choice = Choice(cluster.fold, tiling.cost(cluster.fold))
            assert tiling.better(choice, left, max(0, slack(plan.budget) - left)) is None


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(families())
def test_every_plan_keeps_its_promises(made: Family) -> None:
    assume(not contradictory(made))
    plan = planned(made)
    if plan is None:
        assert made.budget.parameters < smallest_budget(made)
        return
    check_totals(made, plan)
    check_cells(plan)
    check_templates(made, plan)
    check_clusters(made, plan)
    check_tiles(made, plan)
    assert planned(made) == plan
    assert from_json(to_json(plan)) == plan
    assert fits(made, initial_clusters(made))
    unspent = plan.parameters.total * 100 < plan.budget * 99
    assert unspent == ("SW0602" in [note.code for note in notes(made, plan)])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(families())
def test_the_smallest_budget_is_exact(made: Family) -> None:
    assume(not contradictory(made))
    smallest = smallest_budget(made)
    assert planned(evolve(made, budget=Budget(smallest - 1, ""))) is None
    plan = planned(evolve(made, budget=Budget(smallest, "")))
    assert plan is not None
    # Where layers have fewer cells than their cluster has users, parting them may hold more templates for less.
    assert plan.parameters.total <= smallest
    if made.sharing.templates[0] == 1:
        assert plan.parameters.total == smallest


@settings(max_examples=60, deadline=None)
@given(members(widest=256), st.integers(1, 100), st.booleans())
def test_large_budgets_are_used_unless_the_cap_forbids(made: list[Member], percent: int, refine: bool) -> None:  # noqa: FBT001 - Hypothesis passes it
    size = sum(m.parameters_alone for m in made)
    assume(size > 200_000)
    sharing = Sharing(refinement=Refinement() if refine else None)
    plan = planned(family(made, size * percent // 100, sharing))
    if plan is not None and any(s.templates < min(8, s.coefficient_vectors) for s in plan.superweights):
        assert plan.parameters.total >= plan.budget * (0.999 if plan.budget > 10**6 else 0.99)
