"""Mean and deviation of a data set's training images, which every family takes its images by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from swc_runtime.problems import DataError

_ROOT_OF_NOTHING = 1e-6
"""Deviations below this, in the range 0..1, are rounding: one level of 8 bits in 15,000 images is above it."""


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
    def of(cls, batches: Iterable[Tensor], name: str = "The data set") -> Normalisation:
        """Measured over (B, C, H, W) uint8 batches of the data set ``name``.

        Raises:
            DataError: see ``Moments.normalisation``.
        """
        moments = Moments()
        for images in batches:
            moments.add(images)
        return moments.normalisation(name)


def _way(flat: list[int], channels: int) -> str:
    """What to do about channels in which nothing varies."""
    if channels in (2, 4) and flat == [channels - 1]:
        return (
            f"If channel {channels} is alpha, no image shows anything through: write `input image({channels - 1}, …)` "
            "in the spec, and image files are taken without alpha (`--alpha` says what becomes of transparent ones)."
        )
    return (
        f"Look whether its images were written as they should be, or leave such channels out: write `input image("
        f"{max(1, channels - len(flat))}, …)` in the spec, and give images without them."
        if len(flat) < channels
        else "Look whether its images were written as they should be."
    )


_DARK = 16
"""What 12-bit values come to when files say that they have 16 bits."""


def darkness_told(highest: int) -> str:
    """A remark on training images none of whose pixels is above ``highest`` (of 255); empty if there is none to make.

    They can be trained on, but a mistake in how they were saved may have cost all but a few shades.
    """
    if highest > _DARK:
        return ""
    return (
        f"no pixel of the training images is above {highest} (of 0 to 255): if they hold fewer bits than their files "
        "say (12 of 16, say), only so many shades are left; save them scaled to the whole range"
    )


class Moments:
    """Sums of pixels and of their squares per channel: whole numbers, so that their order does not matter."""

    def __init__(self) -> None:
        self.count = 0
        self.highest = 0
        self.sums = torch.zeros(2, 1, dtype=torch.int64)  # of values and of squares; (2, C) once images are added

    def add(self, images: Tensor) -> None:
        """Take (B, C, H, W) uint8 images in."""
        count = images.shape[0] * images.shape[2] * images.shape[3]
        self.add_sums(count, pixel_sums(images), int(images.max()))

    def add_sums(self, count: int, sums: Tensor, highest: int) -> None:
        """Take ``count`` pixels in, of which ``pixel_sums`` and the highest value are known."""
        self.count += count
        self.highest = max(self.highest, highest)
        self.sums = self.sums + sums

    def normalisation(self, name: str) -> Normalisation:
        """Mean and deviation of what was taken in.

        Raises:
            DataError: every pixel of a channel has one value, so that nothing can be told by it.
        """
        mean, square = (self.sums.double() / (255 * self.count)).unbind()
        std = (square / 255 - mean.square()).clamp(min=0).sqrt()
        flat = (std < _ROOT_OF_NOTHING).nonzero().flatten().tolist()
        if flat:
            values = ", ".join(f"{round(255 * float(mean[channel]))} in channel {channel + 1}" for channel in flat)
            raise DataError(
                f"{name} cannot be learned from: all pixels of all its training images have one value, {values} of "
                f"{len(mean)} (of 0 to 255). {_way(flat, len(mean))}"
            )
        return Normalisation(tuple(mean.tolist()), tuple(std.tolist()))


def pixel_sums(images: Tensor) -> Tensor:
    """Sums of values and of squares per channel, (2, C) int64, of (B, C, H, W) uint8 images."""
    values = images.to(torch.int64)
    return torch.stack([values.sum(dim=(0, 2, 3)), values.square().sum(dim=(0, 2, 3))])
