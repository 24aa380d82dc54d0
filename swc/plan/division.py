"""Divides what the budget leaves for sharing between the clusters: whole where that fits, folded where it does not.

*Whole.* If the fewest templates allowed fit for every SuperWeight, all clusters stay whole and templates are handed
out (``swc.plan.allocate``).

*Folded.* Otherwise clusters stay whole from the cheapest upwards as long as they take up at most a tenth of what is
available together; the others are folded into shares in proportion to what their cost with the fewest templates is
worth (``Spending.worth``), but at least what each can be folded into and at most what its largest tiles take. Larger
clusters choose first, among ways that leave at most a hundredth of their share, and what they leave goes to the others;
what is left in the end buys the whole ones more templates.

*Traded.* Where shapes do not nest, a whole cluster can be mostly coefficients: many small SuperWeights of many users
each. If coefficients take a tenth of its cost or more, it is folded into what it costs, provided that its tiles then
have a tenth more parameters in templates, and no more than its layers have weights.

*Settled.* Should more than the slack still be left, because templates or tiles are too coarse, one cluster is folded
(again) into what it has and what is left: the cheapest for which that uses up the budget.

*Exchanged.* At last every folded cluster is cut in the best way that what is left pays for, and that leaves no more
than may stay unspent. So no way to spend as much is better than the one that is chosen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from attrs import frozen

from swc.plan.allocate import allocate, spent
from swc.plan.plane import Plane
from swc.plan.tiles import Choice, Tiling

# Clusters that take up no more than this part of what is available stay whole when others are folded.
_TINY = 10
# A cluster may leave this part of its share to others for the sake of better tiles.
_LOOSE = 100
# Tiles are looked for if coefficients take up this part of a whole cluster's cost, and taken if they hold so much more.
_COSTLY = 10


@frozen
class Whole:
    """Templates for each SuperWeight of a whole cluster, in the order of ``Plane.pieces``, and their cost."""

    counts: tuple[int, ...]
    cost: int


Division = Mapping[str, Whole | Choice]


def divide(planes: Sequence[Plane], available: int, slack: int) -> Division | None:
    """Decide for each cluster how it gets its weights; None if even the cheapest way exceeds what is available.

    Args:
        planes: the clusters, names distinct.
        available: parameters for templates and coefficients together; never exceeded.
        slack: parameters that may stay unspent if finding a use for them takes folding.
    """
    whole = _whole(planes, available, slack) if fits_whole(planes, available) else None  # counted before it is made
    division = whole or _folded(planes, available, slack)
    if division is None:
        return None
    settled = _settled(planes, _traded(planes, division), available, slack)
    return _exchanged(planes, settled, available, slack)


def smallest(planes: Sequence[Plane]) -> int:
    """The fewest parameters that templates and coefficients of these clusters can have, exactly."""
    return sum(_least(Tiling(plane)) for plane in planes)


def least_costs(planes: Sequence[Plane]) -> dict[str, int]:
    """The fewest parameters that each cluster's templates and coefficients can have, by its name."""
    return {plane.name: _least(Tiling(plane)) for plane in planes}


def fits_folded(planes: Sequence[Plane], available: int) -> bool:
    """Whether the cheapest ways fit, exactly."""
    return _fit([Tiling(plane) for plane in planes], available)


def fits_whole(planes: Sequence[Plane], available: int) -> bool:
    """Whether the fewest templates allowed fit for every SuperWeight."""
    return sum(plane.whole_cost for plane in planes) <= available


def cost_of(division: Division) -> int:
    """Parameters that a division spends on templates and coefficients."""
    return sum(part.cost for part in division.values())


def templates_of(planes: Sequence[Plane], division: Division) -> int:
    """Parameters that a division spends on templates alone."""
    return sum(_templates(plane, division[plane.name]) for plane in planes)


def _templates(plane: Plane, part: Whole | Choice) -> int:
    if isinstance(part, Choice):
        return part.fold.templates * part.fold.rows * part.fold.columns * plane.area
    return sum((piece.cost - piece.vectors) * count for piece, count in zip(plane.pieces, part.counts, strict=True))


def _least(tiling: Tiling) -> int:
    return min(tiling.plane.whole_cost, tiling.smallest.cost)


def _cheap(tiling: Tiling) -> int:
    """A bound on the least, found at once."""
    return min(tiling.plane.whole_cost, tiling.cheap.cost)


def _fit(tilings: Sequence[Tiling], available: int) -> bool:
    """Whether the cheapest ways fit; what is cheap is looked at first."""
    return sum(map(_cheap, tilings)) <= available or sum(map(_least, tilings)) <= available


def _is_full(plane: Plane, part: Whole | Choice) -> bool:
    return part.cost == plane.capacity


def _whole(planes: Sequence[Plane], available: int, slack: int) -> dict[str, Whole | Choice] | None:
    """Keep all clusters whole and hand out templates; None if the fewest allowed do not fit."""
    counts = allocate([piece for plane in planes for piece in plane.pieces], available, slack)
    if counts is None:
        return None
    division: dict[str, Whole | Choice] = {}
    start = 0
    for plane in planes:
        own = counts[start : start + len(plane.pieces)]
        division[plane.name] = Whole(tuple(own), spent(plane.pieces, own))
        start += len(plane.pieces)
    return division


def _traded(planes: Sequence[Plane], division: Division) -> Division:
    """Fold clusters that are mostly coefficients, where tiles of the same cost have more parameters in templates."""
    traded = dict(division)
    for plane in planes:
        part = division[plane.name]
        if not isinstance(part, Whole):
            continue
        templates, tiling = _templates(plane, part), Tiling(plane)
        # Where even the largest templates leave something, smaller ones would spend that on coefficients again.
        if (part.cost - templates) * _COSTLY < part.cost or tiling.largest < part.cost:
            continue
        choice = tiling.readily(part.cost, part.cost // _LOOSE)
        if choice and templates * (_COSTLY + 1) < _templates(plane, choice) * _COSTLY <= plane.weights * _COSTLY:
            traded[plane.name] = choice
    return traded


def _folded(planes: Sequence[Plane], available: int, slack: int) -> dict[str, Whole | Choice] | None:
    by_cost = [Tiling(plane) for plane in sorted(planes, key=lambda plane: (plane.whole_cost, plane.name))]
    if not _fit(by_cost, available):
        return None
    folded = by_cost[_kept_whole(by_cost, available) :]
    whole = [tiling.plane for tiling in by_cost[: len(by_cost) - len(folded)]]
    left = available - sum(plane.whole_cost for plane in whole)
    division: dict[str, Whole | Choice] = {}
    while folded:
        share = _share(folded, left)
        tiling = folded.pop()
        plane = tiling.plane
        # More than the largest tiles take could only be spent on coefficients.
        share = min(share, tiling.largest)
        choice = tiling.choose(share, share // _LOOSE)
        if choice is None or share >= plane.whole_cost:
            whole.append(plane)
            left -= plane.whole_cost
        else:
            division[plane.name] = choice
            left -= choice.cost
    kept = sum(plane.whole_cost for plane in whole)
    return division | (_whole(whole, left + kept, slack) or {})


def _kept_whole(by_cost: Sequence[Tiling], available: int) -> int:
    """How many of the cheapest clusters fit into a tenth of what is available, if the others can still be folded."""
    cheap = sum(map(_cheap, by_cost))
    cost = 0
    for count, tiling in enumerate(by_cost):
        cost += tiling.plane.whole_cost
        cheap -= _cheap(tiling)
        if cost * _TINY > available or not (cost + cheap <= available or _fit(by_cost[count + 1 :], available - cost)):
            return count
    return len(by_cost)


def _share(tilings: Sequence[Tiling], available: int) -> int:
    """The last one's share, in proportion to what the clusters' cost is worth, but each has at least what it needs."""
    last, left, others = tilings[-1], available, list(tilings)
    while True:
        weight = sum(tiling.plane.fewest.worth for tiling in others)
        own = {tiling.plane.name: left * tiling.plane.fewest.worth // weight for tiling in others}
        short = [t for t in others if own[t.plane.name] < _cheap(t) and own[t.plane.name] < _least(t)]
        if last in short:
            return _least(last)
        if not short:
            return own[last.plane.name]
        left -= sum(map(_least, short))
        others = [tiling for tiling in others if tiling not in short]


def _settled(planes: Sequence[Plane], division: Division, available: int, slack: int) -> Division:
    """Find a use for what is left, if it is more than the slack and any cluster could have more templates."""
    left = available - cost_of(division)
    if left <= slack or all(_is_full(plane, division[plane.name]) for plane in planes):
        return division
    best = division
    for plane in sorted(planes, key=lambda p: (division[p.name].cost, p.name)):
        choice = Tiling(plane).choose(division[plane.name].cost + left, slack)
        if choice is not None:
            trial = {**division, plane.name: choice}
            if cost_of(trial) > cost_of(best):
                best = trial
            if available - cost_of(best) <= slack:
                break
    return best


def _exchanged(planes: Sequence[Plane], division: Division, available: int, slack: int) -> Division:
    """Cut folded clusters in better ways, as long as what stays unspent is within the slack or no more than it was."""
    waiting = deque(Tiling(plane) for plane in planes if isinstance(division[plane.name], Choice))
    found, tried, left = dict(division), 0, available - cost_of(division)
    while tried < len(waiting):  # all of them since the last exchange
        tiling = waiting[0]
        waiting.rotate(-1)
        part = found[tiling.plane.name]
        choice = tiling.better(part, left, max(0, slack - left)) if isinstance(part, Choice) else None
        tried += 1
        if choice is not None:
            found[tiling.plane.name], tried = choice, 0
            left += part.cost - choice.cost
    return found
