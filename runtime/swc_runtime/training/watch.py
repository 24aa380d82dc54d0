"""Watching the loss: a training that has gone wrong stops, and says where."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from lightning_fabric import Fabric
from torch import Tensor

from swc_runtime.problems import TrainingError
from swc_runtime.progress import Phase

_EVERY = 32
"""Steps between looks on an accelerator: each look waits for the device. The CPU is looked at every step."""


@dataclass
class LossWatch:
    """Collects the members' losses of one epoch and stops at the first that is not a finite number.

    Attributes:
        fabric: where the losses are, and how processes agree.
        phase: advanced by the steps seen.
        members: their names, in the order of the losses.
        epoch: counted from 0, of ``epochs``.
        epochs: in the whole training.
        steps: in an epoch.
        rate: the learning rate of a step of this epoch.
    """

    fabric: Fabric
    phase: Phase
    members: tuple[str, ...]
    epoch: int
    epochs: int
    steps: int
    rate: Callable[[int], float]
    _losses: list[Tensor] = field(default_factory=list)
    _looked: int = 0

    def see(self, losses: Tensor) -> None:
        """Take the losses (M,) of the next step; called before the step changes the weights.

        Raises:
            TrainingError: a loss since the last look is not finite.
        """
        self._losses.append(losses)
        if self.fabric.device.type == "cpu" or len(self._losses) - self._looked >= _EVERY:
            self._look()

    def means(self) -> list[float]:
        """Mean loss of each member over the epoch, and over processes.

        Raises:
            TrainingError: a loss since the last look is not finite.
        """
        if len(self._losses) > self._looked:
            self._look()
        return reduced(self.fabric, torch.stack(self._losses).mean(0), "mean").tolist()

    def _look(self) -> None:
        fresh = torch.stack(self._losses[self._looked :])  # (steps, M)
        sums = reduced(self.fabric, fresh.sum(1), "mean").tolist()  # one process's NaN stops all of them
        for offset, value in enumerate(sums):
            if not math.isfinite(value):
                self._stop(self._looked + offset)
        self._looked = len(self._losses)
        self.phase.advance(len(sums), f"epoch {self.epoch + 1}/{self.epochs} · loss {sums[-1]:.3f}")

    def _stop(self, step: int) -> None:
        losses = zip(self.members, self._losses[step].tolist(), strict=True)
        raise TrainingError(
            f"The loss is not a finite number at epoch {self.epoch + 1} of {self.epochs}, step {step + 1} of "
            f"{self.steps} ({', '.join(f'{name}: {value:.4g}' for name, value in losses)}; learning rate "
            f"{self.rate(step):.4g}). Try a lower learning rate, a warm-up in the recipe's schedule, or 32-true "
            "precision; the last checkpoint is kept as it is."
        )


def reduced(fabric: Fabric, tensor: Tensor, operation: str) -> Tensor:
    """A tensor summed ("sum") or averaged ("mean") over processes; itself where there is one process."""
    if fabric.world_size == 1:
        return tensor
    result = fabric.all_reduce(tensor, reduce_op=operation)
    assert isinstance(result, Tensor)  # noqa: S101 - a tensor in is a tensor out
    return result
