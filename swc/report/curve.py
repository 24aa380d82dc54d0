"""The curve of a sweep in the terminal, drawn with characters on axes of powers of ten."""

from __future__ import annotations

from itertools import pairwise

from rich.text import Text

from swc.report.amounts import compact, percent
from swc.report.axis import Axis
from swc.report.sweep import Point, Sweep

_WIDTH = 72
_HEIGHT = 15
_WHOLE, _FOLDED, _TOO_SMALL = "●", "○", "×"


def terminal_curve(sweep: Sweep) -> Text:
    """Freedom over the budget; one mark for each plan, joined by a dotted line."""
    shown = [point for point in sweep.points if point.figures and point.figures.freedom > 0]
    if len(shown) < 2:
        return Text("A curve takes at least two budgets that can be planned.")
    x = Axis.around([float(point.budget) for point in sweep.points])
    y = Axis.around([freedom(point) for point in shown])
    grid = [[" "] * _WIDTH for _ in range(_HEIGHT)]
    places = [(_column(x, point), _row(y, point)) for point in shown]
    for (left, upper), (right, lower) in pairwise(places):
        for column in range(left + 1, right):
            row = round(upper + (lower - upper) * (column - left) / (right - left))
            grid[row][column] = "·"
    for point, (column, row) in zip(shown, places, strict=True):
        grid[row][column] = _FOLDED if point.folded else _WHOLE
    for point in sweep.points:
        if point.figures is None:
            grid[_HEIGHT - 1][_column(x, point)] = _TOO_SMALL
    return _framed(grid, x, y)


def freedom(point: Point) -> float:
    """Template parameters for each weight made from them; 0 where there is no plan."""
    return point.figures.freedom if point.figures else 0.0


def _column(x: Axis, point: Point) -> int:
    return round(x.place(point.budget) * (_WIDTH - 1))


def _row(y: Axis, point: Point) -> int:
    return _HEIGHT - 1 - round(y.place(freedom(point)) * (_HEIGHT - 1))


def _framed(grid: list[list[str]], x: Axis, y: Axis) -> Text:
    marks = {_HEIGHT - 1 - round(y.place(tick) * (_HEIGHT - 1)): percent(tick) for tick in y.ticks}
    margin = max(len(mark) for mark in marks.values())
    lines = ["freedom: template parameters for each weight made from them"]
    for number, row in enumerate(grid):
        edge = "┤" if number in marks else "│"
        lines.append(f"{marks.get(number, ''):>{margin}} {edge}{''.join(row).rstrip()}")
    rule, labels = ["─"] * _WIDTH, [" "] * (_WIDTH + 8)
    end = 0
    for tick in x.ticks:
        column = round(x.place(tick) * (_WIDTH - 1))
        rule[column] = "┬"
        word = compact(round(tick))
        start = max(0, column - len(word) // 2)
        if start >= end:
            labels[start : start + len(word)] = word
            end = start + len(word) + 1
    lines += [" " * margin + " └" + "".join(rule), " " * (margin + 2) + "".join(labels).rstrip()]
    lines.append(
        " " * (margin + 2) + f"budget   {_WHOLE} all clusters whole   {_FOLDED} some folded   {_TOO_SMALL} too small"
    )
    return Text("\n".join(lines), no_wrap=True)
