"""The anytime frontier as a table: which subset to serve under which deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from swc.diagnostics.words import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swc_runtime import Frontier, FrontierPoint


def frontier_table(frontier: Frontier, batch: int) -> Group:
    """The subsets that no faster subset beats, for one batch size, by the latency that 95% of calls keep."""
    from swc_runtime.serving.frontier import pareto  # noqa: PLC0415 - torch is loaded for running only

    title = Text(f"Best subset by deadline, batch {batch}, {_conditions(frontier)}", style="bold")
    table = Table()
    table.add_column("members")
    for header in ("p50 ms", "p95 ms", "p99 ms", "top-1 %", "NLL", "ECE %"):
        table.add_column(header, justify="right")
    points = [entry for entry in frontier.entries if entry.batch == batch]
    for point in pareto(points):
        table.add_row(
            " + ".join(point.members),
            f"{point.p50_ms:.2f}",
            f"{point.p95_ms:.2f}",
            f"{point.p99_ms:.2f}",
            f"{100 * point.top1:.2f}",
            f"{point.nll:.3f}",
            f"{100 * point.ece:.2f}",
        )
    return Group(title, table, Text(_basis(frontier, points)))


def _conditions(frontier: Frontier) -> str:
    """The machine, and how it was used."""
    threads = f", {count(frontier.threads, 'thread')}" if frontier.threads else ""
    callers = f", {frontier.callers} callers at once" if frontier.callers > 1 else ""
    return f"{frontier.device}{threads}{callers}"


def _basis(frontier: Frontier, points: Sequence[FrontierPoint]) -> str:
    """What the figures rest on."""
    least, most = min(p.timings for p in points), max(p.timings for p in points)
    calls = f"{least}" if least == most else f"{least} to {most}"
    slowest = " (p99 is the slowest of them)" if most < 100 else ""
    images = "held-out training images" if frontier.scored_on == "val" else "test images: the run held none out"
    return f"latencies of {calls} calls of predict each{slowest}; scores on {frontier.images:,} {images}"
