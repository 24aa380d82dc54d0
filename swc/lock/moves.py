"""Layers that change from one cluster to another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen


@frozen
class Move:
    """A layer and its clusters before and after; None where it is in no cluster."""

    layer: str
    before: str | None
    after: str | None


def moves(before: Mapping[str, Iterable[str]], after: Mapping[str, Iterable[str]]) -> tuple[Move, ...]:
    """The layers that are not in the cluster of the same name any more, in the order of the clusters before.

    Args:
        before: layer names by cluster name.
        after: the same, later.
    """
    homes = [{layer: name for name, layers in clusters.items() for layer in layers} for clusters in (before, after)]
    found = (Move(layer, homes[0].get(layer), homes[1].get(layer)) for layer in dict.fromkeys((*homes[0], *homes[1])))
    return tuple(move for move in found if move.before != move.after)
