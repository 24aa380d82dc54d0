"""As few clusters as it takes for the budget to be spendable under the cap on templates.

A SuperWeight has at most as many templates as the cap, or as layers use it, so what clusters can spend grows as they
are parted. First by depth: the fewest bins that do. Where even layers of one depth are too many for the cap (sixteen
members of equal depth and eight templates, or any members with ``refine none``), each bin is parted further by shape
(``swc.plan.shapes``).

What clusters can spend at most, they need not be able to spend exactly: one template of a cluster of many small layers
is mostly coefficients and may be more than what is left, and between the largest tiles and the fewest whole templates
there may be a gap. So the budget is divided between the clusters, and where that leaves too much, between those of
twice as many bins and so on, at last between shorter and shorter runs of the finest bins.

Coefficients spend a budget too, but what they spend is no freedom for the layers: where many layers of shapes that do
not nest share a cluster, its SuperWeights are many and small, and each has a coefficient vector per user and template.
So what coefficients take beyond a tenth does not count as spendable (``Spending.worth``); and where whole clusters
would still spend more than that on them, because they need not have the most templates, twice as many bins are tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf

from attrs import frozen

from swc.family import Family
from swc.plan.bins import Binning, Clusters, Part
from swc.plan.cost import available, slack
from swc.plan.division import Division, cost_of, divide, templates_of
from swc.plan.plane import FEW, Plane, planes_of
from swc.plan.shapes import cut_by_shape, part_by_shape
from swc.plan.trials import Trial, Trials


@frozen
class Start:
    """The clusters that a family starts from; their planes and division too, if choosing them took these."""

    clusters: Clusters
    planes: Sequence[Plane] = ()
    division: Division | None = None

    @property
    def spent(self) -> int:
        """Parameters that the division spends, -1 without one."""
        return -1 if self.division is None else cost_of(self.division)

    @property
    def templates(self) -> int:
        """Parameters of its templates, -1 without a division."""
        return -1 if self.division is None else templates_of(self.planes, self.division)


def spendable(family: Family) -> Start:
    """As few clusters as can spend the budget, for a family that does not say how many bins there shall be."""
    room = available(family)
    goal = room - slack(family.budget.parameters)
    trials = Trials(Binning(family), room)
    trial = trials.fewest(goal)
    if trial.worth < 0:
        return Start(trials.binning.clusters(trial.parts))
    finer = _sparing(trials, trial, goal)
    if finer is not None and finer.coefficients * FEW <= room:
        start = _started(trials, finer.parts, goal)
        if start.spent >= goal:
            return start
    best = _spending(trials, trial, goal)
    if finer is not None and finer.coefficients * FEW > room:
        start = _started(trials, finer.parts, goal)
        if start.spent >= goal and start.templates > best.templates:
            return start
    return best


def _sparing(trials: Trials, trial: Trial, goal: int) -> Trial | None:
    """The fewest bins, doubled again and again, that spend little on coefficients; or those that spend least.

    None if that is the number tried already, or that cannot spend the goal either or does not fit whole.
    """
    if trial.worth < goal or trial.coefficients == inf:
        return None
    best = trial
    for finer in trials.finer(trial.bins):
        if best.coefficients * FEW <= trials.room:
            break
        if finer.worth >= goal and finer.coefficients < best.coefficients:
            best = finer
    return None if best is trial else best


def _spending(trials: Trials, trial: Trial, goal: int) -> Start:
    """The bins, parted by shape if need be, and where they leave too much of the budget, finer ones."""
    parts = trial.parts
    if trial.worth < goal:
        parts = part_by_shape(trials.binning, parts, trials.room, goal)
    best = _started(trials, parts, goal)
    if best.division is None or best.spent >= goal or sum(plane.capacity for plane in best.planes) < goal:
        return best
    for finer in _finer(trials, trial.bins):
        best = max(best, _started(trials, finer, goal), key=lambda start: start.spent)
        if best.spent >= goal:
            break
    return best


def _started(trials: Trials, parts: Mapping[str, Part], goal: int) -> Start:
    """The clusters that parts are, with the budget divided between them."""
    clusters = trials.binning.clusters(parts)
    planes = planes_of(trials.binning.family, clusters)
    return Start(clusters, planes, divide(planes, trials.room, trials.room - goal))


def _finer(trials: Trials, bins: int) -> Iterator[Mapping[str, Part]]:
    """Twice, four times, ... as many bins; then the finest in two, four, ... runs, until each layer is alone."""
    yield from (trial.parts for trial in trials.finer(bins))
    finest = trials.at(trials.most).parts
    longest = max(len(part) for part in finest.values())
    runs = 1
    while runs < longest:
        runs = min(2 * runs, longest)
        yield cut_by_shape(trials.binning, finest, runs)
