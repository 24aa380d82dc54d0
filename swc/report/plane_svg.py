"""The plane of a cluster as a drawing: its SuperWeights or tiles, and the sizes of shapes on its axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from swc.diagnostics.words import count
from swc.report.sections import MARGIN, Section
from swc.report.shading import Shading
from swc.report.svg import FAINT, PAPER, Drawing, ink_on, shade


def draw_plane(drawing: Drawing, section: Section, shading: Shading) -> None:
    """Each SuperWeight in the colour of its users, with its number of templates where that fits."""
    down, right = section.scales
    for item in section.graph.superweights:
        r = item.rectangle
        depth = shading.depth(len(item.users))
        x, y = section.plane_left + right.at(r.column), section.body + down.at(r.row)
        width, height = right.at(r.column + r.columns) - right.at(r.column), down.at(r.row + r.rows) - down.at(r.row)
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
    bottom = section.body + down.length
    draw_outs(drawing, section.plane_left, [(section.body + down.at(size), size) for size in section.outs])
    draw_ins(drawing, bottom, [(section.plane_left + right.at(size), size) for size in section.ins])
    drawing.words(section.plane_left, bottom + 34, "inputs →", size=11, fill=FAINT)
    turn = f"rotate(-90 {section.left + MARGIN + 8:.0f} {section.body + 60:.0f})"
    drawing.words(section.left + MARGIN + 8, section.body + 60, "← outputs", size=11, fill=FAINT, transform=turn)


def draw_outs(drawing: Drawing, left: float, marks: Sequence[tuple[float, int]]) -> None:
    """Mark sizes (height, size) on an axis that goes down, where there is room for the numbers: the largest always."""
    for y, size in _spaced(marks, 13):
        drawing.words(left - 8, y + 4, str(size), size=10, text_anchor="end", fill=FAINT)
        drawing.line((left - 5, y), (left, y))


def draw_ins(drawing: Drawing, bottom: float, marks: Sequence[tuple[float, int]]) -> None:
    """Mark sizes (place, size) on an axis that goes to the right, in the same way."""
    for x, size in _spaced(marks, 10 + 6.5 * max((len(str(size)) for _, size in marks), default=1)):
        drawing.words(x, bottom + 16, str(size), size=10, text_anchor="middle", fill=FAINT)
        drawing.line((x, bottom), (x, bottom + 5))


def _spaced(marks: Sequence[tuple[float, int]], apart: float) -> Iterator[tuple[float, int]]:
    """From the largest down, the marks that do not come too close to the one before."""
    last = float("inf")
    for place, size in reversed(marks):
        if last - place >= apart:
            last = place
            yield place, size
