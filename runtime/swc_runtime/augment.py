"""Augmentation of whole batches: every image draws its own change, from a generator that the step alone seeds.

The draws happen on the CPU and only the few drawn numbers move to the device, so a run gives the same images on
every device, and a resumed run the same as one that was never stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from swc_runtime.recipe import Augment, Crop, Cutout, Flip


def seeded(*key: int | str) -> torch.Generator:
    """A CPU generator whose numbers depend on ``key`` alone (say: seed, purpose, epoch, step)."""
    digest = hashlib.blake2b("/".join(map(str, key)).encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)


def augmented(images: Tensor, augment: Sequence[Augment], generator: torch.Generator, part: slice) -> Tensor:
    """Change a batch as the recipe says, in the recipe's order; blank pixels get 0, the mean after normalisation.

    Args:
        images: (b, C, H, W) normalised images, the slice ``part`` of the whole step's batch.
        augment: the changes.
        generator: on the CPU; draws for the whole batch of the step, whatever part this process holds, so that the
            number of devices does not change any image.
        part: ``slice(start, total, stride)``: which images of a batch of ``total`` these are.

    Returns:
        (b, C, H, W).
    """
    for change in augment:
        images = _apply(images, change, generator, part)
    return images


def _apply(images: Tensor, change: Augment, generator: torch.Generator, part: slice) -> Tensor:
    total, device = part.stop, images.device
    match change:
        case Crop(padding):
            offsets = torch.randint(0, 2 * padding + 1, (total, 2), generator=generator)[part].to(device)
            return crop(images, offsets, padding)
        case Flip():
            chosen = (torch.rand(total, generator=generator) < 0.5)[part].to(device)
            return torch.where(chosen[:, None, None, None], images.flip(3), images)
        case Cutout(size):
            places = torch.rand(total, 2, generator=generator)[part]
            extent = torch.tensor(images.shape[2:])
            return cutout(images, (places * extent).long().to(device), size)


def crop(images: Tensor, offsets: Tensor, padding: int) -> Tensor:
    """Pad (B, C, H, W) with zeros on each side and cut (H, W) out at ``offsets`` (B, 2): rows and columns skipped."""
    count, channels, height, width = images.shape
    padded = F.pad(images, (padding,) * 4)
    rows = offsets[:, :1] + torch.arange(height, device=images.device)  # (B, H)
    columns = offsets[:, 1:] + torch.arange(width, device=images.device)  # (B, W)
    image = torch.arange(count, device=images.device)[:, None, None, None]
    channel = torch.arange(channels, device=images.device)[None, :, None, None]
    return padded[image, channel, rows[:, None, :, None], columns[:, None, None, :]]


def cutout(images: Tensor, centres: Tensor, size: int) -> Tensor:
    """Zero a square of ``size`` pixels a side around ``centres`` (B, 2: row, column), clipped at the border."""
    start = centres - size // 2  # (B, 2)
    row = torch.arange(images.shape[2], device=images.device)
    column = torch.arange(images.shape[3], device=images.device)
    in_rows = (row >= start[:, :1]) & (row < start[:, :1] + size)  # (B, H)
    in_columns = (column >= start[:, 1:]) & (column < start[:, 1:] + size)  # (B, W)
    hole = in_rows[:, :, None] & in_columns[:, None, :]
    return images.masked_fill(hole[:, None], 0.0)
