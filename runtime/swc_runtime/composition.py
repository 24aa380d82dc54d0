"""How SuperWeights are joined into the weight of a layer: static recipes, at most two copies each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from swc_runtime.structure import Range


@dataclass(frozen=True)
class Bands:
    """Joins the SuperWeights that tile a layer: cut each at the borders of row bands, concatenate columns, then rows.

    ``cuts[i]`` are the heights that SuperWeight i is cut into; ``bands[b]`` lists, from left to right, the pieces
    (SuperWeight, cut) that make up row band b.
    """

    cuts: tuple[tuple[int, ...], ...]
    bands: tuple[tuple[tuple[int, int], ...], ...]

    @staticmethod
    def of(rectangles: Sequence[tuple[Range, Range]]) -> Bands:
        """Plan the joining of disjoint ``rectangles`` (rows, columns) that tile [0, out) x [0, in)."""
        borders = sorted({border for rows, _ in rectangles for border in rows})
        spans = pairwise(borders)
        cuts: list[list[int]] = [[] for _ in rectangles]
        bands = []
        by_column = sorted(range(len(rectangles)), key=lambda i: rectangles[i][1][0])
        for top, bottom in spans:
            band = []
            for i in by_column:
                rows = rectangles[i][0]
                if rows[0] <= top and bottom <= rows[1]:
                    band.append((i, len(cuts[i])))
                    cuts[i].append(bottom - top)
            bands.append(tuple(band))
        return Bands(tuple(tuple(cut) for cut in cuts), tuple(bands))

    def join(self, superweights: Sequence[Tensor]) -> Tensor:
        """Join SuperWeights (rows, columns * kh * kw) into one matrix (out, in * kh * kw)."""
        pieces = [
            torch.split(superweight, list(heights)) if len(heights) > 1 else (superweight,)
            for superweight, heights in zip(superweights, self.cuts, strict=True)
        ]
        rows = [_concatenate([pieces[i][cut] for i, cut in band], 1) for band in self.bands]
        return _concatenate(rows, 0)


def _concatenate(tensors: list[Tensor], dim: int) -> Tensor:
    return tensors[0] if len(tensors) == 1 else torch.cat(tensors, dim)


@dataclass(frozen=True)
class Grid:
    """Joins equal tiles (rows x columns cells) in row-major order, cropped to a layer's (out, in)."""

    shape: tuple[int, int]
    tile: tuple[int, int]

    @property
    def height(self) -> int:
        """Tiles from top to bottom."""
        return -(-self.shape[0] // self.tile[0])

    @property
    def width(self) -> int:
        """Tiles from left to right."""
        return -(-self.shape[1] // self.tile[1])

    def join(self, tiles: Tensor) -> Tensor:
        """Join tiles (height * width, rows, columns * kh * kw) into one matrix (out, in * kh * kw)."""
        rows, columns = self.tile
        kernel = tiles.shape[2] // columns
        plane = tiles.view(self.height, self.width, rows, -1).transpose(1, 2)
        plane = plane.reshape(self.height * rows, self.width * columns * kernel)
        return plane[: self.shape[0], : self.shape[1] * kernel]
