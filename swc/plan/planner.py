"""The planner's entry points: from a family and its clusters to the sharing plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from swc.diagnostics import SpecError
from swc.family import Family
from swc.plan.build import build_plan
from swc.plan.clusters import initial_clusters, start_of
from swc.plan.contradictions import check_hints
from swc.plan.cost import available, slack
from swc.plan.division import divide, fits_whole, least_costs, smallest
from swc.plan.locked import Place, check_clusters
from swc.plan.model import Plan
from swc.plan.plane import planes_of
from swc.plan.report import too_small
from swc.plan.spendable import Start


def plan_family(
    family: Family,
    clusters: Mapping[str, Sequence[str]] | None = None,
    *,
    structure: str,
    place: Place = lambda _: None,
) -> Plan:
    """Plan what is shared and what it costs (DESIGN section 4; paper sec. 2.1).

    Args:
        family: the elaborated family.
        clusters: layer names by cluster name, as a lock file has them; the initial clusters if None.
        structure: structural hash of the family, kept in the plan.
        place: where a layer or a cluster stands in the lock file, for messages.

    Returns:
        A plan of at most ``family.budget.parameters`` parameters. It depends on nothing but the arguments.

    Raises:
        SpecError: hints contradict each other (SW05xx), clusters and spec do not agree (SW071x), or the budget is
            below the smallest that can be planned (SW0601).
    """
    if clusters is None:
        start = start_of(family)
    else:
        check_hints(family)
        check_clusters(family, clusters, place)
        start = Start({name: tuple(layers) for name, layers in clusters.items()})
    planes = start.planes or planes_of(family, start.clusters)
    division = start.division or divide(planes, available(family), slack(family.budget.parameters))
    if division is None:
        raise SpecError((too_small(family, least_costs(planes), clusters),))
    return build_plan(family, planes, division, structure)


def fits(family: Family, clusters: Mapping[str, Sequence[str]]) -> bool:
    """Whether clusters can be planned within the budget without more folding than the family needs anyway.

    True when the fewest templates allowed fit for every SuperWeight of every cluster. If they do not fit even in the
    initial clusters, true when the clusters can be folded into the budget.

    Raises:
        SpecError: hints contradict each other.
    """
    room = available(family)
    planes = planes_of(family, clusters)
    if fits_whole(planes, room):
        return True
    return not fits_whole(planes_of(family, initial_clusters(family)), room) and smallest(planes) <= room
