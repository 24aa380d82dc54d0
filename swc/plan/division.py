"""Divides what the budget leaves for sharing between the clusters: whole where that fits, folded where it does not.

*Whole.* If the fewest templates allowed fit for every SuperWeight, all clusters stay whole and templates are handed
out (``swc.plan.allocate``).

*Folded.* Otherwise clusters stay whole from the cheapest upwards as long as they take up at most a tenth of what is
available together; the others are folded into shares in proportion to their cost with the fewest templates, but at
least what each can be folded into. Larger clusters choose first, among ways that leave at most a hundredth of their
share, and what they leave goes to the others; what is left in the end buys the whole ones more templates.

*Traded.* Where shapes do not nest, a whole cluster can be mostly coefficients: many small SuperWeights of many users
each. If coefficients take half of its cost or more, it is folded into what it costs, provided that its tiles then have
more parameters in templates.

*Settled.* Should more than the slack still be left, because templates or tiles are too coarse, one cluster is folded
(again) into what it has and what is left: the cheapest for which that uses up the budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from swc.plan.allocate import allocate, spent
from swc.plan.plane import Plane
from swc.plan.tiles import Choice, Tiling

# Clusters that take up no more than this part of what is available stay whole when others are folded.
_TINY = 10
# A cluster may leave this part of its share to others for the sake of better tiles.
_LOOSE = 100
# A whole cluster is compared with tiles if coefficients take up this part of its cost or more.
_COSTLY = 2


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
    whole = _whole(planes, available, slack)
    division = _traded(planes, whole) if whole else _folded(planes, available, slack)
    return division and _settled(planes, division, available, slack)


def smallest(planes: Sequence[Plane]) -> int:
    """The fewest parameters that templates and coefficients of these clusters can have, exactly."""
    return sum(_least(plane) for plane in planes)


def fits_whole(planes: Sequence[Plane], available: int) -> bool:
    """Whether the fewest templates allowed fit for every SuperWeight."""
    return sum(plane.whole_cost for plane in planes) <= available


def cost_of(division: Division) -> int:
    """Parameters that a division spends on templates and coefficients."""
    return sum(part.cost for part in division.values())


def _least(plane: Plane) -> int:
    return min(plane.whole_cost, Tiling(plane).smallest.cost)


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
        pairs = zip(plane.pieces, part.counts, strict=True)
        coefficients = sum(piece.vectors * count for piece, count in pairs)
        templates, tiling = part.cost - coefficients, Tiling(plane)
        # Where even the largest templates leave something, smaller ones would spend that on coefficients again.
        if coefficients * _COSTLY < part.cost or tiling.largest < part.cost:
            continue
        choice = tiling.readily(part.cost, part.cost // _LOOSE)
        if choice and choice.fold.templates * choice.fold.rows * choice.fold.columns * plane.area > templates:
            traded[plane.name] = choice
    return traded


def _folded(planes: Sequence[Plane], available: int, slack: int) -> dict[str, Whole | Choice] | None:
    least = {plane.name: _least(plane) for plane in planes}
    if sum(least.values()) > available:
        return None
    by_cost = sorted(planes, key=lambda plane: (plane.whole_cost, plane.name))
    whole = _kept_whole(by_cost, available, least)
    folded = by_cost[len(whole) :]
    left = available - sum(plane.whole_cost for plane in whole)
    division: dict[str, Whole | Choice] = {}
    while folded:
        shares = _shares(folded, left, least)
        plane = folded.pop()
        share = shares[plane.name]
        choice = Tiling(plane).choose(share, share // _LOOSE)
        if choice is None or share >= plane.whole_cost:
            whole.append(plane)
            left -= plane.whole_cost
        else:
            division[plane.name] = choice
            left -= choice.cost
    kept = sum(plane.whole_cost for plane in whole)
    return division | (_whole(whole, left + kept, slack) or {})


def _kept_whole(by_cost: Sequence[Plane], available: int, least: Mapping[str, int]) -> list[Plane]:
    """The cheapest clusters that fit into a tenth of what is available, if the others can still be folded."""
    kept: list[Plane] = []
    cost, rest = 0, sum(least.values())
    for plane in by_cost:
        cost += plane.whole_cost
        rest -= least[plane.name]
        if cost * _TINY > available or cost + rest > available:
            break
        kept.append(plane)
    return kept


def _shares(planes: Sequence[Plane], available: int, least: Mapping[str, int]) -> dict[str, int]:
    """Split in proportion to the clusters' cost, but give each at least what it needs."""
    shares: dict[str, int] = {}
    open_planes = list(planes)
    while open_planes:
        left = available - sum(shares.values())
        weight = sum(plane.whole_cost for plane in open_planes)
        short = [plane for plane in open_planes if left * plane.whole_cost // weight < least[plane.name]]
        if not short:
            return shares | {plane.name: left * plane.whole_cost // weight for plane in open_planes}
        shares |= {plane.name: least[plane.name] for plane in short}
        open_planes = [plane for plane in open_planes if plane not in short]
    return shares


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
