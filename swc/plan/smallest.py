"""The smallest budget of a family, and what would let it be smaller: changes of the spec, each tried.

A change is named with the budget that would do then, unless the family is so large that finding it takes long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve

from swc.diagnostics import SpecError
from swc.family import Clustering, ClusterMethod, Family, Hint, Sharing
from swc.family.written import bounds, hint
from swc.plan.clusters import initial_clusters
from swc.plan.cost import available
from swc.plan.division import smallest
from swc.plan.hints import matched
from swc.plan.plane import planes_of

_LARGE = 4_000
"""Layers from which on nothing is tried."""


def smallest_budget(family: Family, clusters: Mapping[str, Sequence[str]] | None = None) -> int:
    """The smallest budget that :func:`swc.plan.plan_family` can meet, exactly; the family's own does not matter.

    Without ``clusters`` those are meant that the family starts from at such a budget.

    Raises:
        SpecError: hints contradict each other.
    """
    if clusters is None:
        clusters = initial_clusters(evolve(family, budget=evolve(family.budget, parameters=0)))
    planes = planes_of(family, clusters)
    return family.budget.parameters - available(family) + smallest(planes)


def ways_to_need_less(family: Family, clusters: Mapping[str, Sequence[str]] | None) -> tuple[str, ...]:
    """What to write so that a smaller budget will do, in words, with the smallest that would do then.

    Args:
        family: the family.
        clusters: those of a lock file, None if the family's own are planned.
    """
    now, large = smallest_budget(family, clusters), len(family.layers) >= _LARGE
    found = []
    for words, sharing in _changes(family, locked=clusters is not None):
        if large:
            found.append(words)
            continue
        try:
            then = smallest_budget(evolve(family, sharing=sharing))
        except SpecError:
            continue
        if then < now:
            found.append(f"{words}, and {then:,} will do")
    return tuple(found)


def _changes(family: Family, *, locked: bool) -> Iterator[tuple[str, Sharing]]:
    """Each change in words, and the `share` section that it leads to."""
    sharing = family.sharing
    if locked:
        yield "share by kernel size (`--no-lock`)", sharing
        return
    yield from _heads(family)
    if sharing.private:
        yield "let layers share that `private` keeps out", evolve(sharing, private=())
    yield from _fewer_templates(sharing)
    if sharing.bins is not None or sharing.bin_hints or sharing.clustering.method is ClusterMethod.DEPTH:
        single = evolve(sharing, clustering=Clustering(method=ClusterMethod.SINGLE), bins=None, bin_hints=())
        yield "part layers into fewer bins", single
    if sharing.hand_made:
        yield "make fewer clusters by hand (`cluster`)", evolve(sharing, hand_made=())
    if sharing.aparts:
        yield "keep fewer layers apart (`apart`)", evolve(sharing, aparts=())
    if sharing.refinement is not None:
        yield "reserve no coefficients for refinement (`refine none`)", evolve(sharing, refinement=None)


def _heads(family: Family) -> Iterator[tuple[str, Sharing]]:
    sharing = family.sharing
    private = matched(sharing.private)
    heads = tuple(x.name for x in family.layers if x.head and x.name not in private | matched(sharing.public))
    if heads:
        last = {name.rpartition(".")[2] for name in heads}
        named = tuple(x.name for x in family.layers if x.name.rpartition(".")[2] in last)
        pattern = f"*.{min(last)}" if len(last) == 1 and named == heads and len(heads) > 1 else ", ".join(heads)
        yield f"let heads share (`public {pattern}`)", evolve(sharing, public=(*sharing.public, Hint(heads, (heads,))))


def _fewer_templates(sharing: Sharing) -> Iterator[tuple[str, Sharing]]:
    """The lower bounds on templates, all at one."""
    hints = tuple(evolve(x, bounds=(1, x.bounds[1])) for x in sharing.template_hints)
    fewer = evolve(sharing, templates=(1, sharing.templates[1]), template_hints=hints)
    if fewer == sharing:
        return
    words = [bounds(fewer.templates)] if fewer.templates != sharing.templates else []
    words += [hint(new) for new, old in zip(hints, sharing.template_hints, strict=True) if new != old]
    yield f"ask for fewer templates ({' and '.join(f'`templates {each}`' for each in words)})", fewer
