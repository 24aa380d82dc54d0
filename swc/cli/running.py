"""Options of the commands that run networks, and what they make of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from swc.cli.datasets import data_help
from swc.cli.options import FiniteRange
from swc.pipeline.ready import leads
from swc.pipeline.settings import DATA_FOLDER, DataChoice, Run

Decorated = Callable[..., Any]

_POSITIVE = click.IntRange(min=1)

_DATA = (
    click.option(
        "--data",
        required=True,
        metavar="NAME",
        help=data_help(),
    ),
    click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        default=DATA_FOLDER,
        show_default=True,
        envvar="SWC_DATA_DIR",
        help="Folder that data sets lie in (also: the variable SWC_DATA_DIR).",
    ),
    click.option("--download", is_flag=True, help="Download the data set if it is missing."),
    click.option(
        "--workers",
        type=click.IntRange(min=0),
        default=2,
        show_default=True,
        help="Processes that read images (of folders, shards and Python data sets).",
    ),
    click.option(
        "--alpha",
        type=click.Choice(["white", "black", "refuse"]),
        default="white",
        show_default=True,
        help="What transparent pixels lie on where the family takes no alpha channel; or refuse them.",
    ),
    click.option("--skip-unreadable", is_flag=True, help="Leave out images that cannot be read, and say which."),
    click.option(
        "--allow-missing-classes", is_flag=True, help="Take classes that have no images in the training or test half."
    ),
)
_DEVICE = (
    click.option(
        "--accelerator",
        type=click.Choice(["auto", "cpu", "cuda", "mps"]),
        default="auto",
        show_default=True,
        help="Where to run.",
    ),
)
_TRAINING = (
    click.option("--devices", type=_POSITIVE, default=1, show_default=True, help="How many accelerators."),
    click.option(
        "--precision",
        type=click.Choice(["32-true", "bf16-mixed"]),
        default="32-true",
        show_default=True,
        help="Arithmetic of the training step.",
    ),
    click.option("--channels-last", is_flag=True, help="Keep images with channels last, as tensor cores like them."),
    click.option("--compile", "compile_", is_flag=True, help="Run through torch.compile."),
    click.option(
        "--seed",
        type=click.IntRange(0, 2**64 - 1),
        default=0,
        show_default=True,
        help="Of weights, order and augmentation.",
    ),
    click.option("--batch", type=_POSITIVE, help="Images per step, over all devices. [default: the recipe's]"),
    click.option("--limit", type=_POSITIVE, help="Train on this many images only."),
    click.option(
        "--val",
        type=FiniteRange(0, 1, max_open=True),
        default=0.1,
        show_default=True,
        help="Fraction of the training images to hold out and score after every epoch; 0 holds none out.",
    ),
)
_FOLDER = (
    click.option(
        "--run",
        "run_folder",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder for checkpoints and results. [default: runs/<family>]",
    ),
    click.option("--quiet", is_flag=True, help="Show results only."),
)


def run_options(command: Decorated) -> Decorated:
    """Options for data, device and folders."""
    for option in reversed((*_DATA, *_DEVICE, *_FOLDER)):
        command = option(command)
    return command


def verifying_options(command: Decorated) -> Decorated:
    """Options for data that need not be given."""
    name = click.option(
        "--data", metavar="NAME", help=f"{data_help()} [default: what the family was trained on, where it is at hand]"
    )
    for option in reversed((name, *_DATA[1:])):
        command = option(command)
    return command


def training_options(command: Decorated) -> Decorated:
    """Options for data, device, training and folders."""
    for option in reversed((*_DATA, *_DEVICE, *_TRAINING, *_FOLDER)):
        command = option(command)
    return command


def make_run(options: dict[str, Any], run_folder: Path | None, **more: Any) -> Run:
    """The run that the options describe; ``more`` are further ``TrainOptions``."""
    from swc_runtime.progress import reporter  # noqa: PLC0415 - torch is loaded for running only
    from swc_runtime.training import TrainOptions  # noqa: PLC0415

    for name in ("devices", "precision", "channels_last", "seed", "batch", "limit", "val"):
        if name in options:
            more[name] = options[name]
    made = TrainOptions(
        run_dir=run_folder, accelerator=options["accelerator"], compile=options.get("compile_", False), **more
    )
    shown = reporter(quiet=options["quiet"] or not leads())
    data = DataChoice(
        name=options["data"],
        folder=options["data_dir"],
        download=options["download"],
        workers=options["workers"],
        alpha=options["alpha"],
        skip_unreadable=options["skip_unreadable"],
        allow_missing_classes=options["allow_missing_classes"],
        reporter=shown,
    )
    return Run(data, made, shown)
