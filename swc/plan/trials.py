"""Numbers of bins tried for a family: what their clusters could spend, counted without making any SuperWeight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import inf

from attrs import field, frozen

from swc.plan.bins import Binning, Part
from swc.plan.bisection import least
from swc.plan.division import fits_folded, fits_whole
from swc.plan.plane import Plane, planes_of


@frozen
class Trial:
    """A number of bins and the parts that it makes.

    ``worth`` is the most that they can spend while coefficients are no more than a tenth of it, -1 if they cannot be
    planned. ``coefficients`` is about what these take if all clusters are whole, infinite if they do not fit whole.
    """

    bins: int
    parts: Mapping[str, Part]
    worth: int
    coefficients: float


@frozen(slots=False, eq=False)
class Trials:
    """Counts for any number of bins what they can spend of ``room`` parameters, each number once."""

    binning: Binning
    room: int
    _known: dict[int, Trial] = field(factory=dict, init=False)

    @cached_property
    def most(self) -> int:
        """As many bins as the deepest member has layers: with more, hardly any layers would part."""
        return max((len(member.layers) for member in self.binning.family.members), default=1)

    def at(self, bins: int) -> Trial:
        """What so many bins come to; nothing, if their clusters cannot be planned at all."""
        if bins not in self._known:
            parts = self.binning.parts(bins)
            planes = planes_of(self.binning.family, self.binning.clusters(parts))
            fits = fits_whole(planes, self.room)
            if fits or fits_folded(planes, self.room):
                worth = sum(plane.most.worth for plane in planes)
                self._known[bins] = Trial(bins, parts, worth, _coefficients(planes, self.room) if fits else inf)
            else:
                self._known[bins] = Trial(bins, parts, -1, inf)
        return self._known[bins]

    def fewest(self, goal: int) -> Trial:
        """The fewest bins whose worth reaches the goal, many to within an eighth; if none does, those of most worth.

        They are found by doubling and bisection. One bin it is where that cannot be planned: its smallest budget is
        the smallest for any number (but for some layers with fewer cells than they are to have templates).
        """
        low, high = 0, 1
        if self.at(1).worth < 0:
            return self.at(1)
        while self.at(high).worth < goal:
            if high == self.most:
                return max(self._known.values(), key=lambda trial: (trial.worth, -trial.bins))
            low, high = high, min(2 * high, self.most)
        return self.at(least(low, high, lambda bins: self.at(bins).worth >= goal, within=max(1, low // 8)))

    def finer(self, bins: int) -> Iterator[Trial]:
        """Twice, four times, ... as many bins, at last the most there are."""
        while bins < self.most:
            bins = min(2 * bins, self.most)
            yield self.at(bins)


def _coefficients(planes: Sequence[Plane], room: int) -> float:
    """About what whole clusters spend on coefficients, if they go evenly from the fewest templates to the most."""
    fewest = sum(plane.fewest.coefficients for plane in planes)
    most = sum(plane.most.coefficients for plane in planes)
    cost = sum(plane.whole_cost for plane in planes)
    capacity = sum(plane.capacity for plane in planes)
    part = min(1.0, (room - cost) / (capacity - cost)) if capacity > cost else 0.0
    return fewest + part * (most - fewest)
