"""The parts of a data set: what each offers, and those in memory; images stay 8-bit until they are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Split(Protocol):
    """Images of one part of a data set, addressed by index."""

    @property
    def labels(self) -> Tensor:
        """Labels (N,) int64 of the images."""

    def __len__(self) -> int:
        """Number of images."""

    def subset(self, indices: Tensor) -> Split:
        """The images at ``indices`` (n,), in that order."""

    def to(self, device: torch.device) -> Split:
        """The same images, kept where that makes reading them fast."""

    def stream(self, batches: Iterable[Tensor], device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        """For each (b,) of indices, on ``device``: images (b, C, H, W) uint8 and labels (b,) int64."""


@dataclass(frozen=True)
class TensorSplit:
    """Images in memory (on the device, once training starts): (N, C, H, W) uint8, and labels (N,) int64."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: Tensor) -> TensorSplit:
        """The images at ``indices`` (n,), in that order."""
        return TensorSplit(self.images[indices], self.labels[indices])

    def to(self, device: torch.device) -> TensorSplit:
        """The same images on ``device``."""
        return TensorSplit(self.images.to(device), self.labels.to(device))

    def stream(self, batches: Iterable[Tensor], device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        """For each (b,) of indices, on ``device``: images (b, C, H, W) uint8 and labels (b,) int64."""
        for indices in batches:
            chosen = indices.to(self.labels.device)
            yield self.images[chosen].to(device), self.labels[chosen].to(device)
