"""The clusters of a plan as a drawing: each plane with its SuperWeights to scale, beside its layer-shape graph.

A SuperWeight serves as many layers as the shape that adds it, and both have the colour of that number. The drawing
stays of a size that can be looked at, whatever the family: boxes shrink and lose their text, lines and common parts
of very large graphs are left out, and of many clusters those are drawn that cost most. What is left out is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from attrs import evolve

from swc.diagnostics.words import count, first_few
from swc.plan.drawing import ShapeGraph, ShapeNode
from swc.plan.model import Plan
from swc.report.dot import node_lines
from swc.report.figures import Figures
from swc.report.sections import MARGIN, Section, placed
from swc.report.svg import FAINT, PAPER, Drawing, ink_on, shade

_CLUSTERS = 24
_NODES = 1_000
_EDGES = 1_500
_NAMED = 12
_LETTER = 0.62
_ARROWS = 30.0
"""Boxes that stand closer together than this are joined by lines without arrows: all lead right and down."""


def graph_svg(plan: Plan, graphs: Sequence[ShapeGraph]) -> str:
    """Draw the clusters of a plan; of more than two dozen, those that cost most."""
    figures = Figures(plan)
    chosen = _costliest(figures, graphs)
    drawn = [_thinned(graph) for graph in chosen]
    sections = placed(drawn, MARGIN + 56.0)
    width = max((section.left + section.width + MARGIN for section in sections), default=640)
    bottom = max((section.top + section.height for section in sections), default=MARGIN + 40.0)
    left_out = _left_out(figures, graphs, drawn)
    drawing = Drawing(max(width, 900), bottom + 12 + (24 if left_out else 0), f"{plan.family}: what its layers share")
    used = f"{plan.parameters.total:,} of {plan.budget:,} parameters"
    drawing.words(MARGIN, MARGIN + 12, plan.family, size=22, font_weight="bold")
    legend = (
        "Colour: how many of a cluster's layers use it, light for few and dark for many. Numbers in a plane: templates."
    )
    drawing.words(MARGIN, MARGIN + 32, f"{used}. {legend}" if sections else f"{used}. No layer shares.", fill=FAINT)
    for section, graph in zip(sections, chosen, strict=True):
        left = section.left + MARGIN
        size = section.room.caption
        drawing.words(left, section.top + size + 8, section.caption, size=size, font_weight="bold")
        drawing.words(left, section.top + 2.2 * size + 8, _note(section, graph), size=11, fill=FAINT)
        _draw_plane(drawing, section)
        _draw_graph(drawing, section)
    if left_out:
        drawing.words(MARGIN, bottom + 8, left_out, fill=FAINT)
    return drawing.text()


# What is drawn


def _costliest(figures: Figures, graphs: Sequence[ShapeGraph]) -> list[ShapeGraph]:
    """The graphs of the clusters that cost most, in the plan's order."""
    names = {cluster.name for cluster in figures.costliest(_CLUSTERS)}
    return [graph for graph in graphs if graph.cluster.name in names]


def _thinned(graph: ShapeGraph) -> ShapeGraph:
    """A very large graph without its common parts and its lines."""
    if len(graph.nodes) > _NODES:
        return evolve(graph, nodes=tuple(node for node in graph.nodes if node.layers), edges=())
    return evolve(graph, edges=()) if len(graph.edges) > _EDGES else graph


def _left_out(figures: Figures, graphs: Sequence[ShapeGraph], drawn: Sequence[ShapeGraph]) -> str:
    """What to say of clusters that are not drawn."""
    names = {graph.cluster.name for graph in drawn}
    others = [graph.cluster for graph in graphs if graph.cluster.name not in names]
    if not others:
        return ""
    cost = sum(figures.templates_of(cluster) + figures.coefficients_of(cluster) for cluster in others)
    return (
        f"{count(len(others), 'more cluster')} with {count(sum(len(x.layers) for x in others), 'layer')} and "
        f"{cost:,} parameters {'is' if len(others) == 1 else 'are'} not drawn: swc plan --format json has all."
    )


def _note(section: Section, graph: ShapeGraph) -> str:
    """Whose layers these are, and how the drawing is not to scale or not complete."""
    members = Counter(name.partition(".")[0] for name in graph.cluster.layers)
    told = first_few([f"{name} {number}" for name, number in members.items()], 6)
    found = [f"layers by member: {told}" if len(members) > 1 else f"layers of {next(iter(members))} alone"]
    found.append(f"darkest: {count(section.most_users, 'layer')}")
    if not section.lines:
        found.append("sizes show where the pointer rests")
    if section.stretch > 1:
        found.append(f"plane stretched {section.stretch:.1f} times")
    if len(section.graph.nodes) < len(graph.nodes):
        found.append(f"{count(len(graph.nodes) - len(section.graph.nodes), 'common part')} and all lines left out")
    elif len(section.graph.edges) < len(graph.edges):
        found.append(f"{count(len(graph.edges), 'line')} left out")
    return "; ".join(found)


# Planes


def _draw_plane(drawing: Drawing, section: Section) -> None:
    left, top = section.plane_left, section.body
    down, right = section.scale
    for item in section.graph.superweights:
        r = item.rectangle
        depth = section.depth(min(len(item.users), section.most_users))
        x, y, width, height = left + r.column * right, top + r.row * down, r.columns * right, r.rows * down
        tip = (
            f"{item.id}: {r.rows}×{r.columns} cells, {count(item.templates, 'template')}, used by "
            f"{count(len(item.users), 'layer')}"
        )
        border = min(1.0, width / 6, height / 6)
        drawing.add(
            "rect", tip=tip, x=x, y=y, width=width, height=height, fill=shade(depth), stroke=PAPER, stroke_width=border
        )
        label = str(item.templates)
        if not section.graph.cluster.fold and width >= 8 + 7 * len(label) and height >= 14:
            middle = {"text_anchor": "middle", "fill": ink_on(depth), "pointer_events": "none"}
            drawing.words(x + width / 2, y + height / 2 + 4, label, size=11, **middle)
    _draw_axes(drawing, section)


def _draw_axes(drawing: Drawing, section: Section) -> None:
    """Mark the sizes of shapes below and beside the plane, where there is room for the numbers: the largest always."""
    left, top = section.plane_left, section.body
    down, right = section.scale
    bottom = top + section.extent[0] * down
    for y, size in _spaced([(top + size * down, size) for size in section.outs], 13):
        drawing.words(left - 8, y + 4, str(size), size=10, text_anchor="end", fill=FAINT)
        drawing.line((left - 5, y), (left, y))
    for x, size in _spaced([(left + size * right, size) for size in section.ins], 24):
        drawing.words(x, bottom + 16, str(size), size=10, text_anchor="middle", fill=FAINT)
        drawing.line((x, bottom), (x, bottom + 5))
    drawing.words(left, bottom + 34, "inputs →", size=11, fill=FAINT)
    turn = f"rotate(-90 {section.left + MARGIN + 8:.0f} {top + 60:.0f})"
    drawing.words(section.left + MARGIN + 8, top + 60, "← outputs", size=11, fill=FAINT, transform=turn)


def _spaced(marks: Sequence[tuple[float, int]], apart: float) -> Iterator[tuple[float, int]]:
    """From the largest down, the marks that do not come too close to the one before."""
    last = float("inf")
    for place, size in reversed(marks):
        if last - place >= apart:
            last = place
            yield place, size


# Graphs


def _draw_graph(drawing: Drawing, section: Section) -> None:
    thickness = min(1.2, min(section.cell) / 12)
    arrow = "url(#arrow)" if min(section.cell) >= _ARROWS else "none"
    for start, end in section.graph.edges:
        first, last = section.centre(start), section.centre(end)
        ends = _border(first, last, section.box), _border(last, first, section.box)
        drawing.line(*ends, stroke_width=thickness, marker_end=arrow)
    for node in section.graph.nodes:
        _draw_node(drawing, section, node)


def _border(centre: tuple[float, float], other: tuple[float, float], box: tuple[float, float]) -> tuple[float, float]:
    """Where the line from one box's middle to another's leaves the first box."""
    dx, dy = other[0] - centre[0], other[1] - centre[1]
    share = min(box[0] / 2 / abs(dx) if dx else 1.0, box[1] / 2 / abs(dy) if dy else 1.0)
    return centre[0] + dx * share, centre[1] + dy * share


def _draw_node(drawing: Drawing, section: Section, node: ShapeNode) -> None:
    x, y = section.centre(node.shape)
    width, height = section.box
    depth = section.depth(node.users)
    adds = [
        f"adds {s.id} ({s.rectangle.rows}×{s.rectangle.columns}, {count(s.templates, 'template')})" for s in node.adds
    ]
    lines = node_lines(node)
    dashes = {} if node.members else {"stroke_dasharray": "4 3"}
    drawing.add(
        "rect",
        tip="\n".join([*lines, *adds, first_few(node.layers, _NAMED, between="\n", more="\nand")]),
        x=x - width / 2,
        y=y - height / 2,
        width=width,
        height=height,
        rx=min(5.0, width / 5, height / 5),
        fill=shade(depth),
        stroke=FAINT,
        stroke_width=min(1.0, min(width, height) / 10),
        **dashes,
    )
    sizes, start = ((12, 10, 10), -11) if section.lines == 3 else ((9,), 1)
    for number, (line, size) in enumerate(zip(lines[: section.lines], sizes, strict=False)):
        words = {"text_anchor": "middle", "fill": ink_on(depth), "pointer_events": "none"}
        words |= {"font_weight": "bold"} if number == 0 else {}
        fitted = _fitted_names(node.members, size, width) if number == 2 and node.members else line
        drawing.words(x, y + start + 14 * number + 2, fitted, size=size, **words)


def _fitted_names(names: Sequence[str], size: float, width: float) -> str:
    """As many names as fit into a box, and how many more there are: ``deep, wide +1``."""
    room = int((width - 6) / (_LETTER * size))
    for shown in range(len(names), 0, -1):
        text = ", ".join(names[:shown]) + (f" +{len(names) - shown}" if shown < len(names) else "")
        if len(text) <= room:
            return text
    return count(len(names), "member") if len(names) > 1 else f"{names[0][: max(room - 1, 1)]}…"
