"""What a person chooses about one training run, beyond the family's recipe."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swc_runtime.problems import TrainingError

MOST_EPOCHS = 100_000
"""Checkpoints hold the scores of every epoch."""

LARGEST_SEED = 2**64 - 1
"""What torch's generators take."""

BEST, LAST = "best", "last"


@dataclass(frozen=True)
class TrainOptions:
    """Where and how to train. What is None follows the family's recipe.

    Attributes:
        run_dir: checkpoints, curves and TensorBoard events go there; None keeps nothing.
        accelerator: ``auto``, ``cpu``, ``cuda`` or ``mps``, as Lightning Fabric names them.
        devices: how many; the recipe's batch is shared among them.
        precision: ``32-true`` or ``bf16-mixed``.
        channels_last: store images and convolution weights with channels last, as tensor cores like them.
        compile: run the family through ``torch.compile``.
        seed: of data order, augmentation and whatever the model draws.
        epochs: stretches the recipe's whole timetable (milestones, warm-up, refinement). With ``resume``, more than a
            finished training had: it goes on, the added epochs with a timetable of their own; None: as many as it had.
        batch: images per step, over all devices.
        lr: the highest learning rate.
        resume: go on from ``run_dir/last.safetensors``, if something was saved there.
        fresh: replace the run that ``run_dir`` holds.
        limit: train on this many images only (besides those that are held out).
        val: the fraction of the training images that is held out and scored after every epoch; 0 holds none out.
        patience: stop after so many epochs in a row without a better NLL of the ensemble on the held-out images.
        keep: which checkpoints stay in ``run_dir`` beside the trained family: ``best``, ``last`` or both.
        final: which of them the trained family is; by default the best where ``patience`` is given, else the last.
        origin: what the family's weights were taken from (``TransferReport.record``), for the checkpoints to keep.
        freeze: members of which what they alone use is not trained (``swc_runtime.training.freezing``).
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
    fresh: bool = False
    limit: int | None = None
    val: float = 0.1
    patience: int | None = None
    keep: tuple[str, ...] | None = None
    final: str | None = None
    origin: Mapping[str, Any] | None = None
    freeze: tuple[str, ...] = ()

    @property
    def kept(self) -> tuple[str, ...]:
        """``keep``, or what it is by default: both where images are held out, else the last."""
        if self.keep is not None:
            return self.keep
        return (BEST, LAST) if self.val else (LAST,)

    @property
    def chosen(self) -> str:
        """``final``, or what it is by default."""
        if self.final is not None:
            return self.final
        return BEST if self.patience is not None and BEST in self.kept else LAST


def check_options(options: TrainOptions) -> None:
    """Check the numbers and what contradicts itself, which needs no device.

    Raises:
        TrainingError: a number that makes no sense, or a choice that another one rules out.
    """
    counts = {
        "epochs": (options.epochs, MOST_EPOCHS),
        "batch": (options.batch, None),
        "devices": (options.devices, None),
        "limit": (options.limit, None),
        "patience": (options.patience, None),
    }
    for name, (value, most) in counts.items():
        if value is not None and value < 1:
            raise TrainingError(f"--{name} must be at least 1, not {value}.")
        if value is not None and most is not None and value > most:
            raise TrainingError(f"--{name} must be at most {most:,}, not {_short(value)}.")
    if options.lr is not None and not (options.lr > 0 and math.isfinite(options.lr)):
        raise TrainingError(f"--lr must be above 0 and finite, not {options.lr:g}.")
    if not 0 <= options.seed <= LARGEST_SEED:
        raise TrainingError(f"--seed must be from 0 to {LARGEST_SEED} (64 bits), not {_short(options.seed)}.")
    if not 0 <= options.val < 1:
        raise TrainingError(f"--val must be from 0 (nothing is held out) to below 1, not {options.val:g}.")
    _check_keeping(options)


def _check_keeping(options: TrainOptions) -> None:
    odd = [word for word in (*options.kept, options.chosen) if word not in (BEST, LAST)]
    if odd or not options.kept or len(set(options.kept)) < len(options.kept):
        raise TrainingError(
            f"--keep must name `best`, `last` or both, and --final one of them; "
            f"they are {','.join(options.kept) or 'nothing'!r} and {options.chosen!r}."
        )
    if not options.val:
        asked = [
            name
            for name, given in (
                ("--patience", options.patience is not None),
                ("--keep best", BEST in options.kept),
                ("--final best", options.chosen == BEST),
            )
            if given
        ]
        if asked:
            raise TrainingError(
                f"{' and '.join(asked)} need{'s' if len(asked) == 1 else ''} held-out images to score: give --val, "
                "such as --val 0.1."
            )
    if options.chosen == BEST and BEST not in options.kept:
        raise TrainingError("--final best needs the best checkpoint to be kept: say --keep best,last.")


def _short(number: int) -> str:
    """A number in digits, or how many digits it has."""
    return str(number) if abs(number) < 10**24 else "a number of more than 24 digits"
