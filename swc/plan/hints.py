"""What the sharing hints say about each layer, and where they contradict each other.

Codes: SW0501 private and public, SW0502 private and tied, SW0503 a tied head, SW0504 a tie of different kernels,
SW0505 a layer apart from itself, SW0506 tied and apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import networkx as nx

from swc.diagnostics import Diagnostics, Related, Span
from swc.family import Family, Hint, Layer

_LISTED = 4


def shareable_layers(family: Family) -> tuple[Layer, ...]:
    """The layers that take part in sharing, in the family's order: no private ones, no heads unless ``public``."""
    private = _matched(family.sharing.private)
    shared = _matched(family.sharing.public)
    return tuple(x for x in family.layers if x.name not in private and (not x.head or x.name in shared))


def tied_groups(family: Family) -> tuple[tuple[Layer, ...], ...]:
    """The shareable layers in groups that ties hold together, an untied layer alone; in the family's order.

    Ties are transitive: a layer in two of them joins both.
    """
    layers = shareable_layers(family)
    graph = _tie_graph(family.sharing.ties, {layer.name for layer in layers})
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


def check_hints(family: Family) -> None:
    """Report every contradiction between hints.

    Raises:
        SpecError: with a diagnostic for each pair of hints that cannot both be kept, both places shown.
    """
    found = Diagnostics()
    sharing = family.sharing
    for private in sharing.private:
        for public in sharing.public:
            _clash(found, "SW0501", private, public, "owns its weight here", "is made to share here")
        for tie in sharing.ties:
            _clash(found, "SW0502", private, tie, "owns its weight here", "is tied to others here")
    layers = family.layer_by_name
    for tie in sharing.ties:
        _check_tied_heads(family, tie, layers, found)
        _check_tied_kernels(tie, layers, found)
    for apart in sharing.aparts:
        _check_apart(apart, found)
    _check_tied_apart(family, found)
    found.raise_errors()


def _place(hint: Hint, pattern: int = 0) -> Span | None:
    """Where one of the hint's patterns stands, or the hint as a whole."""
    if not hint.spans:
        return None
    return hint.spans[pattern] if pattern < len(hint.spans) else hint.spans[0]


def place_of(hint: Hint, layer: str) -> Span | None:
    """Where the first pattern stands that matches the layer."""
    return _place(hint, next((k for k, names in enumerate(hint.layers) if layer in names), 0))


def _named(names: Sequence[str]) -> str:
    """A few names in backquotes, and how many more there are."""
    shown = ", ".join(f"`{name}`" for name in names[:_LISTED])
    return f"{shown} and {len(names) - _LISTED} more" if len(names) > _LISTED else shown


def related(places: Iterable[tuple[Span | None, str]]) -> tuple[Related, ...]:
    """The places that are known."""
    return tuple(Related(span, label) for span, label in places if span is not None)


def _matched(hints: Sequence[Hint]) -> frozenset[str]:
    return frozenset(name for hint in hints for name in hint.all_layers)


def _tie_graph(ties: Sequence[Hint], names: Iterable[str]) -> nx.Graph[str | int]:
    """Layers (names) joined to the ties (numbers) that match them."""
    kept = frozenset(names)
    graph: nx.Graph[str | int] = nx.Graph()
    for number, hint in enumerate(ties):
        graph.add_edges_from((number, name) for name in hint.all_layers if name in kept)
    return graph


def _clash(found: Diagnostics, code: str, first: Hint, second: Hint, why: str, but: str) -> None:
    both = [name for name in first.all_layers if name in set(second.all_layers)]
    if both:
        found.error(
            code,
            f"The hints contradict each other about {_named(both)}.",
            place_of(second, both[0]),
            label=but,
            related=related([(place_of(first, both[0]), why)]),
            help="Narrow one of the two patterns so that no layer is matched by both.",
        )


def _check_tied_heads(family: Family, tie: Hint, layers: Mapping[str, Layer], found: Diagnostics) -> None:
    excused = _matched(family.sharing.public) | _matched(family.sharing.private)
    heads = [name for name in tie.all_layers if layers[name].head and name not in excused]
    if heads:
        found.error(
            "SW0503",
            f"The tie names {_named(heads)}, but a head owns its weight unless a hint says otherwise.",
            place_of(tie, heads[0]),
            label="a head is tied here",
            help=f"Add `public {heads[0]}`, or take the head out of the tie.",
        )


def _check_tied_kernels(tie: Hint, layers: Mapping[str, Layer], found: Diagnostics) -> None:
    first = layers[tie.all_layers[0]] if tie.all_layers else None
    other = next((layers[n] for n in tie.all_layers if first is not None and layers[n].kernel != first.kernel), None)
    if first is not None and other is not None:
        found.error(
            "SW0504",
            f"The tie joins kernels of different sizes: `{first.name}` is {size(first)}, `{other.name}` {size(other)}.",
            place_of(tie, other.name),
            label=f"matches `{other.name}`",
            related=related([(place_of(tie, first.name), f"matches `{first.name}`")]),
            help="Only layers of one kernel size can share; a linear layer counts as 1x1.",
        )


def size(layer: Layer) -> str:
    """The layer's kernel size as people write it."""
    return f"{layer.kernel[0]}x{layer.kernel[1]}"


def _check_apart(apart: Hint, found: Diagnostics) -> None:
    for second, names in enumerate(apart.layers):
        for first in range(second):
            both = [name for name in apart.layers[first] if name in set(names)]
            if both:
                found.error(
                    "SW0505",
                    f"The hint keeps {_named(both)} apart from itself.",
                    _place(apart, second),
                    label="matches it",
                    related=related([(_place(apart, first), "matches it too")]),
                    help="Narrow the patterns so that no layer is matched by two of them.",
                )


def _check_tied_apart(family: Family, found: Diagnostics) -> None:
    """Find layers that ties hold together, directly or through others, and an ``apart`` wants in two clusters."""
    ties = family.sharing.ties
    graph = _tie_graph(ties, (layer.name for layer in family.layers))
    for component in nx.connected_components(graph):
        for apart in family.sharing.aparts:
            held = [next((name for name in names if name in component), None) for names in apart.layers]
            ends = [(k, name) for k, name in enumerate(held) if name is not None]
            if len(ends) < 2 or ends[0][1] == ends[1][1]:
                continue
            (first, start), (second, end) = ends[:2]
            path = nx.shortest_path(graph, start, end)
            through = [
                (place_of(ties[tie], str(name)), f"`{name}` and `{after}` are tied here")
                for name, tie, after in zip(path[::2], path[1::2], path[2::2], strict=False)
                if isinstance(tie, int)
            ]
            found.error(
                "SW0506",
                f"`{start}` and `{end}` are tied together and kept apart.",
                _place(apart, second),
                label=f"keeps `{end}` from `{start}`",
                related=related([(_place(apart, first), f"matches `{start}`"), *through]),
                help="Drop one of the hints, or narrow its patterns.",
            )
