"""Cuts what each shape adds to the shapes below it into rectangles: the SuperWeights of a whole cluster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from swc.plan.graph import Shape, covers
from swc.plan.model import Rectangle


def bands(node: Shape, covers: Sequence[Shape]) -> list[Rectangle]:
    """The rectangles that ``node`` adds to its lower covers, given with ``out`` rising and ``in`` falling.

    Beside cover b the rows between its predecessor and it are extended in input channels, from its width to the
    node's; below the last cover the remaining rows are added in full (input extension first, then output extension,
    paper sec. 2.1.2). On a chain of nested shapes that is one rectangle if one dimension grew and two if both did.
    """
    out, inputs = node
    found = []
    top = 0
    for cover_out, cover_inputs in covers:
        if cover_inputs < inputs:
            found.append(Rectangle(top, cover_inputs, cover_out - top, inputs - cover_inputs))
        top = cover_out
    if top < out:
        found.append(Rectangle(top, 0, out - top, inputs))
    return found


def tally(node: Shape, covers: Sequence[Shape]) -> tuple[int, int]:
    """How many rectangles :func:`bands` gives, and how many cells they have together."""
    out, inputs = node
    below = top = count = 0
    for cover_out, cover_inputs in covers:
        below += (cover_out - top) * cover_inputs
        count += cover_inputs < inputs
        top = cover_out
    return count + (top < out), out * inputs - below


def cut(shapes: Iterable[Shape]) -> list[tuple[Rectangle, Shape]]:
    """All rectangles of a cluster with the smallest shape that contains each, in row-major order.

    The closed shapes that contain a cell have a least one, their minimum; the cell belongs to that shape alone. So
    the rectangles tile the union of all shapes, and a shape is tiled by those of the nodes below it and its own.
    """
    found = [(r, node) for node, below in covers(shapes) for r in bands(node, below)]
    return sorted(found, key=lambda pair: (pair[0].row, pair[0].column))
