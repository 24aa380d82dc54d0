"""Where everything of a drawing of clusters stands: sections in rows, planes and graphs scaled to fit.

The graph needs no layout program. A shape (out, in) stands in the row of its ``out`` and the column of its ``in``,
counted among those that occur. An edge then leads right and down, and no shape lies inside or on the border of the
rectangle that it is the diagonal of (it would be between the two, and the edge no cover): no line runs through a box.
That holds for boxes of any size up to their cells', so a graph of many shapes is the same with smaller ones.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

from attrs import evolve, frozen

from swc.diagnostics.words import count, first_few
from swc.plan.drawing import ShapeGraph
from swc.plan.graph import Shape
from swc.report.dot import cluster_caption
from swc.report.scale import Scale, scaled

MARGIN = 32
AXIS = 56
PAGE = 1600
"""Sections stand beside each other up to this width."""
NOTE = 11
"""Size of the letters of a note."""

_CELL = (118.0, 70.0)
_LOW = 32.0
"""Height of a place for a box with one line of text."""
_BOX = (0.83, 0.72)
_LETTER = 0.58
_LINE = 15
_NARROW = 320
"""A section is at least so wide: room for its note."""
_THIN = 48
"""A plane that would be thinner than this is stretched."""


@frozen
class Room:
    """What one cluster may take: the plane's longer side, the graph with text in its boxes and without, the caption."""

    plane: float
    graph: tuple[float, float]
    bare: tuple[float, float]
    caption: float


_FEW = Room(440, (960, 1400), (440, 440), 16)
_MANY = Room(240, (400, 320), (280, 240), 13)


@frozen(slots=False, eq=False)
class Section:
    """A cluster's part of the drawing: where it is, and how its plane and its graph are scaled.

    ``whole`` is the cluster's graph, ``graph`` what is drawn of it.
    """

    whole: ShapeGraph
    graph: ShapeGraph
    room: Room
    left: float = 0.0
    top: float = 0.0

    # Planes

    @cached_property
    def extent(self) -> Shape:
        """The plane's size: (outputs, inputs)."""
        return max(n.shape[0] for n in self.graph.nodes), max(n.shape[1] for n in self.graph.nodes)

    @cached_property
    def scales(self) -> tuple[Scale, Scale]:
        """The plane's axes, down and to the right; of a folded cluster, whose tiles are alike, in proportion."""
        items = () if self.graph.cluster.fold else self.graph.superweights
        unit = self.room.plane / max(self.extent)
        downs = {self.extent[0], *(item.rectangle.row for item in items)}
        rights = {self.extent[1], *(item.rectangle.column for item in items)}
        down, right = (max(size * unit, _THIN) for size in self.extent)
        return scaled(downs, down), scaled(rights, right)

    @property
    def stretch(self) -> float:
        """How many times as wide as high, or as high as wide, a unit cell is drawn on average."""
        units = [scale.length / size for scale, size in zip(self.scales, self.extent, strict=True)]
        return max(units) / min(units)

    @property
    def plane_left(self) -> float:
        """Where the plane begins."""
        return self.left + MARGIN + AXIS

    # Graphs

    @cached_property
    def outs(self) -> dict[int, int]:
        """The heights that occur, rising, and the row of each."""
        return _numbered(node.shape[0] for node in self.graph.nodes)

    @cached_property
    def ins(self) -> dict[int, int]:
        """The widths that occur, rising, and the column of each."""
        return _numbered(node.shape[1] for node in self.graph.nodes)

    @cached_property
    def cell(self) -> tuple[float, float]:
        """Width and height of a place in the graph."""
        width, height = self._cell(self.room.graph)
        lines = _lines((width, height))
        if not lines:
            return self._cell(self.room.bare)
        return (width, height) if lines > 1 else (width, min(height, _LOW))

    def _cell(self, room: tuple[float, float]) -> tuple[float, float]:
        return min(_CELL[0], room[0] / len(self.ins)), min(_CELL[1], room[1] / len(self.outs))

    @property
    def box(self) -> tuple[float, float]:
        """Width and height of a shape's box."""
        return _box(self.cell)

    @property
    def lines(self) -> int:
        """How many lines of text have room in a box."""
        return _lines(self.cell)

    @property
    def graph_left(self) -> float:
        """Where the graph begins; boxes without text have their sizes on axes, as the plane has."""
        return self.plane_left + self.scales[1].length + (MARGIN if self.lines else AXIS)

    def centre(self, shape: Shape) -> tuple[float, float]:
        """The middle of a shape's box."""
        column, row = self.ins[shape[1]], self.outs[shape[0]]
        return self.graph_left + (column + 0.5) * self.cell[0], self.body + (row + 0.5) * self.cell[1]

    # The whole section

    @property
    def caption(self) -> str:
        """The section's title."""
        return cluster_caption(self.whole)

    @cached_property
    def note(self) -> list[str]:
        """Whose layers these are, and how the drawing is not to scale or not complete, in lines that fit."""
        members = Counter(name.partition(".")[0] for name in self.whole.cluster.layers)
        told = first_few([f"{name} {number}" for name, number in members.items()], 6)
        found = [f"layers by member: {told}" if len(members) > 1 else f"layers of {next(iter(members))} alone"]
        if not all(scale.even for scale in self.scales):
            found.append("narrow parts widened")
        if self.stretch > 1.001:
            found.append(f"plane stretched {self.stretch:.1f} times")
        smaller = len(self.whole.superweights) - len(self.graph.superweights)
        if smaller:
            found.append(f"{count(smaller, 'smaller part')} of the plane left out")
        nodes, edges = (len(self.whole.nodes) - len(self.graph.nodes)), len(self.whole.edges)
        if nodes:
            found.append(f"{count(nodes, 'common part')} and all lines left out")
        elif edges > len(self.graph.edges):
            found.append(f"{count(edges, 'line')} left out")
        return textwrap.wrap("; ".join(found), int((self.width - MARGIN) / (NOTE * _LETTER)))

    @property
    def body(self) -> float:
        """Where plane and graph begin, from above."""
        return self.top + 18 + 2.2 * self.room.caption + _LINE * len(self.note)

    @property
    def height(self) -> float:
        """How much room the section takes."""
        plane, graph = self.scales[0].length + AXIS, len(self.outs) * self.cell[1] + (0 if self.lines else AXIS)
        return self.body - self.top + max(plane, graph) + MARGIN

    @property
    def width(self) -> float:
        """How wide the section is, with its margin on the left."""
        drawn = self.graph_left - self.left + len(self.ins) * self.cell[0]
        return max(drawn, MARGIN + len(self.caption) * self.room.caption * _LETTER, _NARROW)


def _numbered(sizes: Iterable[int]) -> dict[int, int]:
    return {size: place for place, size in enumerate(sorted(set(sizes)))}


def _box(cell: tuple[float, float]) -> tuple[float, float]:
    return cell[0] * _BOX[0], cell[1] * _BOX[1]


def _lines(cell: tuple[float, float]) -> int:
    width, height = _box(cell)
    return 3 if width >= 76 and height >= 44 else int(width >= 46 and height >= 13)


def placed(graphs: Sequence[tuple[ShapeGraph, ShapeGraph]], top: float) -> list[Section]:
    """The sections of clusters, given as (whole graph, drawn graph): in rows as wide as the page, from ``top`` down."""
    room = _FEW if len(graphs) <= 3 else _MANY
    found: list[Section] = []
    left = below = 0.0
    for whole, graph in graphs:
        section = Section(whole, graph, room)
        if left > 0 and left + section.width + MARGIN > PAGE:
            left, top = 0.0, below
        found.append(evolve(section, left=left, top=top))
        left += section.width
        below = max(below, top + section.height)
    return found
