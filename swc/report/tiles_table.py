"""Why folded clusters are cut as they are: the terms of the objective (``swc.plan.tiles``), and the next best way."""

from __future__ import annotations

from rich.console import Group

from swc.family import Family
from swc.plan.cost import slack
from swc.plan.model import Fold
from swc.plan.plane import Plane, planes_of
from swc.plan.tiles import Tiling
from swc.report.figures import Figures
from swc.report.layout import table, titled
from swc.report.tables import fold_templates

_LISTED = 12
_NOTE = """rank: the part of a layer's tiles that can be independent of each other, by templates / tiles of a layer
over the edge: the part of the tiles that sticks out over their layers
next best: of the ways to spend as much, to within what may stay unspent, on another number of templates
what decides: the rank, times templates / (templates + 1), times a mild preference for squares"""


def tiles_table(figures: Figures, family: Family) -> list[Group]:
    """The folded clusters that cost most, what speaks for their tiles, and what else there was; nothing without any."""
    shown = figures.costliest(_LISTED, folded=True)
    if not shown:
        return []
    folds = {cluster.name: cluster.fold for cluster in shown if cluster.fold is not None}
    planes = planes_of(family, {cluster.name: cluster.layers for cluster in shown})
    made = table(
        "cluster", "templates", "tiles", "rank", "coefficients", "over the edge", "next best", "its rank", "ways"
    )
    for plane in planes:
        made.add_row(*_row(figures, plane, folds[plane.name]))
    every = sum(cluster.fold is not None for cluster in figures.plan.clusters)
    more = f", {len(shown)} of {every:,}" if len(shown) < every else ""
    return [titled(f"Folded clusters{more}", made, _NOTE)]


def _row(figures: Figures, plane: Plane, fold: Fold) -> tuple[str, ...]:
    tiling = Tiling(plane)
    left = figures.plan.budget - figures.plan.parameters.total
    ways, rival = tiling.others(fold, left, max(0, slack(figures.plan.budget) - left))
    coefficients = figures.coefficients_of(figures.clusters[plane.name])
    return (
        plane.name,
        fold_templates(fold),
        f"{len(figures.superweights[plane.name]):,}",
        f"{figures.rank(figures.clusters[plane.name]):.1%}",
        f"{coefficients / tiling.cost(fold):.1%}",
        f"{tiling.overhang(fold):.1%}",
        fold_templates(rival.fold) if rival else "none",
        f"{tiling.rank(rival.fold):.1%}" if rival else "",
        f"{ways:,}",
    )
