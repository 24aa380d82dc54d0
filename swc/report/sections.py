"""Where everything of a drawing of clusters stands: sections in rows, planes and graphs scaled to fit.

The graph needs no layout program. A shape (out, in) stands in the row of its ``out`` and the column of its ``in``,
counted among those that occur. An edge then leads right and down, and no shape lies inside or on the border of the
rectangle that it is the diagonal of (it would be between the two, and the edge no cover): no line runs through a box.
That holds for boxes of any size up to their cells', so a graph of many shapes is the same with smaller ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from math import log

from attrs import evolve, frozen

from swc.plan.drawing import ShapeGraph
from swc.plan.graph import Shape
from swc.report.dot import cluster_caption

MARGIN = 32
AXIS = 56
PAGE = 1600
"""Sections stand beside each other up to this width."""

_CELL = (118.0, 70.0)
_BOX = (0.83, 0.72)
_LETTER = 0.58
_THIN = 48
"""A plane that would be thinner than this is stretched."""


@frozen
class Room:
    """What one cluster may take: the plane's longer side, the graph's width and height, the size of its caption."""

    plane: float
    graph: tuple[float, float]
    caption: float


_FEW = Room(440, (960, 1400), 16)
_MANY = Room(240, (400, 320), 13)


@frozen(slots=False, eq=False)
class Section:
    """A cluster's part of the drawing: where it is, and how its plane and its graph are scaled."""

    graph: ShapeGraph
    room: Room
    left: float = 0.0
    top: float = 0.0

    @property
    def head(self) -> float:
        """Height of the caption and the note under it."""
        return 30 + 2.2 * self.room.caption

    @cached_property
    def extent(self) -> Shape:
        """The plane's size: (outputs, inputs)."""
        return max(n.shape[0] for n in self.graph.nodes), max(n.shape[1] for n in self.graph.nodes)

    @cached_property
    def scale(self) -> tuple[float, float]:
        """Pixels for each unit cell, down and to the right: the same, unless the plane would be too thin to be seen."""
        even = self.room.plane / max(self.extent)
        down, right = (max(even, _THIN / size) for size in self.extent)
        return down, right

    @property
    def stretch(self) -> float:
        """How many times as wide as high, or as high as wide, a unit cell is drawn."""
        return max(self.scale) / min(self.scale)

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
        width, height = self.room.graph
        return min(_CELL[0], width / len(self.ins)), min(_CELL[1], height / len(self.outs))

    @property
    def box(self) -> tuple[float, float]:
        """Width and height of a shape's box."""
        return self.cell[0] * _BOX[0], self.cell[1] * _BOX[1]

    @property
    def lines(self) -> int:
        """How many lines of text have room in a box."""
        if self.box[0] >= 76 and self.box[1] >= 44:
            return 3
        return int(self.box[0] >= 46 and self.box[1] >= 13)

    @property
    def caption(self) -> str:
        """The section's title."""
        return cluster_caption(self.graph)

    @property
    def height(self) -> float:
        """How much room the section takes."""
        plane, graph = self.extent[0] * self.scale[0] + AXIS, len(self.outs) * self.cell[1]
        return self.head + max(plane, graph) + MARGIN

    @property
    def width(self) -> float:
        """How wide the section is, with its margin on the left."""
        drawn = self.graph_left - self.left + len(self.ins) * self.cell[0]
        return max(drawn, MARGIN + len(self.caption) * self.room.caption * _LETTER)

    @property
    def plane_left(self) -> float:
        """Where the plane begins."""
        return self.left + MARGIN + AXIS

    @property
    def body(self) -> float:
        """Where plane and graph begin, from above."""
        return self.top + self.head

    @property
    def graph_left(self) -> float:
        """Where the graph begins."""
        return self.plane_left + self.extent[1] * self.scale[1] + MARGIN

    @cached_property
    def most_users(self) -> int:
        """The largest number of layers that use the same part."""
        return max(node.users for node in self.graph.nodes)

    def depth(self, users: int) -> float:
        """How dark the colour of so many layers is, from 0 to 1."""
        return log(users) / log(self.most_users) if self.most_users > 1 else 0.5

    def centre(self, shape: Shape) -> tuple[float, float]:
        """The middle of a shape's box."""
        column, row = self.ins[shape[1]], self.outs[shape[0]]
        return self.graph_left + (column + 0.5) * self.cell[0], self.body + (row + 0.5) * self.cell[1]


def _numbered(sizes: Iterable[int]) -> dict[int, int]:
    return {size: place for place, size in enumerate(sorted(set(sizes)))}


def placed(graphs: Sequence[ShapeGraph], top: float) -> list[Section]:
    """The sections of some clusters: in rows from ``top`` down, as many in each as the page is wide."""
    room = _FEW if len(graphs) <= 3 else _MANY
    found: list[Section] = []
    left = below = 0.0
    for graph in graphs:
        section = Section(graph, room)
        if left > 0 and left + section.width + MARGIN > PAGE:
            left, top = 0.0, below
        found.append(evolve(section, left=left, top=top))
        left += section.width
        below = max(below, top + section.height)
    return found
