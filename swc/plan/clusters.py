"""The clusters that a family starts from, and the names of clusters that a search finds.

At first every shareable layer of a kernel size is in one cluster, named after it (``conv3x3``, ``conv1x1``,
``linear``). Where that cannot spend the budget under the cap on templates, or the spec asks for it, layers are parted
by their relative depth into bins (``conv3x3-bin1`` ...; the same number of bins for every kernel size). Where no number
of bins can spend it, the layers of a bin are parted by shape (``conv3x3-bin1-shape1`` ...; ``swc.plan.spendable``).
``apart`` parts clusters further (``conv3x3-part1`` ...). Clusters made by hand stay what they are, whatever becomes of
the others: ``cluster back ...`` makes ``conv3x3-back``.
"""

from __future__ import annotations

from collections.abc import Iterable

from swc.diagnostics import Diagnostics
from swc.family import ClusterMethod, Family
from swc.plan.bins import Binning, Clusters, kernel_name, merged_sides
from swc.plan.bounds import check_meeting
from swc.plan.contradictions import check_hints
from swc.plan.hints import apart_sides, hand_made, tied_groups
from swc.plan.spendable import Start, spendable

DEPTH_BINS = 4
"""The bins of `clusters depth` when the spec does not count them (the default of the authors' code)."""


def initial_clusters(family: Family) -> Clusters:
    """The clusters before any search: cluster name to layer names, both in the family's order.

    Raises:
        SpecError: the hints contradict each other.
    """
    return start_of(family).clusters


def start_of(family: Family) -> Start:
    """The clusters before any search, with their division where it was needed to choose them.

    Raises:
        SpecError: the hints contradict each other.
    """
    check_hints(family)
    method, bins = family.sharing.clustering.method, family.sharing.bins
    found = Diagnostics()
    if method is ClusterMethod.GRADIENT:
        check_meeting(family, *meetings(family), found)
        found.raise_errors()
        return spendable(family) if bins is None else Start(_binned(family, bins))
    clusters = _binned(family, bins_without_search(family))
    check_meeting(family, clusters.values(), {}, found)
    found.raise_errors()
    return Start(clusters)


def bins_without_search(family: Family) -> int:
    """How many bins `clusters depth` and `clusters single` have."""
    sharing = family.sharing
    return sharing.bins or (DEPTH_BINS if sharing.clustering.method is ClusterMethod.DEPTH else 1)


def cluster_name(layers: Iterable[str], family: Family) -> str:
    """The name of a cluster that a search found: its kernel's, and its first layer's in the family's order.

    A cluster of all shareable layers of its kernel size is named by the kernel alone; one made by hand by its kernel
    and the name that the spec gives it, and its layers do not count among the others.
    """
    names = frozenset(layers)
    groups, made = tied_groups(family), hand_made(family)
    base = kernel_name([x for group in groups if any(y.name in names for y in group) for x in group])
    first = next(layer.name for layer in family.layers if layer.name in names)
    if first in made:
        return f"{base}-{made[first]}"
    if names == {x.name for group in groups if kernel_name(group) == base for x in group if x.name not in made}:
        return base
    return f"{base}-{first.replace('.', '-')}"


def _binned(family: Family, bins: int) -> Clusters:
    binning = Binning(family)
    return binning.clusters(binning.parts(bins))


def meetings(family: Family) -> tuple[list[tuple[str, ...]], dict[str, tuple[int | None, ...]]]:
    """What a search may find: the layers that could come into one cluster, and what keeps each apart from others.

    A search begins with the layers of a kernel size, whatever their bins. What is tied goes where the others go, so
    each layer has the sides of all that it is tied to.
    """
    sides = apart_sides(family)
    merged = {
        layer.name: own
        for group in tied_groups(family)
        for own in [merged_sides((sides[x.name] for x in group if x.name in sides), len(family.sharing.aparts))]
        for layer in group
    }
    pools: dict[str, list[str]] = {}
    made = hand_made(family)
    for group in tied_groups(family):
        pools.setdefault(f"{kernel_name(group)}-{made.get(group[0].name, '')}", []).extend(x.name for x in group)
    return [tuple(pool) for pool in pools.values()], merged
