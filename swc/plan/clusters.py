"""The clusters that a family starts from, and the names of clusters that a search finds.

At first every shareable layer of a kernel size is in one cluster, named after it (``conv3x3``, ``conv1x1``,
``linear``). Where that cannot spend the budget under the cap on templates, or the spec asks for it, layers are parted
by their relative depth into bins (``conv3x3-bin1`` ...; the same number of bins for every kernel size).
``apart`` parts clusters further (``conv3x3-part1`` ...).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import fsum

from swc.family import ClusterMethod, Family, Kind, Layer
from swc.plan.cost import available, slack
from swc.plan.division import fits_whole, smallest
from swc.plan.hints import agree, apart_sides, check_hints, size, tied_groups
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
    sharing = family.sharing
    if sharing.bins is not None:
        return _binned(family, sharing.bins)
    if sharing.clustering.method is ClusterMethod.DEPTH:
        return _binned(family, _DEPTH_BINS)
    if sharing.clustering.method is ClusterMethod.SINGLE:
        return _binned(family, 1)
    return _spendable(family)


def cluster_name(layers: Iterable[str], family: Family) -> str:
    """The name of a cluster that a search found: its kernel's, and its first layer's in the family's order.

    A cluster of all shareable layers of its kernel size is named by the kernel alone.
    """
    names = frozenset(layers)
    groups = tied_groups(family)
    base = _kernel_name([x for group in groups if any(y.name in names for y in group) for x in group])
    if names == {x.name for group in groups if _kernel_name(group) == base for x in group}:
        return base
    first = next(layer.name for layer in family.layers if layer.name in names)
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
    for group in tied_groups(family):
        name = _kernel_name(group)
        if bins > 1:
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
