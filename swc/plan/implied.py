"""Sharing hints that others of their kind imply, alone or together (SW0514).

Of several that imply each other, the last one written is reported: without it, the others still say everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import networkx as nx

from swc.diagnostics import Diagnostic, Severity, Span
from swc.family import Family, Hint
from swc.plan.effects import kept_apart
from swc.plan.hints import bond_graph, bonds, links, pattern_place, related


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
    aparts = family.sharing.aparts
    kept = list(range(len(aparts)))

    def apart(numbers: Iterable[int]) -> object:
        return kept_apart(family, [aparts[k] for k in numbers])

    found = []
    for number in reversed(range(len(aparts))):
        if any(
            set(map(frozenset, aparts[k].layers)) == set(map(frozenset, aparts[number].layers)) for k in range(number)
        ):
            kept.remove(number)
            continue
        others = [k for k in kept if k != number]
        if not apart([number]) or apart(others) != apart(kept):
            continue
        kept.remove(number)
        alone = next((k for k in others if apart([k, number]) == apart([k])), None)
        if alone is not None:
            places = [(pattern_place(aparts[alone], k), "kept apart here") for k in range(len(aparts[alone].layers))]
            found.append(_warning(aparts[number], "this `apart` says what another says of more layers", places))
        else:
            places = [(pattern_place(aparts[k], 0), "kept apart here") for k in others]
            found.append(_warning(aparts[number], "this `apart` says what others say together", places))
    yield from reversed(found)


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
