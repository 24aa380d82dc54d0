"""The curve of a sweep as a drawing: freedom over the budget, and below it what each budget is spent on."""

from __future__ import annotations

from attrs import frozen

from swc.report.amounts import compact, percent
from swc.report.axis import Axis
from swc.report.curve import freedom
from swc.report.figures import Figures
from swc.report.svg import FAINT, INK, PAPER, Drawing
from swc.report.sweep import Point, Sweep

_SIZE = (940, 640)
_LEFT, _RIGHT = 84, 700
_UPPER, _LOWER = (96, 376), (440, 580)
_LINE, _GRID, _WARN = "#0b4a86", "#e4e7eb", "#b44d12"
_PARTS = (
    ("unused", "#e4e7eb"),
    ("private: heads, norms, biases", "#f0b429"),
    ("coefficients", "#d64545"),
    ("templates", "#2f7ab9"),
)


@frozen
class _Panel:
    """A plot: the pixels it covers, and its axes (both from 0 to 1 in ``y_place``'s terms)."""

    top: float
    bottom: float
    x: Axis

    def across(self, budget: float) -> float:
        """Where a budget lies."""
        return _LEFT + self.x.place(budget) * (_RIGHT - _LEFT)

    def up(self, share: float) -> float:
        """Where a share of the panel's height lies."""
        return self.bottom - share * (self.bottom - self.top)


def curve_svg(sweep: Sweep) -> str:
    """Draw a sweep; plans with folded clusters are hollow, budgets that are too small are crosses."""
    drawing = Drawing(*_SIZE, f"{sweep.family} at {len(sweep.points)} budgets")
    drawing.words(_LEFT, 40, f"{sweep.family} at {len(sweep.points)} budgets", size=20, font_weight="bold")
    words = f"alone the members take {sweep.independent:,}; the least that can be planned is {sweep.smallest:,}"
    drawing.words(_LEFT, 62, words, fill=FAINT)
    x = Axis.around([float(point.budget) for point in sweep.points])
    _draw_freedom(drawing, sweep, _Panel(*_UPPER, x))
    _draw_parts(drawing, sweep, _Panel(*_LOWER, x))
    return drawing.text()


def _draw_freedom(drawing: Drawing, sweep: Sweep, panel: _Panel) -> None:
    shown = [point for point in sweep.points if freedom(point) > 0]
    drawing.words(_LEFT, panel.top - 10, "template parameters for each weight made from them", size=12)
    _draw_budgets(drawing, panel)
    y = Axis.around([freedom(point) for point in shown]) if shown else Axis(-1, 0)
    for tick in y.ticks:
        height = panel.up(y.place(tick))
        drawing.line((_LEFT, height), (_RIGHT, height), stroke=_GRID)
        drawing.words(_LEFT - 8, height + 4, percent(tick), size=11, text_anchor="end", fill=FAINT)
    places = [(panel.across(point.budget), panel.up(y.place(freedom(point)))) for point in shown]
    if places:
        drawing.path(places, stroke=_LINE, stroke_width=2)
    for point, (left, height) in zip(shown, places, strict=True):
        fill = PAPER if point.folded else _LINE
        drawing.add("circle", tip=_tip(point), cx=left, cy=height, r=5, fill=fill, stroke=_LINE, stroke_width=2)
    for point in sweep.points:
        if point.figures is None:
            left = panel.across(point.budget)
            for slope in (-5, 5):
                ends = ((left - 5, panel.bottom - 10 - slope), (left + 5, panel.bottom - 10 + slope))
                drawing.line(*ends, stroke=_WARN, stroke_width=2)
    _draw_marks(drawing, panel)


def _draw_marks(drawing: Drawing, panel: _Panel) -> None:
    left = _RIGHT + 28
    for number, (fill, label) in enumerate(((_LINE, "all clusters whole"), (PAPER, "some clusters folded"))):
        height = panel.top + 12 + 22 * number
        drawing.add("circle", tip="", cx=left, cy=height, r=5, fill=fill, stroke=_LINE, stroke_width=2)
        drawing.words(left + 14, height + 4, label)
    drawing.words(left - 4, panel.top + 60, "×", size=16, fill=_WARN, font_weight="bold")
    drawing.words(left + 14, panel.top + 60, "too small a budget")


def _draw_parts(drawing: Drawing, sweep: Sweep, panel: _Panel) -> None:
    drawing.words(_LEFT, panel.top - 10, "what the budget goes to", size=12)
    shown = [(point, _shares(point, point.figures)) for point in sweep.points if point.figures]
    below = [0.0] * len(shown)
    for part in reversed(range(len(_PARTS))):
        above = [low + shares[part] for low, (_, shares) in zip(below, shown, strict=True)]
        upper = [(panel.across(point.budget), panel.up(share)) for share, (point, _) in zip(above, shown, strict=True)]
        lower = [(panel.across(point.budget), panel.up(share)) for share, (point, _) in zip(below, shown, strict=True)]
        if shown:
            drawing.path([*upper, *reversed(lower)], closed=True, fill=_PARTS[part][1], stroke=_PARTS[part][1])
        below = above
    for share in (0.0, 0.5, 1.0):
        drawing.words(_LEFT - 8, panel.up(share) + 4, percent(share), size=11, text_anchor="end", fill=FAINT)
    _draw_budgets(drawing, panel)
    for tick in panel.x.ticks:
        drawing.words(panel.across(tick), panel.bottom + 18, compact(round(tick)), size=11, text_anchor="middle")
    drawing.words((_LEFT + _RIGHT) / 2, panel.bottom + 40, "budget, in parameters", size=12, text_anchor="middle")
    for number, (label, color) in enumerate(_PARTS):
        height = panel.top + 8 + 22 * number
        drawing.add("rect", tip="", x=_RIGHT + 22, y=height - 7, width=12, height=12, fill=color)
        drawing.words(_RIGHT + 42, height + 4, label)


def _draw_budgets(drawing: Drawing, panel: _Panel) -> None:
    """The frame of a panel, and a line up from each round budget."""
    for tick in panel.x.ticks:
        drawing.line((panel.across(tick), panel.top), (panel.across(tick), panel.bottom), stroke=_GRID)
    drawing.line((_LEFT, panel.bottom), (_RIGHT, panel.bottom), stroke=INK)


def _shares(point: Point, figures: Figures) -> tuple[float, ...]:
    """The parts of a budget, in the order of ``_PARTS``; they sum to 1."""
    parts = figures.plan.parameters
    numbers = (point.budget - parts.total, parts.private, parts.coefficients, parts.templates)
    return tuple(number / point.budget for number in numbers)


def _tip(point: Point) -> str:
    used = point.figures.plan.parameters.total if point.figures else 0
    folded = f", folded: {', '.join(point.folded)}" if point.folded else ""
    return f"{point.label} = {point.budget:,} parameters: {used:,} used, freedom {freedom(point):.1%}{folded}"
