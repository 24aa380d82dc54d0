"""Sharing hints that others of their kind imply, alone or together (SW0514).

Of several that imply each other, the last one written is reported: without it, the others still say everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import networkx as nx

from swc.diagnostics import Diagnostic, Severity, Span
from swc.family import Family, Hint
from swc.plan.hints import bond_graph, bonds, links, pattern_place, related, shareable_layers


def implied_hints(family: Family) -> Iterator[Diagnostic]:
    """Warn of hints that name no layer which others of their kind do not name, or hold together, or keep apart.

    Hints that repeat another word for word are left out.
    """
    sharing = family.sharing
    yield from _covered("private", sharing.private)
    yield from _covered("public", sharing.public)
    for bins in sorted({hint.count for hint in sharing.bin_hints}):
        yield from _covered("bins", [hint for hint in sharing.bin_hints if hint.count == bins])
    yield from _ties(family)
    yield from _aparts(family)


def _covered(kind: str, hints: Sequence[Hint]) -> Iterator[Diagnostic]:
    """Hints that say the same of each layer that they name, where others name all of their layers."""
    kept = list(range(len(hints)))
    found = []
    for number in reversed(range(len(hints))):
        own = set(hints[number].all_layers)
        if any(set(hints[k].all_layers) == own for k in range(number)):
            kept.remove(number)
            continue
        others = [k for k in kept if k != number and not own.isdisjoint(hints[k].all_layers)]
        others = next(([k] for k in others if own.issubset(hints[k].all_layers)), others)
        if own and own.issubset(name for k in others for name in hints[k].all_layers):
            kept.remove(number)
            who = "another says of more layers" if len(others) == 1 else "others say together"
            places = [(pattern_place(hints[k], 0), "said here") for k in others]
            found.append(_warning(hints[number], f"this `{kind}` says what {who}", places))
    yield from reversed(found)


def _ties(family: Family) -> Iterator[Diagnostic]:
    hints = bonds(family)
    graph = bond_graph(family, (layer.name for layer in family.layers))
    found = []
    for number in reversed(range(len(family.sharing.ties))):
        layers = hints[number].all_layers
        repeated = any(set(layers) == set(other.all_layers) for other in hints[:number])
        graph.remove_nodes_from([number])
        if repeated or len(layers) < 2:
            continue
        if layers[0] in graph and nx.node_connected_component(graph, layers[0]).issuperset(layers):
            path = nx.shortest_path(graph, layers[0], layers[-1])
            summary = (
                f"this `tie` says what other hints say: they hold `{layers[0]}` and `{layers[-1]}` together already"
            )
            if len(layers) > 2:
                summary = f"this `tie` says what other hints say: they hold all {len(layers)} layers together already"
            found.append(_warning(hints[number], summary, links(hints, path)))
            continue
        graph.add_edges_from((number, name) for name in layers)
    yield from reversed(found)


def _aparts(family: Family) -> Iterator[Diagnostic]:
    shared = {layer.name for layer in shareable_layers(family)}
    sides = [[frozenset(names) & shared for names in hint.layers] for hint in family.sharing.aparts]
    kept = list(range(len(sides)))
    found = []
    for number in reversed(range(len(sides))):
        own = [names for names in sides[number] if names]
        if any(set(sides[k]) == set(sides[number]) for k in range(number)):
            kept.remove(number)
            continue
        others = [k for k in kept if k != number]
        other = next((k for k in others if len(own) > 1 and _separates(sides[k], own)), None)
        if other is not None:
            kept.remove(number)
            hint, before = family.sharing.aparts[number], family.sharing.aparts[other]
            places = [(pattern_place(before, k), "kept apart here") for k in range(len(before.layers))]
            found.append(_warning(hint, "this `apart` says what another says of more layers", places))
    yield from reversed(found)


def _separates(sides: list[frozenset[str]], patterns: list[frozenset[str]]) -> bool:
    """Whether sides hold all layers of the patterns, and no side has layers of two of them."""
    where = [{k for k, side in enumerate(sides) if side & names} for names in patterns]
    whole = all(frozenset().union(*sides) >= names for names in patterns)
    return whole and all(one.isdisjoint(two) for one, two in combinations(where, 2))


def _warning(hint: Hint, summary: str, places: list[tuple[Span | None, str]]) -> Diagnostic:
    return Diagnostic(
        code="SW0514",
        summary=summary,
        primary=pattern_place(hint, 0),
        label="says nothing new",
        related=related(places),
        help="leave it out",
        severity=Severity.WARNING,
    )
