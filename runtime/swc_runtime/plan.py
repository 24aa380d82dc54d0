"""The sharing plan as generated files state it: clusters, SuperWeights and the layers that use them.

A *plane* is a cluster's grid of unit cells (output x input channels); a layer's weight (out, in, kh, kw) is the
rectangle [0, out) x [0, in) of its cluster's plane, each cell holding kh x kw numbers (DESIGN: layer-shape graph;
paper sec. 2.1.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class SuperWeight:
    """Cells rows[0]:rows[1] x columns[0]:columns[1], mixed from ``templates`` templates of that shape (eq. 1).

    ``vectors`` coefficient vectors are reserved: as many as layers may come to hold after refinement.
    """

    id: str
    rows: tuple[int, int]
    columns: tuple[int, int]
    templates: int
    vectors: int


@dataclass(frozen=True)
class Tiles:
    """A folded cluster: every layer is a grid of tiles (rows x columns cells), all mixed from the same templates.

    The SuperWeights of the cluster are the tile positions of its plane, in row-major order over the grid that covers
    all its layers; the tile at grid position (r, c) is named ``<cluster>@<r * rows>,<c * columns>``. A layer uses every
    tile that overlaps its rectangle, and is cropped at its edges. With ``refinable``, each tile reserves a coefficient
    vector for each layer that uses it, otherwise one.
    """

    rows: int
    columns: int
    templates: int
    refinable: bool


@dataclass(frozen=True)
class Layers:
    """The layers of a cluster that have one shape (out, in): their full names."""

    shape: tuple[int, int]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Cluster:
    """Layers of one kernel size that share templates. Exactly one of ``superweights`` and ``tiles`` is given.

    ``fan_in`` is the reference fan-in: templates start at the Kaiming scale sqrt(2 / fan_in), and the weight of a layer
    is multiplied by its fixed gain sqrt(fan_in / the layer's own fan-in).
    """

    kernel: tuple[int, int]
    fan_in: int
    layers: tuple[Layers, ...]
    superweights: tuple[SuperWeight, ...] = ()
    tiles: Tiles | None = None


@dataclass(frozen=True)
class Plan:
    """What a generated file says about sharing. ``parameters`` is the exact number of trainable parameters.

    ``structure`` is the structural hash of the spec that lock files and checkpoints are checked against. Layers that
    no cluster names own their weights.
    """

    family: str
    structure: str
    budget: int
    parameters: int
    clusters: Mapping[str, Cluster]
