"""Batches of normalised, augmented images whose order and changes depend only on (seed, stream, epoch, step)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from swc_runtime.augment import augmented, seeded
from swc_runtime.datasets.dataset import Dataset
from swc_runtime.datasets.normalisation import Normalisation
from swc_runtime.datasets.splits import Split
from swc_runtime.problems import TrainingError
from swc_runtime.recipe import Augment

Batch = tuple[Tensor, Tensor]
"""Images (b, C, H, W) float32 and labels (b,) int64."""


class Loader:
    """Deals a data set's training images in full batches, another order each epoch.

    The last images of an epoch's order that fill no batch are left out; a set smaller than one batch is one batch.
    With several processes (``world``), each gets every ``world``-th image of the same batch, so that the batch of the
    recipe is the batch of a step however many devices share it.

    Raises:
        TrainingError: the batch cannot be dealt evenly to the processes.
    """

    def __init__(
        self,
        data: Dataset,
        *,
        batch: int,
        device: torch.device,
        augment: Sequence[Augment] = (),
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.total = min(batch, len(data.train))
        if self.total % world:
            raise TrainingError(
                f"A batch of {self.total} images cannot be dealt evenly to {world} devices: "
                f"choose a multiple of {world}."
            )
        self.steps = len(data.train) // self.total
        self._split = data.train.to(device)
        self._normalise = data.normalise
        self._augment = tuple(augment)
        self._seed = seed
        self._part = slice(rank, self.total, world)
        self._device = device

    def epoch(self, number: int, stream: str = "train") -> Iterator[Batch]:
        """The batches of epoch ``number``; ``stream`` names what they are for (each has orders of its own)."""
        key = (self._seed, stream, number)
        order = torch.randperm(len(self._split), generator=seeded(*key, "order"))
        indices = [chunk[self._part] for chunk in torch.split(order, self.total)[: self.steps]]
        for step, (images, labels) in enumerate(self._split.stream(indices, self._device)):
            changed = augmented(self._normalise(images), self._augment, seeded(*key, step), self._part)
            yield changed, labels


def ordered_batches(split: Split, normalise: Normalisation, batch: int, device: torch.device) -> Iterator[Batch]:
    """Every image of a split once, in order and unchanged; the last batch may be smaller."""
    for images, labels in split.to(device).stream(torch.split(torch.arange(len(split)), batch), device):
        yield normalise(images), labels
