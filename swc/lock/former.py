"""Locks of former names: what a search found before members, labels or clusters of the spec were renamed (`moved`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from swc.family import Family, Former
from swc.family.moved import now, planned_now
from swc.lock.model import Lock
from swc.lock.structure import outline, structure_hash


def former_of(structure: str, family: Family) -> Former | None:
    """The former family that a structural hash is of; None if it is the family's own, or none of them."""
    if not family.formers or structure == structure_hash(family):
        return None
    return next((former for former in family.formers if structure_hash(former.family) == structure), None)


def with_names_of_now(lock: Lock, family: Family) -> Lock:
    """A lock as it would have been written with the names that layers and clusters have now.

    A lock that is of no former family is returned as it is. Clusters that the search named keep their names, so that
    checkpoints keep theirs.
    """
    former = former_of(lock.structure, family)
    if former is None:
        return lock
    known = lock.outline
    if known is not None and known.tells(outline(former.family)):
        known = evolve(outline(family), hints=known.hints)
    return evolve(
        lock,
        structure=structure_hash(family),
        clusters={
            planned_now(former.moves, name): {now(former.moves, layer): shape for layer, shape in layers.items()}
            for name, layers in lock.clusters.items()
        },
        outline=known,
    )


def measured_now(search: Mapping[str, Any], structure: str, family: Family) -> Mapping[str, Any]:
    """What a search kept beside its lock (JSON values), by the names that layers have now.

    Args:
        search: pools and groups of layer names among other things; where it is damaged, it stays so.
        structure: the structural hash that it was kept with.
        family: the family as it is.
    """
    former = former_of(structure, family)
    if former is None:
        return search
    moves = former.moves

    def named(names: Any) -> Any:
        return [now(moves, x) if isinstance(x, str) else x for x in names] if isinstance(names, list) else names

    pools, groups = search.get("pools"), search.get("groups")
    return {
        **search,
        "pools": [{**x, "layers": named(x.get("layers"))} if isinstance(x, dict) else x for x in pools]
        if isinstance(pools, list)
        else pools,
        "groups": [named(group) for group in groups] if isinstance(groups, list) else groups,
    }
