"""Lightning Fabric: devices, precision and processes."""

from __future__ import annotations

import logging

import torch
from lightning_fabric import Fabric

from swc_runtime.problems import TrainingError
from swc_runtime.training.options import TrainOptions

PRECISIONS = ("32-true", "bf16-mixed")


def open_fabric(options: TrainOptions) -> Fabric:
    """A launched Fabric: with several devices, this starts the other processes.

    Raises:
        TrainingError: the accelerator, the number of devices or the precision cannot be had here.
    """
    if options.precision not in PRECISIONS:
        raise TrainingError(f"There is no precision {options.precision!r}: the choice is {' or '.join(PRECISIONS)}.")
    if options.accelerator == "cuda" and not torch.cuda.is_available():
        raise TrainingError("There is no CUDA device here: leave out the accelerator, or choose `cpu`.")
    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)  # its news about precision breaks progress bars
    try:
        fabric = Fabric(accelerator=options.accelerator, devices=options.devices, precision=options.precision)  # type: ignore[arg-type]  # checked above
        fabric.launch()
    except (RuntimeError, ValueError) as problem:
        raise TrainingError(
            f"Training on {options.devices} device(s) of kind {options.accelerator!r} is not possible here: {problem}"
        ) from problem
    return fabric
