"""Hints that two specs write in other words or in another order, and that come to the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from swc.family import Family
from swc.plan import effects
from swc.plan.model import Cluster

_EFFECTS: dict[str, Sequence[Callable[[Family], object]]] = {
    "private": (effects.sharing_layers,),
    "public": (effects.sharing_layers,),
    "tie": (effects.tied, effects.made),
    "cluster": (effects.tied, effects.made),
    "apart": (effects.kept_apart,),
    "templates_for": (effects.template_bounds,),
    "bins": (effects.bins_of_the_rest,),
    "bins_for": (effects.bins,),
}


def reworded(before: Family, after: Family, old: Collection[Cluster], new: Collection[Cluster]) -> tuple[str, ...]:
    """The kinds of hints (as in :func:`swc.diff.settings.settings`) that come to the same in two families.

    Args:
        before: a family.
        after: what became of it.
        old: the clusters of the family before.
        new: those of the family after: their names follow the order of the sides of an ``apart``.
    """
    same = [kind for kind, parts in _EFFECTS.items() if all(part(before) == part(after) for part in parts)]
    if [(x.name, x.layers) for x in old] != [(x.name, x.layers) for x in new]:
        same = [kind for kind in same if kind != "apart"]
    return tuple(same)
