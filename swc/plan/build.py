"""Turns a division of the budget into the plan: ids, users, coefficient vectors and totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from swc.family import Family
from swc.plan.cost import fixed_cost
from swc.plan.division import Division, Whole
from swc.plan.graph import Shape
from swc.plan.model import (
    FORMAT_VERSION,
    Cluster,
    Fold,
    LayerPlan,
    MemberPlan,
    Parameters,
    Plan,
    Rectangle,
    SuperWeight,
)
from swc.plan.plane import Plane
from swc.plan.quadrants import Quadrants


def build_plan(family: Family, planes: Sequence[Plane], division: Division, structure: str) -> Plan:
    """Write down the plan: clusters sorted by name, the SuperWeights of each in row-major order."""
    clusters: list[Cluster] = []
    superweights: list[SuperWeight] = []
    sources: dict[str, tuple[str, tuple[str, ...]]] = {}
    templates = 0
    for plane in planes:
        part = division[plane.name]
        fold = None if isinstance(part, Whole) else part.fold
        own = list(_pieces(plane, part.counts) if isinstance(part, Whole) else _tiles(plane, part.fold))
        templates += (
            sum(s.templates * s.rectangle.cells for s in own)
            if fold is None
            else fold.templates * fold.rows * fold.columns
        ) * plane.area
        names = tuple(layer.name for layer in plane.layers)
        clusters.append(Cluster(plane.name, plane.kernel, plane.fan_in, names, fold))
        superweights += own
        used = _used_tiles(plane, fold, own) if fold else _used_pieces(plane, own)
        sources |= {layer.name: (plane.name, used[layer.out, layer.inputs]) for layer in plane.layers}
    fixed = fixed_cost(family)
    coefficients = sum(s.templates * s.coefficient_vectors for s in superweights)
    return Plan(
        format_version=FORMAT_VERSION,
        family=family.name,
        structure=structure,
        budget=family.budget.parameters,
        refined=family.sharing.refinement is not None,
        parameters=Parameters(
            total=templates + coefficients + fixed.total,
            templates=templates,
            coefficients=coefficients,
            private=fixed.total,
            norms=fixed.norms,
            biases=fixed.biases,
            weights=fixed.weights,
        ),
        members=tuple(
            MemberPlan(
                member.name,
                member.parameters_alone,
                tuple(LayerPlan(x.name, x.shape, *sources.get(x.name, (None, ()))) for x in member.layers),
            )
            for member in family.members
        ),
        clusters=tuple(clusters),
        superweights=tuple(superweights),
    )


def _used_pieces(plane: Plane, own: Sequence[SuperWeight]) -> dict[Shape, tuple[str, ...]]:
    """The SuperWeights that each shape is made of."""
    starts = Quadrants([(-s.rectangle.row, -s.rectangle.column) for s in own], [s.id for s in own])
    return {shape: starts.beyond(1 - shape[0], 1 - shape[1]) for shape in plane.shapes}


def _used_tiles(plane: Plane, fold: Fold, own: Sequence[SuperWeight]) -> dict[Shape, tuple[str, ...]]:
    """The tiles that each shape is made of: the first of the first rows of them."""
    rows: dict[int, list[str]] = {}
    for tile in own:
        rows.setdefault(tile.rectangle.row // fold.rows, []).append(tile.id)
    return {
        (out, inputs): tuple(
            name for row in range(-(-out // fold.rows)) for name in rows[row][: -(-inputs // fold.columns)]
        )
        for out, inputs in plane.shapes
    }


def _pieces(plane: Plane, counts: Sequence[int]) -> Iterator[SuperWeight]:
    users = _users(plane)
    for piece, templates in zip(plane.pieces, counts, strict=True):
        yield _superweight(plane, piece.rectangle, templates, users.beyond(*piece.node))


def _tiles(plane: Plane, fold: Fold) -> Iterator[SuperWeight]:
    """The tile positions that a layer covers, cropped where the plane ends."""
    users = _users(plane)
    height = max(out for out, _ in plane.shapes)
    width = max(inputs for _, inputs in plane.shapes)
    for row in range(0, height, fold.rows):
        for column in range(0, width, fold.columns):
            layers = users.beyond(row + 1, column + 1)
            if layers:
                size = (min(fold.rows, height - row), min(fold.columns, width - column))
                yield _superweight(plane, Rectangle(row, column, *size), fold.templates, layers)


def _superweight(plane: Plane, rectangle: Rectangle, templates: int, users: tuple[str, ...]) -> SuperWeight:
    return SuperWeight(
        id=f"{plane.name}@{rectangle.row},{rectangle.column}",
        cluster=plane.name,
        rectangle=rectangle,
        templates=templates,
        coefficient_vectors=len(users) if plane.refinable else 1,
        users=users,
    )


def _users(plane: Plane) -> Quadrants:
    """Looks up the layers that contain a rectangle [0, out) x [0, in)."""
    return Quadrants([(layer.out, layer.inputs) for layer in plane.layers], [layer.name for layer in plane.layers])
