"""Runs as tables: one line each, or side by side."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich import box
from rich.markup import escape
from rich.table import Table

from swc.runs.compare import Comparison
from swc.runs.model import Run, Scores, State


def runs_table(runs: Sequence[Run]) -> Table:
    """One line a run: what it trained, how far it is, and how good the result."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("run", overflow="fold", min_width=12)
    table.add_column("family", overflow="fold", min_width=10)
    table.add_column("data", overflow="fold", min_width=8)
    for header in ("epochs", "seed", "parameters", "budget", "val %", "test %"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("changed", no_wrap=True)
    for run in runs:
        if run.state is State.UNREADABLE:
            table.add_row(escape(shown(run.folder)), "[red]unreadable[/red]", *[""] * 7, _when(run.changed))
            continue
        table.add_row(
            escape(shown(run.folder)),
            escape(run.family),
            escape(str(run.settings.get("data", ""))),
            f"{len(run.epochs)}/{run.total}",
            str(run.settings.get("seed", "")),
            f"{run.parameters:,}",
            f"{100 * run.parameters / run.budget:.0f}%" if run.budget else "",
            _percent(run.val),
            _percent(run.test),
            _when(run.changed),
        )
    return table


def comparison_table(runs: Sequence[Run], comparison: Comparison) -> Table:
    """The settings that differ, then the scores, one column a run."""
    table = Table()
    table.add_column("")
    for run in runs:
        table.add_column(escape(shown(run.folder)), justify="right", overflow="fold")
    for name, values in comparison.differing.items():
        table.add_row(escape(name), *(escape(_value(value)) for value in values))
    table.add_section()
    rows: list[tuple[str, Callable[[Run], str]]] = [
        ("epochs trained", lambda run: f"{len(run.epochs)}/{run.total}"),
        ("parameters", lambda run: f"{run.parameters:,}"),
        ("seconds", lambda run: f"{run.seconds:,.0f}"),
        ("best epoch", lambda run: "" if run.best is None else str(run.best)),
        ("val top-1 %", lambda run: _percent(run.val)),
        ("val NLL", lambda run: _nll(run.val)),
        ("test top-1 %", lambda run: _percent(run.test)),
        ("test NLL", lambda run: _nll(run.test)),
        ("test ECE %", lambda run: "" if run.test is None else f"{100 * run.test.ece:.2f}"),
    ]
    for name, cell in rows:
        table.add_row(name, *(cell(run) for run in runs))
    for member in dict.fromkeys(name for run in runs if run.test for name in run.test.members):
        found = [run.test.members.get(member) if run.test else None for run in runs]
        table.add_row(f"test top-1 %, {escape(member)}", *("" if x is None else f"{100 * x:.2f}" for x in found))
    return table


def shown(folder: Path) -> str:
    """A folder's name as it can be printed."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(folder))


def _value(value: object) -> str:
    if value is None:
        return "—"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return f"{value:,}" if type(value) is int and value >= 10_000 else str(value)


def _percent(scores: Scores | None) -> str:
    return "" if scores is None else f"{100 * scores.top1:.2f}"


def _nll(scores: Scores | None) -> str:
    return "" if scores is None or math.isnan(scores.nll) else f"{scores.nll:.3f}"


def _when(changed: float) -> str:
    """The day and the hour; of another year, the day alone."""
    if not changed:
        return ""
    then = time.localtime(changed)
    return time.strftime("%d %b %H:%M" if then.tm_year == time.localtime().tm_year else "%d %b %Y", then)
