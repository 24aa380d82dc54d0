"""A bound on nesting, so that no spec can exhaust the stack of the stages that walk the tree."""

from __future__ import annotations

from typing import Any

from lark import Tree

from swc.diagnostics import Diagnostics, Source, Span

MAXIMUM_DEPTH = 100


def check_depth(source: Source, tree: Tree[Any], diagnostics: Diagnostics) -> None:
    """Report the first place where expressions or blocks nest more than ``MAXIMUM_DEPTH`` levels deep."""
    stack: list[tuple[Tree[Any], int]] = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        if depth > MAXIMUM_DEPTH:
            span = Span(source, node.meta.start_pos, min(node.meta.end_pos, node.meta.start_pos + 20))
            diagnostics.error(
                "SW0107",
                f"this nests more than {MAXIMUM_DEPTH} levels deep",
                span,
                label="too deep",
                help="give parts of it names with `name = ...` and use those",
            )
            return
        stack.extend((child, depth + 1) for child in node.children if isinstance(child, Tree))
