"""Bounds on nesting and on numbers, so that no spec can exhaust the stages that walk the tree and calculate."""

from __future__ import annotations

from typing import Any

from lark import Token, Tree

from swc.diagnostics import Diagnostics, Source, Span
from swc.syntax.numbers import LONGEST

MAXIMUM_DEPTH = 100
MAXIMUM_REPEATS = 16  # Python, which specs are compiled to, refuses more than 20 loops within each other
LARGEST_NUMBER = 10**15


def check_limits(source: Source, tree: Tree[Any], diagnostics: Diagnostics) -> None:
    """Report numbers above ``LARGEST_NUMBER``, and the first place that is nested too deep.

    That is more than ``MAXIMUM_DEPTH`` levels of anything, or more than ``MAXIMUM_REPEATS`` loops within each other.
    """
    stack: list[tuple[Tree[Any], int, int]] = [(tree, 0, 0)]
    while stack:
        node, depth, repeats = stack.pop()
        repeats += node.data == "repeat"
        if repeats > MAXIMUM_REPEATS:
            _too_deep(
                Span(source, node.meta.start_pos, node.meta.start_pos + len("repeat")),
                f"more than {MAXIMUM_REPEATS} `repeat`s stand within each other",
                "write the inner ones in a `block` of their own, and call it",
                diagnostics,
            )
            return
        if depth > MAXIMUM_DEPTH:
            _too_deep(
                Span(source, node.meta.start_pos, min(node.meta.end_pos, node.meta.start_pos + 20)),
                f"this nests more than {MAXIMUM_DEPTH} levels deep",
                "give parts of it names with `name = ...` and use those",
                diagnostics,
            )
            return
        for child in node.children:
            if isinstance(child, Tree):
                stack.append((child, depth + 1, repeats))
            elif isinstance(child, Token):
                _check_number(source, child, diagnostics)


def _too_deep(span: Span, summary: str, advice: str, diagnostics: Diagnostics) -> None:
    diagnostics.error("SW0107", summary, span, label="too deep", help=advice)


def _check_number(source: Source, token: Token, diagnostics: Diagnostics) -> None:
    if token.type not in {"INT", "FLOAT", "COUNT"}:
        return
    start = token.start_pos or 0
    if len(token) > LONGEST or (token.type != "COUNT" and float(token.replace("_", "")) > LARGEST_NUMBER):
        diagnostics.error(
            "SW0108",
            "this number is too large" if len(token) <= LONGEST else "this number has too many digits",
            Span(source, start, start + len(token)),
            label=f"above {LARGEST_NUMBER:,}" if len(token) <= LONGEST else "too long",
            help="write a smaller or shorter number",
        )
