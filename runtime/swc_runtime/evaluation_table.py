"""An evaluation as a table for people: members, subsets, ensemble."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from swc_runtime.evaluation import Evaluation, Score

_IMAGES = {"test": "test", "val": "held-out training"}

_ALL = 4
"""Families up to this size show all their subsets; larger ones the best of each size."""


def evaluation_table(evaluation: Evaluation) -> Group:
    """Members with their parameters when built alone, subsets, and the whole family with what it really has.

    The best number of each column is bold.
    """
    title = Text(
        f"{evaluation.family} on {evaluation.data} ({evaluation.images:,} {_IMAGES[evaluation.split]} images)",
        style="bold",
    )
    table = Table()
    table.add_column("members")
    for header in ("parameters alone", "top-1 %", "NLL", "ECE %"):
        table.add_column(header, justify="right")
    rows = _shown(evaluation)
    best = (max(r.top1 for r in rows), min(r.nll for r in rows), min(r.ece for r in rows))
    size = 1
    for row in rows:
        if len(row.members) != size:
            table.add_section()
            size = len(row.members)
        whole = len(row.members) == len(evaluation.members) > 1
        name = "ensemble of all" if whole else " + ".join(row.members)
        table.add_row(name, f"{sum(evaluation.alone[m] for m in row.members):,}", *_numbers(row, best))
    alone = sum(evaluation.alone.values())
    share = evaluation.parameters / alone if alone else 1.0
    summary = f"the family has {evaluation.parameters:,} parameters in all, {share:.0%} of what its members have alone"
    return Group(title, table, Text(summary))


def _shown(evaluation: Evaluation) -> list[Score]:
    """Members, subsets (all, or the best of each size) and the ensemble."""
    members = len(evaluation.members)
    if members <= _ALL:
        return list(evaluation.scores)
    shown = [score for score in evaluation.scores if len(score.members) == 1]
    for size in range(2, members + 1):
        of_size = [score for score in evaluation.scores if len(score.members) == size]
        shown.append(max(of_size, key=lambda score: (score.top1, -score.nll)))
    return shown


def _numbers(row: Score, best: tuple[float, float, float]) -> list[str]:
    values = (row.top1, row.nll, row.ece)
    texts = (f"{100 * row.top1:.2f}", f"{row.nll:.3f}", f"{100 * row.ece:.2f}")
    return [f"[bold]{text}[/]" if value == top else text for text, value, top in zip(texts, values, best, strict=True)]
