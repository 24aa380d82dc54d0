"""Sections and settings that may stand once only."""

from __future__ import annotations

from collections.abc import Iterable

from swc.diagnostics import Diagnostics, Related, Span
from swc.syntax import tree as t


def check_once(
    places: Iterable[tuple[str, Span]], diagnostics: Diagnostics, advice: str = "keep one of the two"
) -> None:
    """Report each thing said a second time (SW0322), with the place where it is said first, and what to do."""
    seen: dict[str, Span] = {}
    for what, span in places:
        first = seen.setdefault(what, span)
        if first is not span:
            diagnostics.error(
                "SW0322",
                f"{what} is given twice",
                span,
                label="again here",
                related=(Related(first, "first given here"),),
                help=advice,
            )


def keyword_span(node: t.Node, word: str) -> Span:
    """The keyword that a section begins with."""
    return Span(node.span.source, node.span.start, node.span.start + len(word))
