"""Trained targets of commands: a spec or a generated file, and the checkpoint of its run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from swc.authorship import edited_note
from swc.cli.failures import show, wants_color
from swc.diagnostics import Diagnostic, SpecError
from swc.pipeline import train as training
from swc.pipeline.trained import Trained, load_trained

if TYPE_CHECKING:
    from swc.pipeline.settings import Run

TARGET = click.argument("target", type=click.Path(path_type=Path))
CHECKPOINT = click.option(
    "--checkpoint", type=click.Path(path_type=Path, dir_okay=False), help="[default: family.safetensors of the run]"
)


def trained(target: Path, run_folder: Path | None, checkpoint: Path | None, run: Run) -> tuple[Trained, Path]:
    """The trained family of a target, and its run's folder."""
    path, folder = training.locate(target, run_folder)
    found = checkpoint or folder / training.CHECKPOINT
    if not found.is_file():
        raise SpecError(
            (
                Diagnostic(
                    "SW0804",
                    f"there is no checkpoint {found}",
                    help=f"train first: swc train {target} --data {run.data.name}",
                ),
            )
        )
    if training.is_spec(target):
        training.check_version(target, path)
    show(edited_note(path))
    return load_trained(path, found, run), folder


def console() -> Console:
    """Where tables are printed: as wide as the terminal, without colours where they are not wanted."""
    color = wants_color(sys.stdout)
    return Console(no_color=not color, force_terminal=color, highlight=False, width=None if color else 110)
