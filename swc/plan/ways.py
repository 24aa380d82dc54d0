"""What would let a plan spend its budget: changes to the `share` section, each tried before it is advised.

A way counts if the family, planned with it, uses 99% of the budget, or 99.9% above a million. Of numbers (a cap on
templates, bins) the smallest is named that was found: by doubling, then by bisection. Planning a very large family
takes seconds: there the first way that works is named, and of its numbers the first of the doubling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from math import ceil

from attrs import evolve, frozen

from swc.diagnostics import SpecError
from swc.family import Clustering, ClusterMethod, Family, Refinement, Sharing
from swc.family.written import bounds, hint
from swc.plan.bins import Clusters
from swc.plan.bisection import least
from swc.plan.bound_notes import GENERAL, binding_bounds
from swc.plan.bounds import Bounds
from swc.plan.clusters import DEPTH_BINS, initial_clusters
from swc.plan.cost import slack
from swc.plan.hints import binned_groups
from swc.plan.model import Plan
from swc.plan.planner import plan_family

_MOST = 3
"""Ways that a message names."""

_LARGE = 4_000
"""Layers from which on a plan takes so long that few are tried."""

_CAP = 1_000  # the most templates, and the most bins, that a spec can ask for


def spends(plan: Plan) -> bool:
    """Whether a plan uses at least 99% of its budget, or 99.9% of one above a million."""
    return plan.budget - plan.parameters.total <= slack(plan.budget)


def ways_to_spend(family: Family, plan: Plan) -> tuple[str, ...]:
    """What to write so that the family's budget is spent, in words; at most three ways, none if none was found."""
    trial = _Trial(family, plan, _given(family, plan))
    return tuple(islice(_ways(trial), 1 if trial.is_large else _MOST))


def ways_to_be_alone(family: Family, plan: Plan) -> tuple[str, ...]:
    """What to write so that a budget as large as the members on their own is spent; nothing if it is anyway."""
    alone = evolve(family, budget=evolve(family.budget, parameters=family.parameters_independent))
    done = _planned(alone, _given(family, plan))
    return () if done is None or spends(done) else ways_to_spend(alone, done)


def lower_budget(family: Family, plan: Plan) -> str:
    """The budget that the plan uses up, named if planning with it does use it up."""
    less = evolve(family, budget=evolve(family.budget, parameters=plan.parameters.total))
    done = _planned(less, _given(family, plan))
    return f"lower the budget to {plan.parameters.total}" if done and spends(done) else "lower the budget"


def _given(family: Family, plan: Plan) -> Clusters | None:
    """The plan's clusters where they are not those that the family starts from, but come from a lock file."""
    clusters = {cluster.name: cluster.layers for cluster in plan.clusters}
    return None if clusters == initial_clusters(family) else clusters


def _planned(family: Family, clusters: Mapping[str, Sequence[str]] | None) -> Plan | None:
    try:
        return plan_family(family, clusters, structure="")
    except SpecError:
        return None


@frozen
class _Trial:
    """The family, the plan that leaves budget unspent, and its clusters if a lock file gives them."""

    family: Family
    plan: Plan
    clusters: Clusters | None

    @property
    def is_large(self) -> bool:
        """Whether planning the family takes so long that as little as possible should be tried."""
        return len(self.family.layers) >= _LARGE

    def least(self, failing: int, working: int, works: Callable[[int], bool]) -> int:
        """The least number that works; in a large family the one that is known to."""
        return working if self.is_large else least(failing, working, works)

    def plan_with(self, sharing: Sharing) -> Plan | None:
        """The plan with another `share` section, or None where that cannot be planned."""
        return _planned(evolve(self.family, sharing=sharing), self.clusters)

    def spends(self, sharing: Sharing) -> bool:
        """Whether the budget is spent with another `share` section."""
        plan = self.plan_with(sharing)
        return plan is not None and spends(plan)


def _ways(trial: _Trial) -> Iterator[str]:
    sharing = trial.family.sharing
    yield from _more_templates(trial)
    if trial.clusters is None:
        yield from _more_bins(trial)
        yield from _free_clusters(trial)
    elif _Trial(trial.family, trial.plan, None).spends(sharing):
        yield "part the layers into more clusters (search with a higher threshold)"
    yield from _refinement(trial)
    if sharing.ties or sharing.hand_made:
        kinds = " and ".join(
            f"`{kind}`" for kind, hints in (("tie", sharing.ties), ("cluster", sharing.hand_made)) if hints
        )
        if trial.spends(evolve(sharing, ties=(), hand_made=())):
            yield f"hold fewer layers together ({kinds})"


def _more_templates(trial: _Trial) -> Iterator[str]:
    """Raise every bound that keeps a SuperWeight from having more templates, all by the same factor."""
    family = trial.family
    sharing, plan, factor = family.sharing, trial.plan, 1
    binding: frozenset[int] = frozenset()
    while not spends(plan):
        found = binding_bounds(evolve(family, sharing=sharing), plan)
        # Where no bound binds, other templates may still fit better into what is left: that is tried once.
        binding |= found or ({GENERAL} if not binding else set())
        factor *= 2
        raised = _raised(family.sharing, binding, Fraction(factor))
        planned = trial.plan_with(raised) if raised != sharing and (found or sharing is family.sharing) else None
        if planned is None:
            return
        sharing, plan = raised, planned
    high = family.sharing.templates[1] if GENERAL in binding else family.sharing.template_hints[min(binding)].bounds[1]
    cap = trial.least(
        high * factor // 2,
        high * factor,
        lambda cap: trial.spends(_raised(family.sharing, binding, Fraction(cap, high))),
    )
    yield f"allow more ({_bounds_words(_raised(family.sharing, binding, Fraction(cap, high)), binding)})"


def _raised(sharing: Sharing, binding: frozenset[int], factor: Fraction) -> Sharing:
    """The section with some upper bounds multiplied, as far as a spec may go."""

    def more(bounds: Bounds) -> Bounds:
        return bounds[0], min(ceil(bounds[1] * factor), _CAP)

    hints = sharing.template_hints
    return evolve(
        sharing,
        templates=more(sharing.templates) if GENERAL in binding else sharing.templates,
        template_hints=tuple(evolve(x, bounds=more(x.bounds)) if k in binding else x for k, x in enumerate(hints)),
    )


def _bounds_words(sharing: Sharing, binding: frozenset[int]) -> str:
    words = [f"`templates {bounds(sharing.templates)}`"] if GENERAL in binding else []
    words += [f"`templates {hint(sharing.template_hints[number])}`" for number in sorted(binding - {GENERAL})]
    return " and ".join(words)


def _more_bins(trial: _Trial) -> Iterator[str]:
    """More bins of depth than there are, where the spec gives their number or says `clusters depth`."""
    sharing = trial.family.sharing
    if sharing.clustering.method is ClusterMethod.SINGLE:
        return
    start = sharing.bins or (DEPTH_BINS if sharing.clustering.method is ClusterMethod.DEPTH else _CAP)
    most = min(_CAP, binned_groups(trial.family).get(None, 0))
    bins = start
    while bins < most:
        before, bins = bins, min(2 * bins, most)
        if trial.spends(evolve(sharing, bins=bins)):
            enough = trial.least(before, bins, lambda number: trial.spends(evolve(sharing, bins=number)))
            yield f"part the layers into more clusters (`bins {enough}`)"
            return


def _free_clusters(trial: _Trial) -> Iterator[str]:
    """As many clusters as the budget takes, where the spec says how many there are."""
    sharing = trial.family.sharing
    searched = sharing.clustering.method is ClusterMethod.GRADIENT
    if (searched and sharing.bins is None) or not trial.spends(evolve(sharing, clustering=Clustering(), bins=None)):
        return
    ways = [*([] if searched else ["`clusters gradient`"]), *(["leave out `bins`"] if sharing.bins is not None else [])]
    yield f"let the budget decide how many clusters there are ({', and '.join(ways)})"


def _refinement(trial: _Trial) -> Iterator[str]:
    """Coefficient vectors of their own for the layers, and more templates if that takes them."""
    family = trial.family
    if family.sharing.refinement is not None:
        return
    epochs = family.recipe.epochs
    refinement = Refinement(after=Refinement().after if Refinement().after < epochs else max(1, epochs // 2))
    way = f"let coefficients part (`refine gradient(threshold={refinement.threshold:g}, after={refinement.after})`)"
    sharing = evolve(family.sharing, refinement=refinement)
    plan = trial.plan_with(sharing)
    if plan is None:
        return
    if spends(plan):
        yield way
        return
    for more in _more_templates(_Trial(evolve(family, sharing=sharing), plan, trial.clusters)):
        yield f"{way} and {more}"
