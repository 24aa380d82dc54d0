"""Which layers use which SuperWeights, worked out from a plan and checked: every cell of every weight exactly once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from swc_runtime.errors import PlanError
from swc_runtime.initialization import gain
from swc_runtime.plan import Cluster, Layers, SuperWeight, Tiles

Range = tuple[int, int]


@dataclass(frozen=True)
class SharedLayer:
    """A layer whose weight (out, in, kh, kw) is its ``gain`` times the concatenation of its ``superweights``.

    ``superweights`` are ids in row-major order of their rectangles.
    """

    name: str
    shape: tuple[int, int, int, int]
    cluster: str
    gain: float
    superweights: tuple[str, ...]


@dataclass(frozen=True)
class SharedSuperWeight:
    """A SuperWeight, its rectangle of the plane and the layers that use it, in the plan's order.

    ``templates`` counts the templates it is mixed from and ``vectors`` the coefficient vectors reserved for it. They
    are rows ``first_row`` to ``first_row + vectors - 1`` of the coefficients of the template bank ``bank``, whose
    ``rows`` buffer holds the row that each user reads, from position ``first_user`` on.
    """

    id: str
    cluster: str
    rows: Range
    columns: Range
    users: tuple[str, ...]
    templates: int
    vectors: int
    bank: str
    first_row: int = 0
    first_user: int = 0


@dataclass
class Structure:
    """The layers and SuperWeights of all clusters, by name and by id, in the plan's order."""

    layers: dict[str, SharedLayer] = field(default_factory=dict)
    superweights: dict[str, SharedSuperWeight] = field(default_factory=dict)

    def banks(self) -> dict[str, list[SharedSuperWeight]]:
        """The SuperWeights by the template bank they are mixed from."""
        banks: dict[str, list[SharedSuperWeight]] = {}
        for superweight in self.superweights.values():
            banks.setdefault(superweight.bank, []).append(superweight)
        return banks


def structure(clusters: Mapping[str, Cluster]) -> Structure:
    """Resolve and check the clusters of a plan.

    Raises:
        PlanError: a layer or SuperWeight is named twice, a cluster has no templates or both kinds, or the SuperWeights
            do not tile a layer exactly.
    """
    result = Structure()
    for name, cluster in clusters.items():
        if (cluster.tiles is None) == (not cluster.superweights):
            raise PlanError(f"cluster {name!r} must have either superweights or tiles, and not both")
        if not cluster.layers:
            raise PlanError(f"cluster {name!r} has no layers")
        if cluster.tiles is None:
            superweights = tuple(_whole(name, cluster))
        else:
            superweights = tuple(_folded(name, cluster, cluster.tiles))
        for superweight in superweights:
            _add_superweight(result, superweight)
        _add_layers(result, name, cluster, superweights)
    return result


def contains(shape: tuple[int, int], rows: Range, columns: Range) -> bool:
    """Whether the rectangle rows x columns lies within [0, out) x [0, in)."""
    return rows[1] <= shape[0] and columns[1] <= shape[1]


def overlaps(shape: tuple[int, int], rows: Range, columns: Range) -> bool:
    """Whether the rectangle rows x columns shares a cell with [0, out) x [0, in)."""
    return rows[0] < shape[0] and columns[0] < shape[1]


def _add_superweight(result: Structure, superweight: SharedSuperWeight) -> None:
    if superweight.id in result.superweights:
        raise PlanError(f"the plan names SuperWeight {superweight.id!r} twice")
    if not superweight.users:
        raise PlanError(f"no layer uses SuperWeight {superweight.id!r}: leave it out of the plan")
    if superweight.templates < 1 or not 1 <= superweight.vectors <= len(superweight.users):
        raise PlanError(
            f"SuperWeight {superweight.id!r} has {superweight.templates} templates and {superweight.vectors} "
            f"coefficient vectors for {len(superweight.users)} layers; expected at least one template and one vector, "
            "and at most one vector per layer"
        )
    result.superweights[superweight.id] = superweight


def _add_layers(result: Structure, name: str, cluster: Cluster, superweights: tuple[SharedSuperWeight, ...]) -> None:
    ordered = sorted(superweights, key=lambda s: (s.rows[0], s.columns[0]))
    for layers in cluster.layers:
        out, inputs = layers.shape
        ids = tuple(s.id for s in ordered if overlaps(layers.shape, s.rows, s.columns))
        scale = gain(cluster.fan_in, inputs * math.prod(cluster.kernel))
        for layer in layers.names:
            if layer in result.layers:
                raise PlanError(
                    f"the plan names layer {layer!r} twice, in {result.layers[layer].cluster!r} and {name!r}"
                )
            result.layers[layer] = SharedLayer(layer, (out, inputs, *cluster.kernel), name, scale, ids)


def _users(cluster: Cluster, rows: Range, columns: Range) -> Iterator[str]:
    for layers in cluster.layers:
        if overlaps(layers.shape, rows, columns):
            yield from layers.names


def _whole(name: str, cluster: Cluster) -> Iterator[SharedSuperWeight]:
    _check_disjoint(name, cluster.superweights)
    for layers in cluster.layers:
        _check_tiling(name, layers, cluster.superweights)
    for s in cluster.superweights:
        users = tuple(_users(cluster, s.rows, s.columns))
        yield SharedSuperWeight(s.id, name, s.rows, s.columns, users, s.templates, s.vectors, bank=s.id)


def _check_disjoint(name: str, superweights: tuple[SuperWeight, ...]) -> None:
    for s in superweights:
        if not (0 <= s.rows[0] < s.rows[1] and 0 <= s.columns[0] < s.columns[1]):
            raise PlanError(f"SuperWeight {s.id!r} of cluster {name!r} is empty: rows {s.rows}, columns {s.columns}")
    for i, a in enumerate(superweights):
        for b in superweights[:i]:
            if _meet(a.rows, b.rows) and _meet(a.columns, b.columns):
                raise PlanError(
                    f"SuperWeights {b.id!r} and {a.id!r} of cluster {name!r} overlap: expected each cell once"
                )


def _meet(a: Range, b: Range) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def _check_tiling(name: str, layers: Layers, superweights: tuple[SuperWeight, ...]) -> None:
    out, inputs = layers.shape
    covered = 0
    for s in superweights:
        if contains(layers.shape, s.rows, s.columns):
            covered += (s.rows[1] - s.rows[0]) * (s.columns[1] - s.columns[0])
        elif overlaps(layers.shape, s.rows, s.columns):
            raise PlanError(
                f"SuperWeight {s.id!r} (rows {s.rows}, columns {s.columns}) reaches beyond layer {layers.names[0]!r} "
                f"({out} x {inputs}) of cluster {name!r}: SuperWeights must end where a layer ends"
            )
    if covered != out * inputs:
        raise PlanError(
            f"the SuperWeights of cluster {name!r} cover {covered} of the {out * inputs} cells of layer "
            f"{layers.names[0]!r} ({out} x {inputs}): expected each cell once"
        )


def _folded(name: str, cluster: Cluster, tiles: Tiles) -> Iterator[SharedSuperWeight]:
    height = max(layers.shape[0] for layers in cluster.layers)
    width = max(layers.shape[1] for layers in cluster.layers)
    first_row = first_user = 0
    for row in range(0, height, tiles.rows):
        for column in range(0, width, tiles.columns):
            rows = (row, min(row + tiles.rows, height))
            columns = (column, min(column + tiles.columns, width))
            users = tuple(_users(cluster, rows, columns))
            if not users:  # a corner of the plane that no layer reaches
                continue
            vectors = len(users) if tiles.refinable else 1
            yield SharedSuperWeight(
                f"{name}@{row},{column}",
                name,
                rows,
                columns,
                users,
                tiles.templates,
                vectors,
                name,
                first_row,
                first_user,
            )
            first_row += vectors
            first_user += len(users)
