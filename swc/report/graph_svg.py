"""The clusters of a plan as a drawing: each plane with its SuperWeights to scale, beside its layer-shape graph.

The graph needs no layout program. A shape (out, in) stands in the row of its ``out`` and the column of its ``in``,
counted among those that occur. An edge then leads right and down, and no shape lies inside or on the border of the
rectangle that it is the diagonal of (it would be between the two, and the edge no cover): no line runs through a box.
A SuperWeight serves as many layers as the shape that adds it, and both have the colour of that number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from math import log

from attrs import frozen

from swc.diagnostics.words import count
from swc.plan.drawing import ShapeGraph, ShapeNode
from swc.plan.graph import Shape
from swc.plan.model import Plan
from swc.report.dot import cluster_caption, node_lines
from swc.report.svg import FAINT, PAPER, Drawing, ink_on, shade

_MARGIN = 32
_PLANE = 440
_CELL = (118, 70)
_BOX = (98, 50)
_AXIS = 56
_HEAD = 64
_LETTER = 0.62


@frozen(slots=False, eq=False)
class _Section:
    """A cluster's part of the drawing: where it is, and how its plane is scaled."""

    graph: ShapeGraph
    top: float

    @cached_property
    def extent(self) -> Shape:
        """The plane's size: (outputs, inputs)."""
        return max(n.shape[0] for n in self.graph.nodes), max(n.shape[1] for n in self.graph.nodes)

    @property
    def scale(self) -> float:
        """Pixels for each unit cell."""
        return _PLANE / max(self.extent)

    @cached_property
    def outs(self) -> dict[int, int]:
        """The heights that occur, rising, and the row of each."""
        return _numbered(node.shape[0] for node in self.graph.nodes)

    @cached_property
    def ins(self) -> dict[int, int]:
        """The widths that occur, rising, and the column of each."""
        return _numbered(node.shape[1] for node in self.graph.nodes)

    @property
    def height(self) -> float:
        """How much room the section takes."""
        return _HEAD + max(self.extent[0] * self.scale + _AXIS, len(self.outs) * _CELL[1]) + _MARGIN

    @property
    def width(self) -> float:
        """How wide the section is."""
        return self.graph_left + len(self.ins) * _CELL[0] + _MARGIN

    @property
    def plane_left(self) -> float:
        """Where the plane begins."""
        return _MARGIN + _AXIS

    @property
    def graph_left(self) -> float:
        """Where the graph begins."""
        return self.plane_left + _PLANE + _MARGIN

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
        return self.graph_left + (column + 0.5) * _CELL[0], self.top + _HEAD + (row + 0.5) * _CELL[1]


def _numbered(sizes: Iterable[int]) -> dict[int, int]:
    return {size: place for place, size in enumerate(sorted(set(sizes)))}


def graph_svg(plan: Plan, graphs: Sequence[ShapeGraph]) -> str:
    """Draw all clusters of a plan, one below the other."""
    sections = []
    top = _MARGIN + 40.0
    for graph in graphs:
        sections.append(_Section(graph, top))
        top += sections[-1].height
    width = max((section.width for section in sections), default=640)
    drawing = Drawing(width, top + 12, f"{plan.family}: what its layers share")
    used = f"{plan.parameters.total:,} of {plan.budget:,} parameters"
    drawing.words(_MARGIN, _MARGIN + 12, plan.family, size=22, font_weight="bold")
    legend = "Colour: how many layers use it, from few (light) to many (dark). Numbers in the plane: templates."
    drawing.words(_MARGIN, _MARGIN + 32, f"{used}. {legend}" if sections else f"{used}. No layer shares.", fill=FAINT)
    for section in sections:
        drawing.words(_MARGIN, section.top + 32, cluster_caption(section.graph), size=16, font_weight="bold")
        _draw_plane(drawing, section)
        _draw_graph(drawing, section)
    return drawing.text()


def _draw_plane(drawing: Drawing, section: _Section) -> None:
    left, top, scale = section.plane_left, section.top + _HEAD, section.scale
    for item in section.graph.superweights:
        r = item.rectangle
        depth = section.depth(len(item.users))
        x, y, width, height = left + r.column * scale, top + r.row * scale, r.columns * scale, r.rows * scale
        tip = (
            f"{item.id}: {r.rows}×{r.columns} cells, {count(item.templates, 'template')}, used by "
            f"{count(len(item.users), 'layer')}"
        )
        drawing.add(
            "rect", tip=tip, x=x, y=y, width=width, height=height, fill=shade(depth), stroke=PAPER, stroke_width=1
        )
        label = str(item.templates)
        if not section.graph.cluster.fold and width >= 8 + 7 * len(label) and height >= 14:
            middle = {"text_anchor": "middle", "fill": ink_on(depth), "pointer_events": "none"}
            drawing.words(x + width / 2, y + height / 2 + 4, label, size=11, **middle)
    _draw_axes(drawing, section)


def _draw_axes(drawing: Drawing, section: _Section) -> None:
    """Mark the sizes of shapes below and beside the plane, where there is room for the numbers."""
    left, top, scale = section.plane_left, section.top + _HEAD, section.scale
    bottom = top + section.extent[0] * scale
    last = -100.0
    for size in section.outs:
        y = top + size * scale
        if y - last >= 13:
            last = y
            drawing.words(left - 8, y + 4, str(size), size=10, text_anchor="end", fill=FAINT)
            drawing.line((left - 5, y), (left, y))
    last = -100.0
    for size in section.ins:
        x = left + size * scale
        if x - last >= 24:
            last = x
            drawing.words(x, bottom + 16, str(size), size=10, text_anchor="middle", fill=FAINT)
            drawing.line((x, bottom), (x, bottom + 5))
    drawing.words(left, bottom + 34, "input channels →", size=11, fill=FAINT)
    turn = f"rotate(-90 {_MARGIN + 8} {top + 96:.0f})"
    drawing.words(_MARGIN + 8, top + 96, "← output channels", size=11, fill=FAINT, transform=turn)


def _draw_graph(drawing: Drawing, section: _Section) -> None:
    for start, end in section.graph.edges:
        first, last = section.centre(start), section.centre(end)
        drawing.line(_border(first, last), _border(last, first), stroke_width=1.2, marker_end="url(#arrow)")
    for node in section.graph.nodes:
        _draw_node(drawing, section, node)


def _border(centre: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Where the line from one box's middle to another's leaves the first box."""
    dx, dy = other[0] - centre[0], other[1] - centre[1]
    share = min(_BOX[0] / 2 / abs(dx) if dx else 1.0, _BOX[1] / 2 / abs(dy) if dy else 1.0)
    return centre[0] + dx * share, centre[1] + dy * share


def _draw_node(drawing: Drawing, section: _Section, node: ShapeNode) -> None:
    x, y = section.centre(node.shape)
    depth = section.depth(node.users)
    adds = [
        f"adds {s.id} ({s.rectangle.rows}×{s.rectangle.columns}, {count(s.templates, 'template')})" for s in node.adds
    ]
    lines = node_lines(node)
    dashes = {} if node.members else {"stroke_dasharray": "4 3"}
    drawing.add(
        "rect",
        tip="\n".join([*lines, *adds, *node.layers]),
        x=x - _BOX[0] / 2,
        y=y - _BOX[1] / 2,
        width=_BOX[0],
        height=_BOX[1],
        rx=5,
        fill=shade(depth),
        stroke=FAINT,
        **dashes,
    )
    sizes = (12, 10, 10)
    for number, (line, size) in enumerate(zip(lines, sizes, strict=True)):
        words = {"text_anchor": "middle", "fill": ink_on(depth), "pointer_events": "none"}
        words |= {"font_weight": "bold"} if number == 0 else {}
        drawing.words(x, y - 11 + 14 * number + 2, _fitted(line, size), size=size, **words)


def _fitted(line: str, size: float) -> str:
    """Cut a line off so that it fits into a box."""
    room = int((_BOX[0] - 6) / (_LETTER * size))
    return line if len(line) <= room else line[: room - 1].rstrip(", ") + "…"
