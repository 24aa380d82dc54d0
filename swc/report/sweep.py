"""A family planned at many budgets."""

from __future__ import annotations

import json
from collections.abc import Sequence

from attrs import frozen
from rich.console import Group
from rich.text import Text

from swc.compiler import Loaded
from swc.diagnostics.words import count, first_few
from swc.plan.report import MOST_PERCENT
from swc.report.amounts import Amount, compact, percent
from swc.report.figures import Figures
from swc.report.layout import table, titled
from swc.report.steps import planned_at, smallest_for
from swc.report.tables import fold_templates

FORMAT_VERSION = 1
_FOLDS = 3
_NOTE = """freedom: template parameters for each weight that is made from them
fewest: templates of the SuperWeight that has fewest"""


@frozen
class Point:
    """One budget of a sweep, and the plan's figures; None where the budget is too small."""

    label: str
    budget: int
    figures: Figures | None

    @property
    def folded(self) -> tuple[str, ...]:
        """The names of the folded clusters."""
        found = self.figures.plan.clusters if self.figures else ()
        return tuple(cluster.name for cluster in found if cluster.fold)


@frozen
class Sweep:
    """The plans of a family over a range of budgets, smallest budget first."""

    family: str
    independent: int
    smallest: int
    points: tuple[Point, ...]


def run_sweep(loaded: Loaded, amounts: Sequence[Amount]) -> Sweep:
    """Plan the family at each budget.

    Raises:
        AmountError: a share of the family is less than one parameter.
        SpecError: for whatever stands in the way of any plan; too small a budget does not.
    """
    independent = loaded.family.parameters_independent
    budgets = {amount.of(independent): amount.text for amount in amounts}
    points = []
    for budget, label in sorted(budgets.items()):
        plan = planned_at(loaded, budget)
        points.append(Point(label, budget, Figures(plan) if plan else None))
    return Sweep(loaded.family.name, independent, smallest_for(loaded), tuple(points))


def sweep_table(sweep: Sweep) -> Group:
    """The plans as rows."""
    columns = ("budget", "parameters", "used", "templates", "coefficients", "freedom", "clusters", "fewest")
    made = table(*columns)
    folded = table("budget")
    folded.add_column("templates of its folded clusters", header_style="dim")
    note = _NOTE
    for point in sweep.points:
        label = point.label if point.label.endswith("%") else percent(point.budget / sweep.independent)
        start = (label, f"{point.budget:,}")
        figures = point.figures
        if figures is None:
            made.add_row(*start, "too small")
            note = f"{_too_small(sweep)}\n{_NOTE}"
            continue
        parts = figures.plan.parameters
        made.add_row(
            *start,
            f"{parts.total / point.budget:.2%}",
            compact(parts.templates),
            compact(parts.coefficients),
            f"{figures.freedom:.1%}",
            str(len(figures.plan.clusters)),
            str(min((s.templates for s in figures.plan.superweights), default=0)),
        )
        if point.folded:
            folded.add_row(label, Text(_folds(figures)))
    found = titled(f"{sweep.family} at {count(len(sweep.points), 'budget')}", made, note)
    if not folded.row_count:
        return found
    cut = any(len(point.folded) > _FOLDS + 1 for point in sweep.points)
    return Group(found, Text(), titled("Folded clusters", folded, "All of them are in --format json." if cut else ""))


def _too_small(sweep: Sweep) -> str:
    """What the least budget is, and what may be meant where numbers are as small as percentages."""
    told = f"too small: the least that can be planned is {sweep.smallest:,}"
    bare = [point.label for point in sweep.points if point.label.isdigit() and int(point.label) <= MOST_PERCENT]
    if len(bare) < 2:
        return told
    return f"{told}\nNumbers are parameters; shares of what the members take alone are written {bare[0]}%, {bare[-1]}%."


def _folds(figures: Figures) -> str:
    """The templates of the first few folded clusters."""
    folds = [f"{cluster.name}: {fold_templates(cluster.fold)}" for cluster in figures.plan.clusters if cluster.fold]
    return first_few(folds, _FOLDS, between="; ", more="; and")


def sweep_json(sweep: Sweep) -> str:
    """The sweep as JSON (docs/plan.md gives the fields)."""
    content = {
        "format_version": FORMAT_VERSION,
        "family": sweep.family,
        "independent": sweep.independent,
        "smallest_budget": sweep.smallest,
        "points": [_point(point) for point in sweep.points],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _point(point: Point) -> dict[str, object]:
    head: dict[str, object] = {"label": point.label, "budget": point.budget, "feasible": point.figures is not None}
    figures = point.figures
    if figures is None:
        return head
    parts = figures.plan.parameters
    return head | {
        "total": parts.total,
        "templates": parts.templates,
        "coefficients": parts.coefficients,
        "private": parts.private,
        "freedom": round(figures.freedom, 6),
        "fewest_templates": min((s.templates for s in figures.plan.superweights), default=0),
        "clusters": [
            {
                "name": cluster.name,
                "fold": cluster.fold
                and {
                    "rows": cluster.fold.rows,
                    "columns": cluster.fold.columns,
                    "templates": cluster.fold.templates,
                },
            }
            for cluster in figures.plan.clusters
        ],
    }
