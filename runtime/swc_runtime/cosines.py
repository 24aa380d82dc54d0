"""How alike gradients are: cosines of the common part of layers (eq. 2), and of coefficients (eq. 3)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from swc_runtime.grouping import unordered_pairs

DIGITS = 6
"""Cosines are rounded to this many decimals before any decision, so that a stored file reproduces the decision."""

_CHUNK = 1 << 22  # elements per layer group that are held in double precision at a time


def common_cosines(gradients: Mapping[str, Tensor], layers: Sequence[str]) -> dict[tuple[str, str], float]:
    """Cosine of every pair of ``layers`` over their common rectangle [0, min out) x [0, min in) (eq. 2).

    Layers of one kernel size read the same SuperWeights exactly there. Sums run in double precision; the result is
    rounded to ``DIGITS`` decimals; it is NaN where a gradient is zero.

    Args:
        gradients: layer name to (out, in, kh, kw); all kernels equal.
        layers: the names to compare.

    Returns:
        One entry per unordered pair, in the order of ``layers``.
    """
    by_shape: dict[torch.Size, list[str]] = {}
    for name in layers:
        by_shape.setdefault(gradients[name].shape, []).append(name)
    values: dict[tuple[str, str], float] = {}
    shapes = list(by_shape)
    for index, first in enumerate(shapes):
        for second in shapes[index:]:
            left, right = by_shape[first], by_shape[second]
            table = _cosine_table([gradients[name] for name in left], [gradients[name] for name in right])
            for row, a in enumerate(left):
                for column, b in enumerate(right):
                    values[a, b] = values[b, a] = table[row][column]
    return {pair: values[pair] for pair in unordered_pairs(layers)}


def _cosine_table(left: Sequence[Tensor], right: Sequence[Tensor]) -> list[list[float]]:
    """Cosines of each of ``left`` (equal shapes) with each of ``right`` (equal shapes) over the common rectangle."""
    out = min(left[0].shape[0], right[0].shape[0])
    inputs = min(left[0].shape[1], right[0].shape[1])
    cells = max(1, inputs * math.prod(left[0].shape[2:]))
    device = left[0].device
    dots = torch.zeros(len(left), len(right), dtype=torch.float64, device=device)
    squares_left = torch.zeros(len(left), dtype=torch.float64, device=device)
    squares_right = torch.zeros(len(right), dtype=torch.float64, device=device)
    step = max(1, _CHUNK // (cells * max(len(left), len(right))))
    for start in range(0, out, step):
        rows = slice(start, min(out, start + step))
        a = torch.stack([gradient[rows, :inputs].flatten() for gradient in left]).double()
        b = torch.stack([gradient[rows, :inputs].flatten() for gradient in right]).double()
        dots += a @ b.T
        squares_left += a.square().sum(1)
        squares_right += b.square().sum(1)
    norms = squares_left.sqrt()[:, None] * squares_right.sqrt()[None, :]
    return [[_rounded(value) for value in row] for row in (dots / norms).tolist()]


def cosines(vectors: Mapping[str, Tensor]) -> dict[tuple[str, str], float]:
    """Cosine of every pair of equally long vectors (eq. 3), rounded likewise; NaN where a vector is zero."""
    names = list(vectors)
    stacked = torch.stack([vectors[name].flatten() for name in names]).double()
    norms = stacked.square().sum(1).sqrt()
    table = ((stacked @ stacked.T) / (norms[:, None] * norms[None, :])).tolist()
    position = {name: index for index, name in enumerate(names)}
    return {(a, b): _rounded(table[position[a]][position[b]]) for a, b in unordered_pairs(names)}


def _rounded(value: float) -> float:
    return value if math.isnan(value) else round(max(-1.0, min(1.0, value)), DIGITS) + 0.0
