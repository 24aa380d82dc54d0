"""The plan as rows that a person can read: one SuperWeight to a line, layers grouped by their shape.

The table is laid out by hand, in columns; generated files switch the formatter off around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from swc.emit.layout import WIDTH
from swc.emit.text import literal
from swc.family import Family
from swc.plan.model import Cluster, Plan, SuperWeight

_INDENT = " " * 12
_HEADS = ("id", "rows", "columns", "templates", "vectors")


@frozen
class ClusterView:
    """A cluster: finished lines, and the literals that stand in a row of their own."""

    name: str
    kernel: tuple[int, int]
    fan_in: int
    layers: tuple[str, ...]
    heads: str
    superweights: tuple[str, ...]
    tiles: str


def cluster_views(plan: Plan, family: Family) -> tuple[ClusterView, ...]:
    """The clusters of a plan in its order."""
    shapes = {layer.name: layer.shape[:2] for member in plan.members for layer in member.layers}
    own: dict[str, list[SuperWeight]] = {cluster.name: [] for cluster in plan.clusters}
    for superweight in plan.superweights:
        own[superweight.cluster].append(superweight)
    return tuple(_view(cluster, shapes, own[cluster.name], family) for cluster in plan.clusters)


def _view(
    cluster: Cluster, shapes: dict[str, tuple[int, int]], superweights: Sequence[SuperWeight], family: Family
) -> ClusterView:
    groups: dict[tuple[int, int], list[str]] = {}
    for name in cluster.layers:
        groups.setdefault(shapes[name], []).append(name)
    heads, rows = ("", ()) if cluster.fold else _rows(superweights)
    return ClusterView(
        name=cluster.name,
        kernel=cluster.kernel,
        fan_in=cluster.fan_in,
        layers=tuple(line for shape in sorted(groups) for line in _layers(shape, groups[shape])),
        heads=heads,
        superweights=rows,
        tiles=_tiles(cluster, family) if cluster.fold else "",
    )


def _layers(shape: tuple[int, int], names: list[str]) -> list[str]:
    """``Layers((out, in), (names)),`` with as many names on a line as there is room for."""
    start, end = f"Layers({literal(shape)}, (", ")),"
    line = start + ", ".join(map(literal, names)) + ("," if len(names) == 1 else "") + end
    if len(_INDENT + line) <= WIDTH:
        return [line]
    return [start, *_filled(names), end]


def _filled(names: Iterable[str]) -> list[str]:
    lines: list[str] = []
    line = "   "
    for name in names:
        word = f" {literal(name)},"
        if len(_INDENT + line + word) > WIDTH and line.strip():
            lines.append(line)
            line = "   "
        line += word
    return [*lines, line]


def _rows(superweights: Sequence[SuperWeight]) -> tuple[str, tuple[str, ...]]:
    """The heads of the columns, and a row for each SuperWeight; each column as wide as its widest cell."""
    cells = [
        (
            f"{literal(s.id)},",
            f"{literal((s.rectangle.row, s.rectangle.row + s.rectangle.rows))},",
            f"{literal((s.rectangle.column, s.rectangle.column + s.rectangle.columns))},",
            f"{s.templates},",
            f"{s.coefficient_vectors}",
        )
        for s in superweights
    ]
    widths = [max(len(row[i]) for row in [*cells, _HEADS]) for i in range(len(_HEADS))]
    start = "SuperWeight("
    heads = "#" + " " * (len(start) - 1) + _aligned(_HEADS, widths)
    return heads, tuple(f"{start}{_aligned(row, widths)})," for row in cells)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    return " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _tiles(cluster: Cluster, family: Family) -> str:
    fold = cluster.fold
    if fold is None:
        raise AssertionError("only folded clusters have tiles")
    refinable = family.sharing.refinement is not None
    return f"Tiles(rows={fold.rows}, columns={fold.columns}, templates={fold.templates}, refinable={refinable})"
