"""As few clusters as it takes for the budget to be spendable under the cap on templates.

A SuperWeight has at most as many templates as the cap, or as layers use it, so what clusters can spend grows as they
are parted. First by depth: the fewest bins that do. Where even layers of one depth are too many for the cap (sixteen
members of equal depth and eight templates, or any members with ``refine none``), each bin is parted further by shape
(``swc.plan.shapes``).

What clusters can spend at most, they need not be able to spend exactly: one template of a cluster of many small layers
is mostly coefficients and may be more than what is left, and between the largest tiles and the fewest whole templates
there may be a gap. So the budget is divided between the clusters, and where that leaves too much, between those of
twice as many bins and so on, at last between shorter and shorter runs of the finest bins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from swc.family import Family
from swc.plan.bins import Binning, Clusters, Part
from swc.plan.cost import available, slack
from swc.plan.division import Division, cost_of, divide, fits_whole, smallest
from swc.plan.plane import Plane, planes_of
from swc.plan.shapes import cut_by_shape, part_by_shape


@frozen
class Start:
    """The clusters that a family starts from; their planes and division too, if choosing them took these."""

    clusters: Clusters
    planes: Sequence[Plane] = ()
    division: Division | None = None


@frozen
class _Tried:
    """A number of bins, the parts that it makes, and the most that they can spend (-1 if they cannot be planned)."""

    bins: int
    parts: Mapping[str, Part]
    capacity: int


def spendable(family: Family) -> Start:
    """As few clusters as can spend the budget, for a family that does not say how many bins there shall be."""
    binning = Binning(family)
    room = available(family)
    goal = room - slack(family.budget.parameters)
    tried = _bins(binning, room, goal)
    parts = tried.parts if tried.capacity >= goal else part_by_shape(binning, tried.parts, room, goal)
    clusters = binning.clusters(parts)
    planes = planes_of(family, clusters)
    best = Start(clusters, planes, divide(planes, room, room - goal))
    if best.division is None or sum(plane.capacity for plane in planes) < goal:
        return best
    spent = cost_of(best.division)
    if spent >= goal:
        return best
    for finer in _finer(binning, tried.bins):
        clusters = binning.clusters(finer)
        planes = planes_of(family, clusters)
        division = divide(planes, room, room - goal)
        if division is not None and cost_of(division) > spent:
            best, spent = Start(clusters, planes, division), cost_of(division)
        if spent >= goal:
            break
    return best


def _finer(binning: Binning, bins: int) -> Iterator[Mapping[str, Part]]:
    """Twice, four times, ... as many bins; then the finest in two, four, ... runs, until each layer is alone."""
    most = _most(binning)
    while bins < most:
        bins = min(2 * bins, most)
        yield binning.parts(bins)
    finest = binning.parts(most)
    longest = max(len(part) for part in finest.values())
    runs = 1
    while runs < longest:
        runs = min(2 * runs, longest)
        yield cut_by_shape(binning, finest, runs)


def _most(binning: Binning) -> int:
    """As many bins as the deepest member has layers: with more, hardly any layers would part."""
    return max((len(member.layers) for member in binning.family.members), default=1)


def _bins(binning: Binning, room: int, goal: int) -> _Tried:
    """The fewest bins whose capacity reaches the goal, found by doubling and bisection.

    If none does, those of the numbers tried that can spend most.
    """
    tried: dict[int, _Tried] = {}

    def capacity(bins: int) -> int:
        tried[bins] = _try(binning, bins, room)
        return tried[bins].capacity

    most = _most(binning)
    low, high = 0, 1
    while capacity(high) < goal and high < most:
        low, high = high, min(2 * high, most)
    if tried[high].capacity < goal:
        return max(tried.values(), key=lambda found: (found.capacity, -found.bins))
    while high - low > 1:
        middle = (low + high) // 2
        if capacity(middle) < goal:
            low = middle
        else:
            high = middle
    return tried[high]


def _try(binning: Binning, bins: int, room: int) -> _Tried:
    """Count what bins can spend.

    More than one only counts if its clusters can be planned at all: what one can plan, a larger budget must not lose.
    """
    parts = binning.parts(bins)
    planes = planes_of(binning.family, binning.clusters(parts))
    feasible = bins == 1 or fits_whole(planes, room) or smallest(planes) <= room
    return _Tried(bins, parts, sum(plane.capacity for plane in planes) if feasible else -1)
