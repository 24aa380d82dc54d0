"""A family on its device, with optimizer, batches and loss: what search, training and refinement have in common."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from swc_runtime.datasets import Batch, Dataset, Loader
from swc_runtime.family import Family
from swc_runtime.progress import Phase
from swc_runtime.training.freezing import Freezing
from swc_runtime.training.optimizer import make_optimizer
from swc_runtime.training.options import TrainOptions
from swc_runtime.training.schedule import Timetable
from swc_runtime.training.validation import Validation
from swc_runtime.training.watch import LossWatch


@dataclass(frozen=True)
class EpochRecord:
    """One finished epoch: mean losses over its steps (the sum over members, and each), last rate, seconds of training.

    ``val`` are the scores on the held-out images afterwards, where there are any.
    """

    epoch: int
    loss: float
    members: dict[str, float]
    lr: float
    seconds: float
    val: Validation | None = None


class Session:
    """One family in training.

    The batch of a step is the recipe's (or the option's) over all devices together; the loss is the sum of the
    members' cross-entropies; the rate follows the timetable's schedule step by step. Members stay frozen until
    ``freezing``, of its own making unless it is given, is lifted.

    Raises:
        TrainingError: the optimizer or the batch is not possible, or a member that is to be frozen is none.
    """

    def __init__(
        self,
        family: Family,
        data: Dataset,
        options: TrainOptions,
        fabric: Fabric,
        timetable: Timetable,
        freezing: Freezing | None = None,
    ) -> None:
        recipe = family.recipe
        torch.manual_seed(options.seed)
        self.family = family
        self.fabric = fabric
        self.timetable = timetable
        self.peak = recipe.optimizer.lr if options.lr is None else options.lr
        self.smoothing = recipe.smoothing
        self.memory_format = torch.channels_last if options.channels_last else torch.contiguous_format
        limited = data.limited(options.limit)
        self.images = len(limited.train)
        self.loader = Loader(
            limited,
            batch=options.batch or recipe.batch,
            device=fabric.device,
            augment=recipe.augment,
            seed=options.seed,
            rank=fabric.global_rank,
            world=fabric.world_size,
        )
        family.to(device=fabric.device)
        if options.channels_last:
            family.to(memory_format=torch.channels_last)
        self.freezing = freezing or Freezing(family, options.freeze)
        self.optimizer = make_optimizer(family, recipe.optimizer, self.peak)
        model: nn.Module = torch.compile(family) if options.compile else family  # type: ignore[assignment]  # a module
        self._model, self._stepper = fabric.setup(model, self.optimizer)

    def batches(self, epoch: int, stream: str) -> Iterator[Batch]:
        """This process's batches of an epoch, images in the memory format of the run."""
        for images, labels in self.loader.epoch(epoch, stream):
            yield images.contiguous(memory_format=self.memory_format), labels

    def member_losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy of each member: logits (M, b, classes) and labels (b,) to (M,), in float32."""
        losses = F.cross_entropy(
            logits.float().flatten(0, 1),
            labels.repeat(len(logits)),
            reduction="none",
            label_smoothing=self.smoothing,
        )
        return losses.view(len(logits), -1).mean(1)

    def train_epoch(self, epoch: int, phase: Phase, stream: str = "train") -> EpochRecord:
        """Train one epoch (counted from 0).

        Raises:
            TrainingError: the loss is not finite.
        """
        began = time.monotonic()
        self.train_mode()
        names, steps = tuple(self.family.members), self.loader.steps
        watch = LossWatch(
            self.fabric, phase, names, epoch, self.timetable.epochs, steps, lambda step: self.rate(epoch, step)
        )
        for step, (images, labels) in enumerate(self.batches(epoch, stream)):
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate(epoch, step)
            losses = self.member_losses(self._model(images), labels)
            watch.see(losses.detach())
            self._stepper.zero_grad()
            self.fabric.backward(losses.sum())
            self._stepper.step()
        means = watch.means()
        members = dict(zip(names, means, strict=True))
        return EpochRecord(epoch, sum(means), members, self.rate(epoch, steps - 1), time.monotonic() - began)

    def rate(self, epoch: int, step: int) -> float:
        """The learning rate of a step of an epoch."""
        return self.timetable.rate(self.peak, epoch, step, self.loader.steps)

    def train_mode(self) -> None:
        """Put the family into training mode, but for members that are frozen."""
        self.family.train()
        self.freezing.settle()
