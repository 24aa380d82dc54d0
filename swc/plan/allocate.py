"""Hands out templates to SuperWeights: round robin, most-shared first, then the remainder packed (DESIGN: budget).

Only numbers are seen here. Round robin leaves less than the cheapest template that is still allowed; where that is
too much, a few templates are exchanged for others so that the sum comes as near to what is available as it can. The
exchange is a bounded subset-sum problem, solved with one big integer per SuperWeight whose set bits are the sums
that can be reached.
"""

from __future__ import annotations

from collections.abc import Sequence

from swc.plan.plane import Piece

# Sums are counted in units that keep a set of them below this many bits: 2^20 bits are 128 KiB a SuperWeight.
_RESOLUTION = 1 << 20
# The exchange looks at this many SuperWeights, the least shared ones: templates of widely shared ones stay put.
_EXCHANGED = 64


def allocate(pieces: Sequence[Piece], available: int, slack: int) -> list[int] | None:
    """Number of templates for each piece; None if even the fewest allowed do not fit.

    Args:
        pieces: what templates can be given to.
        available: parameters that may be spent; never exceeded.
        slack: parameters that may stay unspent without a search for a better packing.
    """
    counts = [piece.low for piece in pieces]
    remaining = available - spent(pieces, counts)
    if remaining < 0:
        return None
    order = sorted(range(len(pieces)), key=lambda i: _rank(pieces[i]))
    growing = True
    while growing:
        growing = False
        for i in order:
            if counts[i] < pieces[i].high and pieces[i].cost <= remaining:
                counts[i] += 1
                remaining -= pieces[i].cost
                growing = True
    exchanged = [i for i in reversed(order) if pieces[i].low < pieces[i].high][:_EXCHANGED]
    best = counts
    for back in (1, 2):
        left = available - spent(pieces, best)
        if left <= slack or all(counts[i] == pieces[i].high for i in order):
            break
        trial = _exchange(pieces, counts, exchanged, remaining, back)
        if spent(pieces, trial) > spent(pieces, best):
            best = trial
    return best


def spent(pieces: Sequence[Piece], counts: Sequence[int]) -> int:
    """Parameters of these many templates and their coefficients."""
    return sum(piece.cost * count for piece, count in zip(pieces, counts, strict=True))


def _rank(piece: Piece) -> tuple[int, str, int, int]:
    """Most-shared first; ties by what the SuperWeight's id is made of."""
    return (-piece.users, piece.cluster, piece.rectangle.row, piece.rectangle.column)


def _exchange(pieces: Sequence[Piece], counts: Sequence[int], chosen: Sequence[int], free: int, back: int) -> list[int]:
    """Take back at most ``back`` templates of each chosen piece, then fill what is free as fully as possible.

    Costs are rounded up to whole units, so the result never exceeds what is free. Among the ways to reach the best
    sum, the one is taken that, from the most-shared piece on, changes each count least.
    """
    taken = {i: min(back, counts[i] - pieces[i].low) for i in chosen}
    space = free + sum(taken[i] * pieces[i].cost for i in chosen)
    unit = -(-space // _RESOLUTION) or 1
    cost = {i: -(-pieces[i].cost // unit) for i in chosen}
    mask = (1 << (space // unit + 1)) - 1
    reachable = [1]
    for i in chosen:
        before = reachable[-1]
        sums = before
        for copies in range(1, taken[i] + pieces[i].high - counts[i] + 1):
            sums |= (before << (copies * cost[i])) & mask
        reachable.append(sums)
    result = list(counts)
    total = reachable[-1].bit_length() - 1
    for k in reversed(range(len(chosen))):
        i = chosen[k]
        options = range(taken[i] + pieces[i].high - counts[i] + 1)
        for copies in sorted(options, key=lambda n: (abs(n - taken[i]), -n)):
            rest = total - copies * cost[i]
            if rest >= 0 and reachable[k] >> rest & 1:
                result[i] = counts[i] - taken[i] + copies
                total = rest
                break
    return result
