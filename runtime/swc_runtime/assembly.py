"""How one layer's weight is put together from the mixtures of its template banks, under a given assignment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from swc_runtime.composition import Bands, Grid
from swc_runtime.plan import Cluster
from swc_runtime.structure import SharedLayer, Structure


@dataclass(frozen=True)
class Recipe:
    """What a layer's shape alone decides: the template banks it draws from, and how their mixtures are joined."""

    banks: tuple[str, ...]
    joint: Bands | Grid


def recipes(clusters: Mapping[str, Cluster], resolved: Structure) -> dict[str, Recipe]:
    """Return the recipe of each shared layer; layers of one cluster and shape have the same one."""
    made: dict[tuple[str, tuple[int, ...]], Recipe] = {}
    for layer in resolved.layers.values():
        key = (layer.cluster, layer.shape)
        if key in made:
            continue
        superweights = [resolved.superweights[s] for s in layer.superweights]
        tiles = clusters[layer.cluster].tiles
        if tiles is None:
            made[key] = Recipe(
                tuple(s.bank for s in superweights), Bands.of([(s.rows, s.columns) for s in superweights])
            )
        else:
            made[key] = Recipe((layer.cluster,), Grid(layer.shape[:2], (tiles.rows, tiles.columns)))
    return {layer.name: made[layer.cluster, layer.shape] for layer in resolved.layers.values()}


class Assembly:
    """The weight of the layers that share a recipe and all their coefficient rows."""

    def __init__(self, layer: SharedLayer, recipe: Recipe, parts: Sequence[int]) -> None:
        """``parts`` says which of the mixtures of each of the recipe's banks the layer is put together from."""
        self.shape = layer.shape
        self.gain = layer.gain
        self.banks = recipe.banks
        self.joint = recipe.joint
        self._parts = tuple(parts)

    def weight(self, mixtures: Sequence[Sequence[Tensor]]) -> Tensor:
        """Return the weight (out, in, kh, kw) from the mixtures of each bank."""
        own = [bank[part] for bank, part in zip(mixtures, self._parts, strict=True)]
        joined = self.joint.join(own) if isinstance(self.joint, Bands) else self.joint.join(own[0])
        scaled = joined if self.gain == 1.0 else joined * self.gain
        return scaled.reshape(self.shape).contiguous()  # a cropped grid is not; layers would copy it each
