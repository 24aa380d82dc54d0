"""How one layer's weight is put together from the mixtures of its template banks, under a given assignment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from swc_runtime.composition import Bands, Grid
from swc_runtime.plan import Cluster
from swc_runtime.structure import SharedLayer, Structure
from swc_runtime.templates import TemplateBank, row_index


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

    def __init__(
        self, layer: SharedLayer, recipe: Recipe, banks: Mapping[str, TemplateBank], rows: Sequence[int]
    ) -> None:
        """``rows`` are the coefficient rows that the layer reads, one per SuperWeight in row-major order."""
        self.shape = layer.shape
        self.gain = layer.gain
        self.banks = recipe.banks
        self.joint = recipe.joint
        self.cut = isinstance(recipe.joint, Bands)
        owners = [banks[name] for name in recipe.banks]
        if len(owners) < len(rows):
            owners = owners * len(rows)
        self._slots = tuple(bank.slots[row] for bank, row in zip(owners, rows, strict=True))
        self._index: Tensor | None = None
        self.place(owners[0].coefficients.device)

    def place(self, device: torch.device) -> None:
        """Put the index of the tiles on ``device``."""
        self._index = None if self.cut else row_index(self._slots, device)

    def weight(self, mixtures: Sequence[Tensor | Sequence[Tensor]]) -> Tensor:
        """Return the weight (out, in, kh, kw) from the mixtures of each bank, one tensor per live row."""
        if isinstance(self.joint, Bands):
            joined = self.joint.join([live[slot] for live, slot in zip(mixtures, self._slots, strict=True)])
        else:
            joined = self.joint.join(self._tiles(mixtures[0]))
        scaled = joined if self.gain == 1.0 else joined * self.gain
        return scaled.reshape(self.shape).contiguous()  # a cropped grid is not; layers would copy it each

    def _tiles(self, mixtures: Tensor | Sequence[Tensor]) -> Tensor:
        assert isinstance(mixtures, Tensor)  # noqa: S101 - for the type checker: tiles are composed in one piece
        if self._index is None:
            return mixtures[self._slots[0] : self._slots[0] + len(self._slots)]
        return mixtures.index_select(0, self._index)
