"""The anytime frontier as a table: which subset to serve under which deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from swc_runtime import Frontier


def frontier_table(frontier: Frontier, batch: int) -> Group:
    """The subsets that no faster subset beats, for one batch size, fastest first."""
    from swc_runtime.anytime import pareto  # noqa: PLC0415 - torch is loaded for running only

    title = Text(f"Best subset by deadline, batch {batch}, {frontier.device}", style="bold")
    table = Table()
    table.add_column("members")
    for header in ("latency ms", "top-1 %", "NLL", "ECE %"):
        table.add_column(header, justify="right")
    for point in pareto([entry for entry in frontier.entries if entry.batch == batch]):
        table.add_row(
            " + ".join(point.members),
            f"{point.latency_ms:.2f}",
            f"{100 * point.top1:.2f}",
            f"{point.nll:.3f}",
            f"{100 * point.ece:.2f}",
        )
    return Group(title, table)
