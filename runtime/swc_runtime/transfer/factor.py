"""Weights as few templates mixed by coefficients, as near to given ones as can be (least squares).

One bank composes A·T, coefficient vectors A (G, N) times templates T (N, D). Where every vector is held to all D
numbers, the best A·T is the truncated singular value decomposition (Eckart & Young, 1936). Tiles at the edge of a layer
are seen in part; there A and T are solved for in turn, each exactly. Cells that few vectors see leave much open, so
large A and T are penalised, less and less until that gains nothing more: of all that fit about as well, small ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

_CHUNK = 1 << 22
"""Numbers held in double precision at a time while products are summed."""

_RANK = 1e-7
"""Directions weaker than this, of the strongest, are below the resolution of single precision."""

_ROUNDS = 200
_SETTLED = 1e-6
"""Solving in turn ends when a round takes off less than this of what is to be made small."""

_PENALTIES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10)
_WORTH, _EXACT = 0.99, 1e-13
"""A smaller penalty is kept if the error falls below this part of what it was, until so little of all is missed."""

_TINY = 1e-300


def nearest(targets: Tensor, weights: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return A (G, r) and T (r, D), r = min(G, D, count), that minimise Σ_g w_g ‖Y_g − A_g T‖².

    Args:
        targets: Y (G, D).
        weights: w (G,), positive.
        count: how many templates there may be.

    Returns:
        Both in double precision.
    """
    roots = weights.double().sqrt()[:, None]
    if targets.shape[0] <= targets.shape[1]:
        left = _strongest(_gram(targets, roots), count)
        return left / roots, torch.cat([left.T @ (chunk.double() * roots) for chunk in _columns(targets)], 1)
    scaled = targets.double() * roots
    right = _strongest(scaled.T @ scaled, count)
    return targets.double() @ right, right.T.contiguous()


def _gram(targets: Tensor, roots: Tensor) -> Tensor:
    result = targets.new_zeros(len(targets), len(targets), dtype=torch.float64)
    for chunk in _columns(targets):
        scaled = chunk.double() * roots
        result += scaled @ scaled.T
    return result


def _columns(targets: Tensor) -> Iterator[Tensor]:
    width = max(1, _CHUNK // max(1, len(targets)))
    return (targets[:, start : start + width] for start in range(0, targets.shape[1], width))


def _strongest(gram: Tensor, count: int) -> Tensor:
    """The eigenvectors of the ``count`` largest eigenvalues, as columns."""
    vectors: Tensor = torch.linalg.eigh(gram)[1]
    return vectors.flip(1)[:, :count]


def nearest_seen(targets: Tensor, weights: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return A (G, r) and T (r, P * K) that make Σ w_gp ‖Y_gp − A_g T_p‖² small; w is 0 where a vector is not held.

    The best of all there is where w is the same all along each row; a local minimum otherwise.

    Args:
        targets: Y (G, P, K): P cells of K numbers; those of cells of weight 0 do not matter.
        weights: w (G, P), none negative, and none of the rows zero.
        count: how many templates there may be.
    """
    whole = weights.max(1).values
    if bool((weights == whole[:, None]).all()):
        return nearest(targets.flatten(1), whole, count)
    seen = _Seen(targets.double(), weights.double() / whole.max())
    templates = nearest((targets * (weights > 0)[..., None]).flatten(1), whole, count)[1]
    found, error = seen.settled(templates, _PENALTIES[0])
    for penalty in _PENALTIES[1:]:
        if error <= _EXACT * seen.amount:
            break
        tried, smaller = seen.settled(found[1], penalty)
        if smaller > _WORTH * error:
            break
        found, error = tried, smaller
    return found


class _Seen:
    """Targets whose weights are the same over regions of cells: the normal equations, region by region.

    With a penalty μ, what is made small is the error + μ (‖A‖² + ‖T‖²).
    """

    def __init__(self, targets: Tensor, weights: Tensor) -> None:
        self.width = targets[0].numel()
        self.weights, region = torch.unique(weights, dim=1, return_inverse=True)  # (G, regions), (P,)
        region = region.repeat_interleave(targets.shape[2])
        self.columns = [torch.nonzero(region == index).flatten() for index in range(self.weights.shape[1])]
        self.targets = [targets.flatten(1)[:, columns] for columns in self.columns]
        self.amount = float(sum((w[:, None] * y.square()).sum() for w, y in self._regions()))

    def _regions(self) -> list[tuple[Tensor, Tensor]]:
        return list(zip(self.weights.T, self.targets, strict=True))

    def settled(self, templates: Tensor, penalty: float) -> tuple[tuple[Tensor, Tensor], float]:
        """A and T, solved for in turn from a start until that gains nothing more, and their error."""
        ridge = penalty * math.sqrt(self.amount)
        templates = templates * math.sqrt(math.sqrt(self.amount) / max(float(templates.norm()), _TINY))
        coefficients, value = self.coefficients(templates, ridge), math.inf
        for _ in range(_ROUNDS):
            templates = self.templates(coefficients, ridge)
            coefficients = self.coefficients(templates, ridge)
            error = self.error(coefficients, templates)
            before, value = value, error + ridge * float(coefficients.square().sum() + templates.square().sum())
            if before - value <= _SETTLED * value:
                break
        return (coefficients, templates), error

    def coefficients(self, templates: Tensor, ridge: float) -> Tensor:
        """The best A (G, r) for T (r, P * K)."""
        own = [templates[:, columns] for columns in self.columns]
        grams = torch.stack([part @ part.T for part in own])  # (regions, r, r)
        right = torch.stack([(w[:, None] * y) @ part.T for (w, y), part in zip(self._regions(), own, strict=True)])
        patterns, which = torch.unique(self.weights, dim=0, return_inverse=True)
        inverses = _inverse(torch.einsum("pr,rij->pij", patterns, grams), ridge)
        return torch.einsum("gi,gij->gj", right.sum(0), inverses[which])

    def templates(self, coefficients: Tensor, ridge: float) -> Tensor:
        """The best T (r, P * K) for A (G, r); 0 where nothing is seen."""
        result = coefficients.new_zeros(coefficients.shape[1], self.width)
        for columns, (w, y) in zip(self.columns, self._regions(), strict=True):
            scaled = coefficients * w[:, None]
            result[:, columns] = _inverse(scaled.T @ coefficients, ridge) @ (scaled.T @ y)
        return result

    def error(self, coefficients: Tensor, templates: Tensor) -> float:
        """Σ w (Y − A T)²."""
        rest = [
            (w[:, None] * (y - coefficients @ templates[:, columns]).square()).sum()
            for columns, (w, y) in zip(self.columns, self._regions(), strict=True)
        ]
        return float(sum(rest))


def _inverse(gram: Tensor, ridge: float) -> Tensor:
    """The inverse of a matrix, or a stack of them, with a ridge added to the diagonal."""
    identity = torch.eye(gram.shape[-1], dtype=gram.dtype)
    inverse: Tensor = torch.linalg.inv(gram + ridge * identity)
    return inverse


def spread(coefficients: Tensor, templates: Tensor, fresh: Tensor) -> tuple[Tensor, Tensor]:
    """Return A' (G, N) and T' (N, D) with A'T' = AT that are like what a fresh training starts from.

    That has coefficient vectors of unit norm and templates of one size that have nothing in common. So A' has rows of
    unit norm in the mean square, and T' has orthogonal rows of one norm, among which every direction that AT needs is
    shared evenly. Steps of one learning rate are then no larger than they have to be for weights of this size. Where
    AT needs less than N templates, what is left takes the directions of ``fresh``; no coefficient vector reads it yet.

    Args:
        coefficients: A (G, r).
        templates: T (r, D).
        fresh: (N, D), N >= the rank of AT.
    """
    values, vectors = torch.linalg.eigh(templates @ templates.T)
    left, strengths, _ = torch.linalg.svd(coefficients @ (vectors * values.clamp(min=0).sqrt()), full_matrices=False)
    kept = strengths > _RANK * strengths[0]
    if not bool(kept.any()):  # all zero: any vectors will do
        left, strengths, kept = left[:, :1], torch.ones_like(strengths[:1]), torch.ones_like(kept[:1])
    left, strengths = left[:, kept], strengths[kept]
    directions = (left.T @ coefficients @ templates) / strengths[:, None]  # orthonormal rows
    size = float(strengths.square().sum() / len(left)) ** 0.5
    rotation = _even(len(strengths), len(fresh))  # orthonormal rows
    unread = fresh.double() - rotation.T @ (rotation @ fresh.double())
    unread *= size / max(float(fresh.double().norm()) / len(fresh) ** 0.5, _TINY)
    return left * (strengths / size) @ rotation, size * rotation.T @ directions + unread


def _even(count: int, size: int) -> Tensor:
    """The first ``count`` rows of the orthonormal cosine transform (DCT-II), (count, size); the first is constant."""
    row = torch.arange(count, dtype=torch.float64)[:, None]
    column = torch.arange(size, dtype=torch.float64)[None, :]
    waves = torch.cos(math.pi * (2 * column + 1) * row / (2 * size)) * math.sqrt(2 / size)
    waves[0] = math.sqrt(1 / size)
    return waves
