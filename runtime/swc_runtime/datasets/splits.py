"""A data set's two halves, as tensors in memory or as files on disk; images stay 8-bit until they are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision.transforms.v2 import functional as vision

from swc_runtime.problems import DataError


class Split(Protocol):
    """Images of one half of a data set, addressed by index."""

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

    files: tuple[tuple[Path, int], ...]
    channels: int
    size: tuple[int, int]
    workers: int = 2

    def __len__(self) -> int:
        return len(self.files)

    def subset(self, indices: Tensor) -> FolderSplit:
        """The images at ``indices`` (n,), in that order."""
        return replace(self, files=tuple(self.files[index] for index in indices.tolist()))

    def to(self, device: torch.device) -> FolderSplit:  # noqa: ARG002 - files stay on disk
        """The split itself."""
        return self

    def __getitem__(self, index: int) -> tuple[Tensor, int, str]:
        """One image (C, H, W) uint8, its label, and what is wrong with its file ("" if nothing)."""
        path, label = self.files[index]
        try:
            with Image.open(path) as opened:
                image = vision.pil_to_tensor(opened.convert("L" if self.channels == 1 else "RGB"))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
            blank = torch.zeros(self.channels, *self.size, dtype=torch.uint8)
            return blank, label, f"{path} is not a readable image ({problem})"
        return self._fitted(image), label, ""

    def _fitted(self, image: Tensor) -> Tensor:
        height, width = self.size
        scale = max(height / image.shape[1], width / image.shape[2])
        scaled = [max(height, round(image.shape[1] * scale)), max(width, round(image.shape[2] * scale))]
        fitted: Tensor = vision.center_crop(vision.resize(image, scaled, antialias=True), list(self.size))
        return fitted

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
                raise DataError(f"{problem}: mend it or take it out of the data set.")
            yield images.to(device, non_blocking=True), labels.to(device, non_blocking=True)


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation per channel of the training images, in the range 0..1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, images: Tensor) -> Tensor:
        """(B, C, H, W) uint8 to float32 of mean 0 and deviation 1 (per channel, over the training set)."""
        mean = torch.tensor(self.mean, device=images.device)[:, None, None]
        std = torch.tensor(self.std, device=images.device)[:, None, None]
        return (images.float() / 255 - mean) / std

    @classmethod
    def of(cls, batches: Iterable[Tensor]) -> Normalisation:
        """Measured over (B, C, H, W) uint8 batches; a channel that never changes keeps its scale."""
        count, total, square = 0, torch.zeros(()), torch.zeros(())
        for images in batches:
            values = images.double() / 255
            count += values.shape[0] * values.shape[2] * values.shape[3]
            total = total + values.sum(dim=(0, 2, 3))
            square = square + values.square().sum(dim=(0, 2, 3))
        mean = total / count
        std = (square / count - mean.square()).clamp(min=0).sqrt()
        std = torch.where(std > 1e-6, std, 1.0)
        return cls(tuple(mean.tolist()), tuple(std.tolist()))


@dataclass(frozen=True)
class Dataset:
    """Training and test images and how to normalise both. ``classes`` counts the labels, 0 to classes - 1."""

    name: str
    train: Split
    test: Split
    input: tuple[int, int, int]
    classes: int
    normalise: Normalisation

    def limited(self, count: int | None) -> Dataset:
        """At most ``count`` training images, the same ones every time (drawn evenly from the whole set)."""
        if count is None or count >= len(self.train):
            return self
        if count < 1:
            raise DataError(f"A limit of {count} training images leaves nothing to train on: give at least 1.")
        order = torch.randperm(len(self.train), generator=torch.Generator().manual_seed(0))
        return replace(self, train=self.train.subset(order[:count]))


def tensor_dataset(name: str, train: TensorSplit, test: TensorSplit, classes: int) -> Dataset:
    """A data set in memory, normalised by its own training images."""
    channels, height, width = train.images.shape[1:]
    normalise = Normalisation.of(torch.split(train.images, 4096))
    return Dataset(name, train, test, (channels, height, width), classes, normalise)
