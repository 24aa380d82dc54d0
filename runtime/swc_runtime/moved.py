"""Names that have changed since a checkpoint was written: its tensors under the names that a family has now.

The spec says which members, labels and clusters were renamed (`moved slim -> thin`), and its generated file passes that
on. The lines stand in the order of the changes, so undoing the last, the last two, ... gives the families that older
checkpoints may be of. One is recognised by what it says of itself: the structural hash and the hash of its clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from swc_runtime.plan import Cluster, Layers, Plan, SuperWeight

if TYPE_CHECKING:
    from swc_runtime.family import Family

_T = TypeVar("_T")


@dataclass(frozen=True)
class Moved:
    """What was called ``before`` is called ``after``; a cluster made by hand if ``cluster`` says so.

    ``structure`` is the structural hash that the family had before.
    """

    before: str
    after: str
    structure: str
    cluster: bool = False

    def done(self, name: str) -> str:
        """What a full name (``slim.group1.0.conv1.weight``) becomes."""
        return name if self.cluster else _renamed(name, self.before, self.after)

    def undone(self, name: str) -> str:
        """What a full name was."""
        return name if self.cluster else _renamed(name, self.after, self.before)


@dataclass(frozen=True)
class Former:
    """A family as it was: its plan, and how clusters were called, by their names of now."""

    plan: Plan
    moves: tuple[Moved, ...]
    clusters: Mapping[str, str]

    def now(self, name: str) -> str:
        """An entry of its state dict by the name that it has now."""
        part, _, rest = name.partition(".")
        if part == "members":
            for move in self.moves:
                rest = move.done(rest)
            return f"members.{rest}"
        if part == "bank":
            cluster, place, after = _bank(rest)
            return f"bank.{self._clusters_now.get(cluster, cluster)}{place}{after}"
        return name

    def name_now(self, name: str) -> str:
        """What a member, a layer (by its full name) or a SuperWeight (by its id) is called now."""
        if "@" in name:
            cluster, place, _ = _bank(name)
            return f"{self._clusters_now.get(cluster, cluster)}{place}"
        for move in self.moves:
            name = move.done(name)
        return name

    @property
    def _clusters_now(self) -> Mapping[str, str]:
        return {before: after for after, before in self.clusters.items()}


def formers(family: Family | type[Family]) -> Iterator[Former]:
    """The families as they may have been, the latest first."""
    moved: Sequence[Moved] = family.moved
    for first in reversed(range(len(moved))):
        moves = tuple(moved[first:])
        for clusters in _cluster_names(family.plan, moves):
            plan = replace(family.plan, structure=moves[0].structure, clusters=_undone(family.plan, moves, clusters))
            yield Former(plan, moves, clusters)


def former_of(
    family: Family | type[Family], metadata: Mapping[str, Any], identity: Callable[[Plan], Mapping[str, str]]
) -> Former | None:
    """The former family that a checkpoint says it is of; None if it is of the family as it is, or of none of them.

    Args:
        family: as it is now.
        metadata: what the checkpoint says of itself.
        identity: what a checkpoint of a plan says of itself.
    """
    said = {key: metadata.get(key) for key in identity(family.plan)}
    if said == identity(family.plan):
        return None
    return next((former for former in formers(family) if said == identity(former.plan)), None)


def with_names_of_now(
    family: Family,
    tensors: Mapping[str, _T],
    metadata: Mapping[str, Any],
    identity: Callable[[Plan], Mapping[str, str]],
) -> tuple[dict[str, _T], dict[str, Any]]:
    """A checkpoint's content as if it had been written by the family under the names of now.

    Args:
        family: the family that it is to be loaded into.
        tensors: entries ``<kind>/<name>``, or ``<kind>/<what>/<name>`` of optimizers.
        metadata: what the checkpoint says of itself.
        identity: what a checkpoint of a plan says of itself.

    Returns:
        Both as they are, unless the checkpoint is of a former family.
    """
    former = former_of(family, metadata, identity)
    if former is None:
        return dict(tensors), dict(metadata)
    renamed = {"/".join([*_split(key)[0], former.now(_split(key)[1])]): value for key, value in tensors.items()}
    return renamed, {**metadata, **identity(family.plan)}


def _split(key: str) -> tuple[list[str], str]:
    *kind, name = key.split("/")
    return kind, name


def _renamed(name: str, before: str, after: str) -> str:
    return after + name[len(before) :] if name == before or name.startswith(f"{before}.") else name


def _bank(name: str) -> tuple[str, str, str]:
    """Cluster, place (``@0,64``, or none if it is folded) and the rest of an entry of the bank."""
    bank, dot, rest = name.partition(".")
    cluster, at, place = bank.partition("@")
    return cluster, at + place, dot + rest


def _cluster_names(plan: Plan, moves: Sequence[Moved]) -> Iterator[Mapping[str, str]]:
    """How clusters may have been called, by their names of now.

    Those made by hand are named by the spec. Those of a search are named after a layer: as long as the lock file is the
    one of that search, they keep their names; a search since has named them after what the layer is called now.
    """
    kept = {name: _made_before(name, moves) for name in plan.clusters}
    yield kept
    found = {name: _found_before(name, cluster, moves) for name, cluster in plan.clusters.items()}
    derived = {name: found[name] or kept[name] for name in plan.clusters}
    if derived != kept:
        yield derived


def _made_before(name: str, moves: Sequence[Moved]) -> str:
    kernel, dash, made = name.partition("-")
    for move in reversed(moves):
        made = move.before if move.cluster and made == move.after else made
    return f"{kernel}{dash}{made}"


def _found_before(name: str, cluster: Cluster, moves: Sequence[Moved]) -> str | None:
    """What a cluster was called that has its name from one of its layers; None if it has it from elsewhere."""
    kernel, _, first = name.partition("-")
    for layer in (layer for layers in cluster.layers for layer in layers.names):
        if first == layer.replace(".", "-"):
            return f"{kernel}-{_layer_before(layer, moves).replace('.', '-')}"
    return None


def _layer_before(name: str, moves: Sequence[Moved]) -> str:
    for move in reversed(moves):
        name = move.undone(name)
    return name


def _undone(plan: Plan, moves: Sequence[Moved], names: Mapping[str, str]) -> dict[str, Cluster]:
    return {names[name]: _cluster(cluster, names[name], moves) for name, cluster in plan.clusters.items()}


def _cluster(cluster: Cluster, name: str, moves: Sequence[Moved]) -> Cluster:
    return replace(
        cluster,
        layers=tuple(Layers(x.shape, tuple(_layer_before(layer, moves) for layer in x.names)) for x in cluster.layers),
        superweights=tuple(_superweight(x, name) for x in cluster.superweights),
    )


def _superweight(item: SuperWeight, cluster: str) -> SuperWeight:
    return replace(item, id=f"{cluster}@{item.id.partition('@')[2]}")
