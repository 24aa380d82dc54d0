"""Weights that evaluation keeps: composed once, valid until what they were composed from changes."""

from __future__ import annotations

import torch
from torch import Tensor

from swc_runtime.resolution import Resolution
from swc_runtime.sources import Sources


class Kept:
    """Composed weights without a graph, by layer; filled member by member as they are asked for."""

    def __init__(self, sources: Sources, resolution: Resolution) -> None:
        self.sources = sources
        self.resolution = resolution
        self.weights: dict[str, Tensor] = {}
        self.cast: dict[tuple[str, torch.dtype], Tensor] = {}  # as autocast would cast them in each call
        self.assembled: dict[int, Tensor] = {}  # layers of different members that share a weight share the tensor
