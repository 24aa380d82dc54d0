"""A data set's parts, as tensors in memory or as files on disk; images stay 8-bit until they are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from swc_runtime.datasets.images import Alpha, read_image
from swc_runtime.problems import DataError


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


@dataclass(frozen=True)
class FolderSplit:
    """Image files, read by worker processes, resized by their shorter side and cropped at the centre to ``size``."""

    files: tuple[Path, ...]
    labels: Tensor
    channels: int
    size: tuple[int, int]
    workers: int = 2
    alpha: Alpha = "white"

    def __len__(self) -> int:
        return len(self.files)

    def subset(self, indices: Tensor) -> FolderSplit:
        """The images at ``indices`` (n,), in that order."""
        files = tuple(self.files[index] for index in indices.tolist())
        return replace(self, files=files, labels=self.labels[indices])

    def to(self, device: torch.device) -> FolderSplit:  # noqa: ARG002 - files stay on disk
        """The split itself."""
        return self

    def __getitem__(self, index: int) -> tuple[Tensor, int, str]:
        """One image (C, H, W) uint8, its label, and what is wrong with its file ("" if nothing)."""
        label = int(self.labels[index])
        try:
            return read_image(self.files[index], self.channels, self.size, alpha=self.alpha), label, ""
        except DataError as problem:
            return torch.zeros(self.channels, *self.size, dtype=torch.uint8), label, str(problem)

    def stream(self, batches: Iterable[Tensor], device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        """For each (b,) of indices, on ``device``: images (b, C, H, W) uint8 and labels (b,) int64.

        Raises:
            DataError: a file is not a readable image.
        """
        loader: DataLoader[tuple[Tensor, int, str]] = DataLoader(
            self,  # type: ignore[arg-type]  # a map-style data set by its methods, not by its class
            batch_sampler=[indices.tolist() for indices in batches],
            num_workers=self.workers,
            pin_memory=device.type == "cuda",
        )
        for images, labels, problems in loader:
            for problem in filter(None, problems):
                raise DataError(problem)
            yield images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
