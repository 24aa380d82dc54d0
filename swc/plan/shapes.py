"""Parts the layers of each depth bin by their shapes, where bins alone cannot spend the budget.

The layers of a bin are put in order of their shapes and cut into runs of nearly equal length, so that those which
have most in common stay together: ``conv3x3-bin3-shape1`` holds the smallest. *Level* j of m, m being the length of
the longest bin, makes one run of every m / j layers: at level 1 bins are whole, at level m every layer is alone.

All bins are parted to the level below the first that can spend the budget. Then some go up to that one, those that gain
most first, until the budget can be spent. Bins whose fewest templates would then no longer fit are passed over; what
they leave goes to bins that still gain from having every layer alone. If the budget still cannot be spent, because
layers are few and large, the bin that costs least goes up after all, and the plan folds what does not fit.

Bins that have a template for each user of each SuperWeight gain nothing and stay whole, as do clusters made by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from attrs import frozen

from swc.plan.bins import Binning, Part
from swc.plan.bisection import least
from swc.plan.division import fits_folded
from swc.plan.plane import Plane, planes_of


@frozen(slots=False, eq=False)
class _Parted:
    """A bin in runs: the part that each run is by its name, and its plane."""

    runs: Mapping[str, Part]
    planes: Sequence[Plane]

    @cached_property
    def worth(self) -> int:
        """The most that the runs can spend while coefficients are no more than a tenth of it."""
        return sum(plane.most.worth for plane in self.planes)

    @cached_property
    def cost(self) -> int:
        """The least that the runs can spend while they are whole."""
        return sum(plane.whole_cost for plane in self.planes)


_Level = Mapping[str, _Parted]
"""Every bin, parted to one level."""


def part_by_shape(binning: Binning, bins: Mapping[str, Part], room: int, goal: int) -> dict[str, Part]:
    """Part bins until they can spend ``goal``, or else as much as parting them can make them spend.

    Args:
        binning: where the bins come from.
        bins: parts that can spend less than ``goal`` and that fit ``room`` as they are.
        room: parameters for templates and coefficients; runs that cannot be planned with those are not made.
        goal: how much of that should be spent.
    """
    levels = _Levels(binning, bins)
    goal = min(goal, levels.worth(levels.most))
    if levels.worth(1) >= goal:
        return dict(bins)
    high = least(1, levels.most, lambda level: levels.worth(level) >= goal or levels.cost(level) > room)
    chosen = dict(levels.at(high - 1))
    _raise(chosen, levels.at(high), room, goal)
    _raise(chosen, levels.at(levels.most), room, goal)
    if sum(parted.worth for parted in chosen.values()) < goal:
        _overdraw(chosen, levels.at(high), room)
    return {name: run for parted in chosen.values() for name, run in parted.runs.items()}


def cut_by_shape(binning: Binning, bins: Mapping[str, Part], runs: int) -> dict[str, Part]:
    """Cut each bin into so many runs, or one for each of its layers; clusters made by hand stay what they are."""
    return {
        name: run
        for bin_name, part in bins.items()
        for name, run in _runs(bin_name, part, 1 if binning.is_hand_made(part) else min(runs, len(part))).items()
    }


class _Levels:
    """The bins at each level, each level made once."""

    def __init__(self, binning: Binning, bins: Mapping[str, Part]) -> None:
        self._binning = binning
        self._bins = bins
        planes = planes_of(binning.family, binning.clusters(bins))
        self._fixed = {p.name for p in planes if _is_full(p) or binning.is_hand_made(bins[p.name])}
        self._known: dict[int, _Level] = {}
        self.most = max((len(part) for name, part in bins.items() if name not in self._fixed), default=1)

    def at(self, level: int) -> _Level:
        """Every bin at this level, in the order of the bins."""
        if level not in self._known:
            runs = {
                name: {name: part} if name in self._fixed else _runs(name, part, -(-len(part) * level // self.most))
                for name, part in self._bins.items()
            }
            clusters = self._binning.clusters({run: part for own in runs.values() for run, part in own.items()})
            planes = {plane.name: plane for plane in planes_of(self._binning.family, clusters)}
            self._known[level] = {name: _Parted(own, [planes[run] for run in own]) for name, own in runs.items()}
        return self._known[level]

    def worth(self, level: int) -> int:
        """What all bins are worth at this level."""
        return sum(parted.worth for parted in self.at(level).values())

    def cost(self, level: int) -> int:
        """The least that all bins can spend while they are whole at this level."""
        return sum(parted.cost for parted in self.at(level).values())


def _is_full(plane: Plane) -> bool:
    """Whether each SuperWeight may have a template for each layer that uses it."""
    return all(piece.high >= piece.users for piece in plane.pieces)


def _runs(name: str, part: Part, count: int) -> dict[str, Part]:
    """Cut a part, in order of shapes, into runs of nearly equal length; their names never end like a hand-made one."""
    if count == 1:
        return {name: part}
    name = name if "-" in name else f"{name}-bin1"
    ordered = sorted(part, key=lambda group: max((layer.out, layer.inputs) for layer in group))
    ends = [len(part) * k // count for k in range(count + 1)]
    return {f"{name}-shape{k + 1}": ordered[ends[k] : ends[k + 1]] for k in range(count)}


def _raise(chosen: dict[str, _Parted], level: _Level, room: int, goal: int) -> None:
    """Bring bins to a level, those that gain most first, until the goal is reached; pass over what would not fit."""
    worth = sum(parted.worth for parted in chosen.values())
    cost = sum(parted.cost for parted in chosen.values())
    gains = {name: level[name].worth - parted.worth for name, parted in chosen.items()}
    for name in sorted(gains, key=lambda name: (-gains[name], name)):
        if gains[name] <= 0 or worth >= goal:
            break
        more = level[name].cost - chosen[name].cost
        if cost + more <= room:
            worth, cost = worth + gains[name], cost + more
            chosen[name] = level[name]


def _overdraw(chosen: dict[str, _Parted], level: _Level, room: int) -> None:
    """Bring the bin to a level that costs least among those that gain, if what does not fit then can be folded."""
    gaining = [name for name, parted in chosen.items() if level[name].worth > parted.worth]
    if gaining:
        name = min(gaining, key=lambda name: (level[name].cost - chosen[name].cost, name))
        trial = {**chosen, name: level[name]}
        if fits_folded([plane for parted in trial.values() for plane in parted.planes], room):
            chosen[name] = level[name]
