"""The sharing plan: which SuperWeights exist, what they cost and which layers they serve.

A plan is a plain frozen value with a ``format_version``; ``swc.plan.serial`` turns it into JSON and back.
"""

from __future__ import annotations

import re

from attrs import frozen

FORMAT_VERSION = 1

CLUSTER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
"""What clusters may be called: ids, generated files and state dicts are made of their names."""


@frozen
class Rectangle:
    """Cells [row, row + rows) x [column, column + columns) of a cluster's plane (output x input channels)."""

    row: int
    column: int
    rows: int
    columns: int

    @property
    def cells(self) -> int:
        """Number of unit cells."""
        return self.rows * self.columns


@frozen
class SuperWeight:
    """A rectangle of a cluster's plane and the layers whose weights contain it.

    ``id`` is ``<cluster>@<row>,<column>``. In a whole cluster, ``templates`` (N_s of eq. 1) have the rectangle's own
    shape; in a folded one they are the cluster's tile templates and the rectangle is a tile, cropped where the plane
    ends. ``coefficient_vectors`` counts the vectors α that are reserved: one per user when coefficients may be
    refined, otherwise one.
    """

    id: str
    cluster: str
    rectangle: Rectangle
    templates: int
    coefficient_vectors: int
    users: tuple[str, ...]


@frozen
class Fold:
    """A folded cluster: its layers are grids of tiles (rows x columns cells), all mixed from the same templates."""

    rows: int
    columns: int
    templates: int


@frozen
class Cluster:
    """Layers of one kernel size that share templates (a SuperWeight Cluster of the paper).

    ``fan_in`` is the reference fan-in: templates are stored at its Kaiming scale, and a layer's fixed gain is
    sqrt(fan_in / the layer's own fan-in).
    """

    name: str
    kernel: tuple[int, int]
    fan_in: int
    layers: tuple[str, ...]
    fold: Fold | None = None


@frozen
class LayerPlan:
    """Where a layer's weight (out, in, kh, kw) comes from; a private layer has no cluster."""

    name: str
    shape: tuple[int, int, int, int]
    cluster: str | None
    superweights: tuple[str, ...]


@frozen
class MemberPlan:
    """The layers of one member, and what the member would cost with weights of its own."""

    name: str
    parameters_alone: int
    layers: tuple[LayerPlan, ...]


@frozen
class Parameters:
    """Everything trainable, each counted once.

    ``private`` = ``norms`` + ``biases`` + ``weights``, the last being the weights that private layers own.
    """

    total: int
    templates: int
    coefficients: int
    private: int
    norms: int
    biases: int
    weights: int


@frozen
class Plan:
    """The planner's output. ``structure`` is the structural hash of the family (see ``swc.lock``).

    ``refined`` says whether coefficients are refined, and so may come to differ between the users of a SuperWeight.
    """

    format_version: int
    family: str
    structure: str
    budget: int
    refined: bool
    parameters: Parameters
    members: tuple[MemberPlan, ...]
    clusters: tuple[Cluster, ...]
    superweights: tuple[SuperWeight, ...]
