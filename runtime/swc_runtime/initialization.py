"""How weights start: at the Kaiming scale of the layer that uses them (DESIGN: initialisation)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def kaiming_std(fan_in: int) -> float:
    """Return sqrt(2 / fan_in), the standard deviation that keeps the scale of ReLU activations."""
    return math.sqrt(2.0 / fan_in)


def gain(reference: int, fan_in: int) -> float:
    """Return sqrt(reference / fan_in): takes a weight from its cluster's Kaiming scale to that of its own layer."""
    return math.sqrt(reference / fan_in)


@torch.no_grad()
def kaiming_(weight: Tensor, fan_in: int) -> Tensor:
    """Fill ``weight`` in place from N(0, 2 / fan_in) and return it."""
    return weight.normal_(0.0, kaiming_std(fan_in))


def unit_vectors(count: int, size: int) -> Tensor:
    """Return ``count`` directions drawn uniformly from the unit sphere, as a tensor (count, size).

    With coefficients of unit norm a mixture of templates keeps the variance of the templates.
    """
    vectors = torch.randn(count, size)
    return nn.functional.normalize(vectors, dim=1)
