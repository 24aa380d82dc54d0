"""The clusters that a family starts from, and the names of clusters that a search finds.

At first every shareable layer of a kernel size is in one cluster, named after it (``conv3x3``, ``conv1x1``,
``linear``). Where that cannot spend the budget under the cap on templates, or the spec asks for it, layers are parted
by their relative depth into bins (``conv3x3-bin1`` ...; the same number of bins for every kernel size).
``apart`` parts clusters further (``conv3x3-part1`` ...). Clusters made by hand stay what they are, whatever becomes of
the others: ``cluster back ...`` makes ``conv3x3-back``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import fsum

from swc.diagnostics import Diagnostics
from swc.family import ClusterMethod, Family, Kind, Layer
from swc.plan.bounds import check_meeting
from swc.plan.contradictions import check_hints
from swc.plan.cost import available, slack
from swc.plan.division import fits_whole, smallest
from swc.plan.hints import agree, apart_sides, hand_made, size, tied_groups
from swc.plan.plane import planes_of

# The bins of `clusters depth` when the spec does not count them (the default of the authors' code).
_DEPTH_BINS = 4

Clusters = dict[str, tuple[str, ...]]


def initial_clusters(family: Family) -> Clusters:
    """The clusters before any search: cluster name to layer names, both in the family's order.

    Raises:
        SpecError: the hints contradict each other.
    """
    check_hints(family)
    method, bins = family.sharing.clustering.method, family.sharing.bins
    found = Diagnostics()
    if method is ClusterMethod.GRADIENT:
        check_meeting(family, *_meetings(family), found)
        found.raise_errors()
        return _spendable(family) if bins is None else _binned(family, bins)
    clusters = _binned(family, bins or (_DEPTH_BINS if method is ClusterMethod.DEPTH else 1))
    check_meeting(family, clusters.values(), {}, found)
    found.raise_errors()
    return clusters


def cluster_name(layers: Iterable[str], family: Family) -> str:
    """The name of a cluster that a search found: its kernel's, and its first layer's in the family's order.

    A cluster of all shareable layers of its kernel size is named by the kernel alone; one made by hand by its kernel
    and the name that the spec gives it, and its layers do not count among the others.
    """
    names = frozenset(layers)
    groups, made = tied_groups(family), hand_made(family)
    base = _kernel_name([x for group in groups if any(y.name in names for y in group) for x in group])
    first = next(layer.name for layer in family.layers if layer.name in names)
    if first in made:
        return f"{base}-{made[first]}"
    if names == {x.name for group in groups if _kernel_name(group) == base for x in group if x.name not in made}:
        return base
    return f"{base}-{first.replace('.', '-')}"


def _kernel_name(layers: Sequence[Layer]) -> str:
    """``linear`` for linear layers among themselves, otherwise ``conv`` and the kernel size."""
    if all(layer.kind is Kind.LINEAR for layer in layers):
        return "linear"
    return f"conv{size(layers[0])}"


def _spendable(family: Family) -> Clusters:
    """The fewest depth bins that can spend the budget, found by doubling and bisection.

    If none can, because the budget exceeds what sharing can use, those of the numbers tried that can spend most. More
    than one bin only counts if its clusters can be planned at all: what one can plan, a larger budget must not lose.
    """
    room = available(family)
    goal = room - slack(family.budget.parameters)
    tried: dict[int, tuple[int, Clusters]] = {}

    def capacity(bins: int) -> int:
        clusters = _binned(family, bins)
        planes = planes_of(family, clusters)
        feasible = bins == 1 or fits_whole(planes, room) or smallest(planes) <= room
        tried[bins] = (sum(plane.capacity for plane in planes) if feasible else -1, clusters)
        return tried[bins][0]

    most = max((len(member.layers) for member in family.members), default=1)
    low, high = 0, 1
    while capacity(high) < goal and high < most:
        low, high = high, min(2 * high, most)
    if tried[high][0] < goal:
        return max(tried.items(), key=lambda item: (item[1][0], -item[0]))[1][1]
    while high - low > 1:
        middle = (low + high) // 2
        if capacity(middle) < goal:
            low = middle
        else:
            high = middle
    return tried[high][1]


def _binned(family: Family, bins: int) -> Clusters:
    """One cluster per kernel size and depth bin, parted where hints keep layers apart.

    Layers that are tied stay together: their depth is the mean of theirs.
    """
    groups: dict[str, list[tuple[Layer, ...]]] = {}
    made = hand_made(family)
    for group in tied_groups(family):
        name = _kernel_name(group)
        if group[0].name in made:
            name += f"-{made[group[0].name]}"
        elif bins > 1:
            depth = fsum(layer.depth for layer in group) / len(group)
            name += f"-bin{min(int(depth * bins), bins - 1) + 1}"
        groups.setdefault(name, []).append(group)
    sides = apart_sides(family)
    position = {layer.name: index for index, layer in enumerate(family.layers)}
    clusters: Clusters = {}
    for name, members in groups.items():
        parts = _parted(members, sides, len(family.sharing.aparts))
        for number, part in enumerate(parts, 1):
            key = name if len(parts) == 1 else f"{name}-part{number}"
            clusters[key] = tuple(sorted((x.name for group in part for x in group), key=position.__getitem__))
    return clusters


def _meetings(family: Family) -> tuple[list[tuple[str, ...]], dict[str, tuple[int | None, ...]]]:
    """What a search may find: the layers that could come into one cluster, and what keeps each apart from others.

    A search begins with the layers of a kernel size, whatever their bins. What is tied goes where the others go, so
    each layer has the sides of all that it is tied to.
    """
    sides = apart_sides(family)
    merged = {
        layer.name: own
        for group in tied_groups(family)
        for own in [_merged((sides[x.name] for x in group if x.name in sides), len(family.sharing.aparts))]
        for layer in group
    }
    pools: dict[str, list[str]] = {}
    made = hand_made(family)
    for group in tied_groups(family):
        pools.setdefault(f"{_kernel_name(group)}-{made.get(group[0].name, '')}", []).extend(x.name for x in group)
    return [tuple(pool) for pool in pools.values()], merged


def _parted(
    groups: Sequence[tuple[Layer, ...]], sides: Mapping[str, tuple[int | None, ...]], hints: int
) -> list[list[tuple[Layer, ...]]]:
    """Split tied groups into as few parts as come of putting each into the first part that it agrees with.

    Only the groups' sides matter, so parts keep the distinct ones, not every layer.
    """
    parts: list[list[tuple[Layer, ...]]] = []
    seen: list[set[tuple[int | None, ...]]] = []
    for group in groups:
        own = _merged((sides[layer.name] for layer in group if layer.name in sides), hints)
        for part, kinds in zip(parts, seen, strict=True):
            if own in kinds or all(agree(own, kind) for kind in kinds):
                part.append(group)
                kinds.add(own)
                break
        else:
            parts.append([group])
            seen.append({own})
    return parts


def _merged(sides: Iterable[tuple[int | None, ...]], hints: int) -> tuple[int | None, ...]:
    """The sides of a tied group: for each hint the one pattern that matches any of its layers."""
    merged: list[int | None] = [None] * hints
    for found in sides:
        merged = [new if old is None else old for old, new in zip(merged, found, strict=True)]
    return tuple(merged)
