"""Random families with random hints: contradictions are found, and every plan keeps every hint.

What the hints mean is written down here a second time, from the words of the language reference.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import combinations
from random import Random

from attrs import evolve, frozen
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from swc.check import check_text
from swc.diagnostics import SpecError
from swc.elaborate import elaborate
from swc.family import Budget, Family, Layer
from swc.pipeline.search import named_clusters, search_hints
from swc.plan import initial_clusters, plan_family
from swc.plan.model import Plan
from swc_runtime.search_result import Pool, regroup

PATTERNS = ["a.*", "*.l0", "*.l1", "?.l2", "b.l?", "a.l1", "b.l2", "a.l0", "*.fc", "a.fc", "b.l1", "*.l3"]
KINDS = ["private", "public", "tie", "apart", "cluster", "templates"]


@frozen
class Said:
    """A hint as it was written: its kind, its patterns, and the name or the bounds that belong to it."""

    kind: str
    patterns: tuple[str, ...]
    name: str = ""
    bounds: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        words = {"cluster": f"cluster {self.name}", "templates": f"templates {self.bounds[0]}..{self.bounds[1]} for"}
        return f"{words.get(self.kind, self.kind)} {', '.join(self.patterns)}"


@frozen
class Case:
    """A spec and what it says about sharing."""

    text: str
    hints: tuple[Said, ...]
    refines: bool
    method: str


@st.composite
def hints(draw: st.DrawFn) -> Said:
    kind = draw(st.sampled_from(KINDS))
    patterns = draw(
        st.lists(st.sampled_from(PATTERNS), min_size=1 + (kind == "apart"), max_size=2, unique=True).map(tuple)
    )
    low = draw(st.integers(1, 4))
    return Said(kind, patterns, draw(st.sampled_from(["one", "two", "three"])), (low, draw(st.integers(low, 6))))


@st.composite
def cases(draw: st.DrawFn, methods: Sequence[str] = ("gradient", "single", "depth")) -> Case:
    """Specs of two members of one to three layers and a head each."""
    width = st.sampled_from([4, 4, 6, 8])
    layers = st.lists(st.tuples(width, st.sampled_from([1, 1, 3])), min_size=2, max_size=4)
    archs, members = [], []
    for name in "ab":
        body = [f"y = l{n}: conv({'y' if n else 'x'}, {out}, {k})" for n, (out, k) in enumerate(draw(layers))]
        archs.append(f"arch net_{name}() {{ {' '.join(body)} return fc: linear(global_pool(y), classes) }}")
        members.append(f"member {name} = net_{name}()")
    said = draw(st.lists(hints(), max_size=4).map(tuple))
    method, refines = draw(st.sampled_from(methods)), draw(st.booleans())
    lines = [f"clusters {method}", *([] if refines else ["refine none"]), *map(str, said)]
    head = "input image(4, 8, 8) output classes(4)"
    budget = f"budget {draw(st.sampled_from([5, 25, 50, 100, 200]))}% of members"
    share = "share {\n" + "\n".join(lines) + "\n}"
    text = "\n".join(["sw 1", *archs, "family f {", head, budget, *members, share, "}"])
    return Case(text, said, refines, method)


def layers_of(said: Said, family: Family) -> list[list[str]]:
    return [[x.name for x in family.layers if fnmatchcase(x.name, pattern)] for pattern in said.patterns]


def everyone(said: Said, family: Family) -> set[str]:
    return {name for names in layers_of(said, family) for name in names}


def sharing_layers(case: Case, family: Family) -> dict[str, Layer]:
    private = {name for said in case.hints if said.kind == "private" for name in everyone(said, family)}
    public = {name for said in case.hints if said.kind == "public" for name in everyone(said, family)}
    return {x.name: x for x in family.layers if x.name not in private and (not x.head or x.name in public)}


def components(case: Case, family: Family) -> list[set[str]]:
    """Layers that ties and clusters hold together, by merging sets until nothing changes."""
    found = [{x.name} for x in family.layers]
    for said in case.hints:
        if said.kind in ("tie", "cluster"):
            names = everyone(said, family)
            found = [x for x in found if not x & names] + [set().union(*(x for x in found if x & names))]
    return found


def contradictory(case: Case, family: Family) -> bool:
    """Whether hints about who shares with whom cannot all be kept."""
    shared = sharing_layers(case, family)
    kernels = {x.name: x.kernel for x in family.layers}
    of = {kind: [said for said in case.hints if said.kind == kind] for kind in KINDS}
    private = {name for said in of["private"] for name in everyone(said, family)}
    public = {name for said in of["public"] for name in everyone(said, family)}
    held = [everyone(said, family) for said in of["tie"] + of["cluster"]]
    sides = [layers_of(said, family) for said in of["apart"]]
    clusters = [everyone(said, family) for said in of["cluster"]]
    return (
        bool(private & public)
        or any(not names <= shared.keys() or len({kernels[name] for name in names}) > 1 for names in held)
        or any(set(one) & set(other) for hint in sides for one, other in combinations(hint, 2))
        or any(
            sum(bool(together & names) for names in clusters) > 1
            or any(sum(bool(together & set(names)) for names in hint) > 1 for hint in sides)
            for together in components(case, family)
        )
        or any(not case.refines and t.bounds[0] > 1 and everyone(t, family) & shared.keys() for t in of["templates"])
    )


def bounds_could_clash(case: Case) -> bool:
    bounds = [said.bounds for said in case.hints if said.kind == "templates"]
    return any(max(a[0], b[0]) > min(a[1], b[1]) for a, b in combinations(bounds, 2))


def check_hints_kept(case: Case, family: Family, plan: Plan) -> None:
    home = {x.name: x.cluster for m in plan.members for x in m.layers}
    shared = sharing_layers(case, family)
    assert {name for name, cluster in home.items() if cluster is not None} == set(shared)
    kernels = {c.name: c.kernel for c in plan.clusters}
    assert all(kernels[str(home[name])] == layer.kernel for name, layer in shared.items())
    for said in case.hints:
        names = everyone(said, family)
        if said.kind == "tie":
            assert len({home[name] for name in names}) == 1
        elif said.kind == "apart":
            one, other = ({home[name] for name in names} - {None} for names in layers_of(said, family))
            assert not one & other
        elif said.kind == "cluster":
            (cluster,) = {str(home[name]) for name in names}
            kernel = "linear" if cluster.startswith("linear") else f"conv{kernels[cluster][0]}x{kernels[cluster][1]}"
            assert cluster == f"{kernel}-{said.name}"
            (together,) = (found for found in components(case, family) if found & names)
            assert {name for name in home if home[name] == cluster} == together
    check_templates(case, family, plan)


def check_templates(case: Case, family: Family, plan: Plan) -> None:
    folded = {c.name: c.layers for c in plan.clusters if c.fold is not None}
    vectors = Counter[str]()
    for s in plan.superweights:
        vectors[s.cluster] += s.coefficient_vectors
    for s in plan.superweights:
        served = set(folded.get(s.cluster, s.users))
        useful = vectors[s.cluster] if s.cluster in folded else s.coefficient_vectors
        asked = [x.bounds for x in case.hints if x.kind == "templates" and everyone(x, family) & served]
        for low, high in asked or [(1, 8)]:
            assert min(low, useful) <= s.templates <= high
        assert s.templates <= useful


def check_cells(plan: Plan) -> None:
    """Each cell of each shared weight is covered once, and the parameters add up to no more than the budget."""
    by_id = {s.id: s for s in plan.superweights}
    for layer in (x for m in plan.members for x in m.layers if x.cluster is not None):
        cells = Counter(
            (row, column)
            for s in (by_id[name] for name in layer.superweights)
            for row in range(s.rectangle.row, s.rectangle.row + s.rectangle.rows)
            for column in range(s.rectangle.column, s.rectangle.column + s.rectangle.columns)
            if row < layer.shape[0] and column < layer.shape[1]
        )
        assert cells == Counter((row, column) for row in range(layer.shape[0]) for column in range(layer.shape[1]))
    area = {c.name: c.kernel[0] * c.kernel[1] for c in plan.clusters}
    folds = {c.name: c.fold for c in plan.clusters if c.fold is not None}
    size = sum(s.templates * s.rectangle.cells * area[s.cluster] for s in plan.superweights if s.cluster not in folds)
    size += sum(f.templates * f.rows * f.columns * area[name] for name, f in folds.items())
    size += sum(s.templates * s.coefficient_vectors for s in plan.superweights)
    size += sum(
        out * i * kh * kw for m in plan.members for x in m.layers if not x.cluster for out, i, kh, kw in [x.shape]
    )
    assert size + plan.parameters.norms + plan.parameters.biases == plan.parameters.total <= plan.budget


def check_diagnostics(error: SpecError, text: str) -> list[str]:
    for found in error.diagnostics:
        places = [found.primary, *(r.span for r in found.related)]
        assert re.fullmatch(r"SW0[3256]\d\d", found.code)
        for span in places:
            assert span is not None
            assert span.source.text == text
            assert 0 <= span.start < span.end <= len(text)
        if found.code in {"SW0501", "SW0502", "SW0504", "SW0505", "SW0506", "SW0508", "SW0509"}:
            assert len(places) > 1
    return [found.code for found in error.diagnostics]


def build(case: Case) -> Family | None:
    """The family; None where a pattern matches nothing, or a name or pattern is given twice."""
    try:
        return elaborate(check_text(case.text))
    except SpecError as error:
        codes = check_diagnostics(error, case.text)
        assert set(codes) <= {"SW0507", "SW0512"}
        return None


def planned(family: Family, clusters: Mapping[str, Sequence[str]] | None, text: str) -> Plan:
    """The plan, at the smallest budget there is one for if the family's is too small."""
    try:
        return plan_family(family, clusters, structure="s")
    except SpecError as error:
        if check_diagnostics(error, text) != ["SW0601"]:
            raise
        (least,) = re.findall(r"the smallest that can be planned is ([\d,]+)", error.diagnostics[0].summary)
    return plan_family(
        evolve(family, budget=Budget(int(least.replace(",", "")), "")),
        clusters or initial_clusters(family),
        structure="s",
    )


@settings(max_examples=250, deadline=None)
@given(cases())
def test_hints_are_kept_or_contradict_each_other(case: Case) -> None:
    family = build(case)
    assume(family is not None)
    if family is None:
        return
    try:
        plan = planned(family, None, case.text)
    except SpecError as error:
        codes = check_diagnostics(error, case.text)
        event("contradictory")
        assert all(code.startswith("SW05") for code in codes)
        assert contradictory(case, family) or (codes == ["SW0509"] * len(codes) and bounds_could_clash(case))
        return
    event("planned")
    assert not contradictory(case, family)
    check_hints_kept(case, family, plan)
    check_cells(plan)
    assert planned(family, None, case.text) == plan


@settings(max_examples=120, deadline=None)
@given(cases(methods=["gradient"]), st.integers(0, 10**6), st.sampled_from([-1.0, 0.0, 0.5]))
def test_whatever_a_search_measures_its_clusters_keep_the_hints(case: Case, seed: int, threshold: float) -> None:
    family = build(case)
    assume(family is not None)
    if family is None:
        return
    try:
        initial = initial_clusters(family)
    except SpecError:
        return
    layers: dict[str, list[str]] = {}
    for name, own in initial.items():
        layers.setdefault(name.partition("-")[0], []).extend(own)
    random = Random(seed)
    pools = [
        Pool(kernel, tuple(own), {pair: random.uniform(-1, 1) for pair in combinations(own, 2)})
        for kernel, own in layers.items()
    ]
    bound = search_hints(family)
    groups = regroup(pools, threshold, together=bound.together, apart=bound.apart)
    plan = planned(family, named_clusters(groups, family), case.text)
    check_hints_kept(case, family, plan)
    check_cells(plan)
