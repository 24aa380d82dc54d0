"""What the sharing hints say about each layer: whether it shares, what it stays with, what it is kept from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import networkx as nx

from swc.diagnostics import Related, Span
from swc.diagnostics.words import first_few
from swc.family import ClusterHint, Family, Hint, Layer

_LISTED = 4

BondGraph: TypeAlias = "nx.Graph[str | int]"
"""Layers (names) joined to the hints (their number among :func:`bonds`) that hold them together."""


def shareable_layers(family: Family) -> tuple[Layer, ...]:
    """The layers that take part in sharing, in the family's order: no private ones, no heads unless ``public``."""
    private = matched(family.sharing.private)
    shared = matched(family.sharing.public)
    return tuple(x for x in family.layers if x.name not in private and (not x.head or x.name in shared))


def bonds(family: Family) -> tuple[Hint, ...]:
    """The hints that hold layers together: ties, then clusters made by hand."""
    return (*family.sharing.ties, *family.sharing.hand_made)


def bond_graph(family: Family, names: Iterable[str]) -> BondGraph:
    """Which of the layers ``names`` each of the family's :func:`bonds` holds together."""
    kept = frozenset(names)
    graph: BondGraph = nx.Graph()
    for number, hint in enumerate(bonds(family)):
        graph.add_edges_from((number, name) for name in hint.all_layers if name in kept)
    return graph


def tied_groups(family: Family) -> tuple[tuple[Layer, ...], ...]:
    """The shareable layers in groups that ties and clusters made by hand hold together; in the family's order.

    Ties are transitive: a layer in two of them joins both. A layer that no hint holds is a group of its own.
    """
    layers = shareable_layers(family)
    graph = bond_graph(family, (layer.name for layer in layers))
    label = {
        name: number
        for number, component in enumerate(nx.connected_components(graph))
        for name in component
        if isinstance(name, str)
    }
    groups: dict[int | str, list[Layer]] = {}
    for layer in layers:
        groups.setdefault(label.get(layer.name, layer.name), []).append(layer)
    return tuple(tuple(group) for group in groups.values())


def hand_made(family: Family) -> Mapping[str, str]:
    """For each layer of a cluster made by hand, the name that the hint gives the cluster.

    What ties tie to a layer of such a cluster belongs to it as well.
    """
    if not family.sharing.hand_made:
        return {}
    hints = bonds(family)
    graph = bond_graph(family, (layer.name for layer in shareable_layers(family)))
    names: dict[str, str] = {}
    for number, hint in enumerate(hints):
        if isinstance(hint, ClusterHint) and number in graph:
            component = nx.node_connected_component(graph, number)
            names |= {layer: hint.name for layer in component if isinstance(layer, str)}
    return names


def binned_groups(family: Family) -> Mapping[int | None, int]:
    """How many tied groups are parted into bins, by the number of bins that a hint asks for (None: by no hint)."""
    made, hints = hand_made(family), family.sharing.bin_hints
    asked = {name: hint.count for hint in hints for name in hint.all_layers}
    groups = [group for group in tied_groups(family) if group[0].name not in made]
    return Counter(next((asked[x.name] for x in group if x.name in asked), None) for group in groups)


def apart_sides(family: Family) -> Mapping[str, tuple[int | None, ...]]:
    """For each layer that an ``apart`` names: which of the hint's patterns matches it, one entry per hint.

    Two layers may be in one cluster if no entry differs, None agreeing with everything. Other layers are left out.
    """
    sides: dict[str, list[int | None]] = {}
    for number, hint in enumerate(family.sharing.aparts):
        for pattern, names in enumerate(hint.layers):
            for name in names:
                sides.setdefault(name, [None] * len(family.sharing.aparts))[number] = pattern
    return {name: tuple(found) for name, found in sides.items()}


def agree(first: Sequence[int | None], second: Sequence[int | None]) -> bool:
    """Whether layers with these sides (see :func:`apart_sides`) may be in one cluster."""
    return all(a is None or b is None or a == b for a, b in zip(first, second, strict=True))


def place_of(hint: Hint, layer: str) -> Span | None:
    """Where the first pattern stands that matches the layer."""
    return pattern_place(hint, _pattern(hint, layer))


def pattern_of(hint: Hint, layer: str) -> str:
    """The first pattern that matches the layer."""
    return hint.patterns[_pattern(hint, layer)]


def _pattern(hint: Hint, layer: str) -> int:
    return next((k for k, names in enumerate(hint.layers) if layer in names), 0)


def pattern_place(hint: Hint, pattern: int) -> Span | None:
    """Where one of the hint's patterns stands, if that is known."""
    return hint.spans[pattern] if pattern < len(hint.spans) else next(iter(hint.spans), None)


def links(hints: Sequence[Hint], path: list[str | int]) -> list[tuple[Span | None, str]]:
    """The places that hold each layer of a path (layer, number among :func:`bonds`, layer, ...) with the next."""
    found = []
    for name, number, after in zip(path[::2], path[1::2], path[2::2], strict=False):
        hint = hints[int(number)]
        how = f"in cluster `{hint.name}`" if isinstance(hint, ClusterHint) else "tied"
        found.append((place_of(hint, str(name)), f"`{name}` and `{after}` are {how} here"))
    return found


def named(names: Sequence[str]) -> str:
    """A few names in backquotes, and how many more there are."""
    return first_few([f"`{name}`" for name in names], _LISTED)


def related(places: Iterable[tuple[Span | None, str]]) -> tuple[Related, ...]:
    """The places that are known."""
    return tuple(Related(span, label) for span, label in places if span is not None)


def matched(hints: Sequence[Hint]) -> frozenset[str]:
    """The layers that any of the hints matches."""
    return frozenset(name for hint in hints for name in hint.all_layers)


def size(layer: Layer) -> str:
    """The layer's kernel size as people write it."""
    return f"{layer.kernel[0]}x{layer.kernel[1]}"
