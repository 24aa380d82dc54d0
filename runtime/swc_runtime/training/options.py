"""What a person chooses about one training run, beyond the family's recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swc_runtime.problems import TrainingError


@dataclass(frozen=True)
class TrainOptions:
    """Where and how to train. What is None follows the family's recipe.

    Attributes:
        run_dir: checkpoints and TensorBoard events go there; None keeps nothing.
        accelerator: ``auto``, ``cpu``, ``cuda`` or ``mps``, as Lightning Fabric names them.
        devices: how many; the recipe's batch is shared among them.
        precision: ``32-true`` or ``bf16-mixed``.
        channels_last: store images and convolution weights with channels last, as tensor cores like them.
        compile: run the family through ``torch.compile``.
        seed: of data order, augmentation and whatever the model draws.
        epochs: stretches the recipe's whole timetable (milestones, warm-up, refinement).
        batch: images per step, over all devices.
        lr: the highest learning rate.
        resume: go on from ``run_dir/last.safetensors``.
        limit: train on this many images only.
        evaluate_every: test after every so many epochs (0: only at the end).
        origin: what the family's weights were taken from (``TransferReport.record``), for the checkpoints to keep.
    """

    run_dir: Path | None = None
    accelerator: str = "auto"
    devices: int = 1
    precision: str = "32-true"
    channels_last: bool = False
    compile: bool = False
    seed: int = 0
    epochs: int | None = None
    batch: int | None = None
    lr: float | None = None
    resume: bool = False
    limit: int | None = None
    evaluate_every: int = 0
    origin: Mapping[str, Any] | None = None


def check_options(options: TrainOptions) -> None:
    """Check the numbers, which needs no device.

    Raises:
        TrainingError: a number that makes no sense.
    """
    for name, value in (("epochs", options.epochs), ("batch", options.batch), ("devices", options.devices)):
        if value is not None and value < 1:
            raise TrainingError(f"--{name} must be at least 1, not {value}.")
    if options.lr is not None and not options.lr > 0:
        raise TrainingError(f"--lr must be above 0, not {options.lr:g}.")
