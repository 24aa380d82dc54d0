"""Where the sharing hints contradict each other.

Codes: SW0501 private and public, SW0502 private and held together with others, SW0503 a head held together with others,
SW0504 different kernels held together, SW0505 a layer apart from itself, SW0506 together and apart, SW0508 in two
clusters made by hand, SW0516 different numbers of bins. ``swc.plan.bounds`` looks at the bounds on templates.

Chains are followed: layers that a row of ties holds together are together, and the message shows each link.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import networkx as nx

from swc.diagnostics import Diagnostics
from swc.family import ClusterHint, Family, Hint, Layer
from swc.plan.bounds import check_bounds
from swc.plan.hints import (
    BondGraph,
    bond_graph,
    bonds,
    hand_made,
    links,
    matched,
    named,
    pattern_place,
    place_of,
    related,
    size,
    tied_groups,
)


def check_hints(family: Family) -> None:
    """Report every contradiction between hints.

    Raises:
        SpecError: with a diagnostic for each pair of hints that cannot both be kept, both places shown.
    """
    found = Diagnostics()
    sharing = family.sharing
    for private in sharing.private:
        for public in sharing.public:
            _clash(found, "SW0501", private, public, "is made to share here")
        for bond in bonds(family):
            _clash(found, "SW0502", private, bond, f"is {_held(bond)} here")
    layers = family.layer_by_name
    excused = matched(sharing.public) | matched(sharing.private)
    for bond in bonds(family):
        _check_heads(bond, layers, excused, found)
        _check_kernels(bond, layers, found)
    for apart in sharing.aparts:
        _check_apart(apart, found)
    graph = bond_graph(family, layers)
    for component in nx.connected_components(graph):
        _check_together(family, graph.subgraph(component), found)
    _check_bins(family, found)
    check_bounds(family, found)
    found.raise_errors()


def _held(bond: Hint) -> str:
    """What a hint does to a layer, in words."""
    return f"put into cluster `{bond.name}`" if isinstance(bond, ClusterHint) else "tied to others"


def _clash(found: Diagnostics, code: str, private: Hint, other: Hint, but: str) -> None:
    others = frozenset(other.all_layers)
    both = [name for name in private.all_layers if name in others]
    if both:
        found.error(
            code,
            f"the hints contradict each other about {named(both)}",
            place_of(other, both[0]),
            label=but,
            related=related([(place_of(private, both[0]), "owns its weight here")]),
            help="narrow one of the two patterns so that no layer is matched by both",
        )


def _check_heads(bond: Hint, layers: Mapping[str, Layer], excused: frozenset[str], found: Diagnostics) -> None:
    heads = [name for name in bond.all_layers if layers[name].head and name not in excused]
    if heads:
        what = "cluster" if isinstance(bond, ClusterHint) else "tie"
        found.error(
            "SW0503",
            f"the {what} names {named(heads)}, but a head owns its weight unless a hint says otherwise",
            place_of(bond, heads[0]),
            label=f"a head is {_held(bond)} here",
            related=related([(layers[heads[0]].span, "its result is what the architecture returns")]),
            help=f"add `public {', '.join(heads)}`, or take {'it' if len(heads) == 1 else 'them'} out of the {what}",
        )


def _check_kernels(bond: Hint, layers: Mapping[str, Layer], found: Diagnostics) -> None:
    """Every kernel size is named once, with the first layer that has it."""
    first: dict[tuple[int, int], Layer] = {}
    for name in bond.all_layers:
        first.setdefault(layers[name].kernel, layers[name])
    if len(first) > 1:
        one, *others = first.values()
        listed = ", ".join(f"`{layer.name}` {size(layer)}" for layer in others)
        found.error(
            "SW0504",
            f"the {'cluster' if isinstance(bond, ClusterHint) else 'tie'} joins kernels of different sizes: "
            f"`{one.name}` is {size(one)}, {listed}",
            place_of(bond, others[0].name),
            label=f"matches `{others[0].name}`",
            related=related([(place_of(bond, one.name), f"matches `{one.name}`")]),
            help="only layers of one kernel size can share; a linear layer counts as 1x1",
        )


def _check_apart(apart: Hint, found: Diagnostics) -> None:
    for second, names in enumerate(apart.layers):
        for first in range(second):
            others = frozenset(names)
            both = [name for name in apart.layers[first] if name in others]
            if both:
                found.error(
                    "SW0505",
                    f"the hint keeps {named(both)} apart from itself",
                    pattern_place(apart, second),
                    label="matches it",
                    related=related([(pattern_place(apart, first), "matches it too")]),
                    help="narrow the patterns so that no layer is matched by two of them",
                )


def _check_together(family: Family, graph: BondGraph, found: Diagnostics) -> None:
    """Check layers that hints hold together, directly or through others: ``graph`` is one component."""
    hints = bonds(family)
    clusters = sorted(k for k in graph if isinstance(k, int) and isinstance(hints[k], ClusterHint))
    for number in clusters[1:]:
        _report_joined(hints, graph, clusters[0], number, found)
    for apart in family.sharing.aparts:
        held = [next((name for name in names if name in graph), None) for names in apart.layers]
        ends = [(k, name) for k, name in enumerate(held) if name is not None]
        if len(ends) < 2 or ends[0][1] == ends[1][1]:
            continue
        (first, start), (second, end) = ends[:2]
        path = nx.shortest_path(graph, start, end)
        own = [hints[k] for k in path if isinstance(k, int)]
        how = "in one cluster" if any(isinstance(hint, ClusterHint) for hint in own) else "tied together"
        found.error(
            "SW0506",
            f"`{start}` and `{end}` are {how} and kept apart",
            pattern_place(apart, second),
            label=f"keeps `{end}` from `{start}`",
            related=related([(pattern_place(apart, first), f"matches `{start}`"), *links(hints, path)]),
            help="drop one of the hints, or narrow its patterns",
        )


def _report_joined(hints: tuple[Hint, ...], graph: BondGraph, first: int, second: int, found: Diagnostics) -> None:
    """Two clusters made by hand have a layer in common, or ties that lead from one to the other."""
    one, other = hints[first], hints[second]
    if not isinstance(one, ClusterHint) or not isinstance(other, ClusterHint):
        raise TypeError("only clusters are joined")
    path = nx.shortest_path(graph, first, second)
    start, end = str(path[1]), str(path[-2])
    if start == end:
        summary = f"`{start}` is put into two clusters, `{one.name}` and `{other.name}`"
    else:
        summary = f"ties join the clusters `{one.name}` and `{other.name}`: `{start}` to `{end}`"
    found.error(
        "SW0508",
        summary,
        place_of(other, end),
        label=f"puts `{end}` into `{other.name}`",
        related=related([(place_of(one, start), f"puts `{start}` into `{one.name}`"), *links(hints, path[1:-1])]),
        help="narrow the patterns, drop a tie, or make one cluster of the two",
    )


def _check_bins(family: Family, found: Diagnostics) -> None:
    """Layers that stay together, each one for itself too, start in one number of bins."""
    hints = family.sharing.bin_hints
    if len({hint.count for hint in hints}) < 2:
        return
    groups = {layer.name: number for number, group in enumerate(tied_groups(family)) for layer in group}
    for name in hand_made(family):  # never parted into bins
        groups.pop(name, None)
    for one, other in combinations(hints, 2):
        met = {groups[name]: name for name in reversed(other.all_layers) if name in groups}
        first = next((name for name in one.all_layers if groups.get(name) in met), None)
        if first is None or one.count == other.count:
            continue
        second = first if first in other.all_layers else met[groups[first]]
        graph = bond_graph(family, groups)
        path = [] if first == second else nx.shortest_path(graph, first, second)
        who = f"`{first}` is" if first == second else f"`{first}` and `{second}` are tied, and are"
        found.error(
            "SW0516",
            f"{who} to start in {one.count} bins and in {other.count}",
            place_of(other, second),
            label=f"{other.count} bins for `{second}`",
            related=related([(place_of(one, first), f"{one.count} bins for `{first}`"), *links(bonds(family), path)]),
            help="narrow the patterns, or give both the same number of bins",
        )
