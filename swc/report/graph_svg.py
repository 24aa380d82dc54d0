"""The clusters of a plan as a drawing: each plane with its SuperWeights, beside its layer-shape graph.

A SuperWeight serves as many layers as the shape that adds it, and both have the colour of that number. The drawing
stays of a size that can be looked at, whatever the family: boxes shrink and lose their text, lines and common parts
of very large graphs are left out, and of many clusters those are drawn that cost most. What is left out is said.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from swc.diagnostics.words import count, first_few
from swc.plan.drawing import ShapeGraph, ShapeNode
from swc.plan.model import Plan
from swc.report.dot import node_lines
from swc.report.figures import Figures
from swc.report.plane_svg import draw_ins, draw_outs, draw_plane
from swc.report.sections import MARGIN, NOTE, Section, placed
from swc.report.shading import Shading
from swc.report.svg import FAINT, Drawing, ink_on, shade

_CLUSTERS = 24
_NODES = 1_000
_EDGES = 1_500
_SUPERWEIGHTS = 4_000
_NAMED = 12
_LETTER = 0.62
_ARROWS = 30.0
"""Boxes that stand closer together than this are joined by lines without arrows: all lead right and down."""
_LEGEND = (
    "Left, a cluster's plane: SuperWeights with their number of templates, or the tiles of a folded cluster.",
    "Right, its shapes, outputs × inputs: arrows lead to larger ones; a dashed one is only what others have in common.",
)


def graph_svg(plan: Plan, graphs: Sequence[ShapeGraph]) -> str:
    """Draw the clusters of a plan; of more than two dozen, those that cost most."""
    figures = Figures(plan)
    chosen = _costliest(figures, graphs)
    sections = placed([(graph, _thinned(graph)) for graph in chosen], MARGIN + 112.0)
    shading = Shading.of(chosen)
    width = max((section.left + section.width + MARGIN for section in sections), default=640)
    bottom = max((section.top + section.height for section in sections), default=MARGIN + 40.0)
    left_out = _left_out(figures, graphs, chosen)
    drawing = Drawing(max(width, 940), bottom + 12 + (24 if left_out else 0), f"{plan.family}: what its layers share")
    drawing.words(MARGIN, MARGIN + 12, plan.family, size=22, font_weight="bold")
    drawing.words(MARGIN, MARGIN + 34, _spent(plan))
    if sections:
        for number, line in enumerate(_LEGEND):
            drawing.words(MARGIN, MARGIN + 54 + 16 * number, line, fill=FAINT)
        shading.draw_legend(drawing, MARGIN, MARGIN + 82)
    for section in sections:
        left, size = section.left + MARGIN, section.room.caption
        drawing.words(left, section.top + size + 8, section.caption, size=size, font_weight="bold")
        for number, line in enumerate(section.note):
            drawing.words(left, section.top + 2.2 * size + 8 + 15 * number, line, size=NOTE, fill=FAINT)
        draw_plane(drawing, section, shading)
        _draw_graph(drawing, section, shading)
    if left_out:
        drawing.words(MARGIN, bottom + 8, left_out, fill=FAINT)
    return drawing.text()


def _spent(plan: Plan) -> str:
    """What the plan uses, and how many layers the drawing is not about."""
    layers = [layer for member in plan.members for layer in member.layers]
    own = sum(layer.cluster is None for layer in layers)
    used = f"{plan.parameters.total:,} of {plan.budget:,} parameters. "
    if own == len(layers):
        return used + "No layer shares: each owns its weight."
    sharing = f"{count(len(layers) - own, 'layer')} made from SuperWeights"
    return used + f"{sharing}; {own:,} own their weights and are not drawn." if own else used + f"{sharing}."


# What is drawn


def _costliest(figures: Figures, graphs: Sequence[ShapeGraph]) -> list[ShapeGraph]:
    """The graphs of the clusters that cost most, in the plan's order."""
    names = {cluster.name for cluster in figures.costliest(_CLUSTERS)}
    return [graph for graph in graphs if graph.cluster.name in names]


def _thinned(graph: ShapeGraph) -> ShapeGraph:
    """A very large graph without common parts and lines, and a plane of very many SuperWeights with the largest."""
    if len(graph.superweights) > _SUPERWEIGHTS:
        largest = sorted(graph.superweights, key=lambda item: -item.rectangle.cells)[:_SUPERWEIGHTS]
        graph = evolve(graph, superweights=tuple(largest))
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


# Graphs


def _draw_graph(drawing: Drawing, section: Section, shading: Shading) -> None:
    if not section.lines:
        left, bottom = section.graph_left, section.body + len(section.outs) * section.cell[1]
        draw_outs(drawing, left, [(section.centre((out, min(section.ins)))[1], out) for out in section.outs])
        draw_ins(drawing, bottom, [(section.centre((min(section.outs), width))[0], width) for width in section.ins])
    thickness = min(1.2, min(section.cell) / 12)
    arrow = "url(#arrow)" if min(section.cell) >= _ARROWS else "none"
    for start, end in section.graph.edges:
        first, last = section.centre(start), section.centre(end)
        ends = _border(first, last, section.box), _border(last, first, section.box)
        drawing.line(*ends, stroke_width=thickness, marker_end=arrow)
    for node in section.graph.nodes:
        _draw_node(drawing, section, shading, node)


def _border(centre: tuple[float, float], other: tuple[float, float], box: tuple[float, float]) -> tuple[float, float]:
    """Where the line from one box's middle to another's leaves the first box."""
    dx, dy = other[0] - centre[0], other[1] - centre[1]
    share = min(box[0] / 2 / abs(dx) if dx else 1.0, box[1] / 2 / abs(dy) if dy else 1.0)
    return centre[0] + dx * share, centre[1] + dy * share


def _draw_node(drawing: Drawing, section: Section, shading: Shading, node: ShapeNode) -> None:
    x, y = section.centre(node.shape)
    width, height = section.box
    depth = shading.depth(node.users)
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
