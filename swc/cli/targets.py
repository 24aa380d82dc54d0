"""Trained targets of commands: a run's folder, a spec or a generated file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from swc.authorship import edited_note
from swc.cli.failures import show, wants_color
from swc.pipeline.finding import find
from swc.pipeline.trained import Trained, load_trained

if TYPE_CHECKING:
    from swc.pipeline.settings import Run

TARGET = click.argument("target", type=click.Path(path_type=Path))
CHECKPOINT = click.option(
    "--checkpoint", type=click.Path(path_type=Path, dir_okay=False), help="[default: family.safetensors of the run]"
)


def trained(target: Path, run_folder: Path | None, checkpoint: Path | None, run: Run) -> tuple[Trained, Path]:
    """The trained family of a target, and its run's folder."""
    found = find(target, run_folder, checkpoint, run.data.name)
    show(edited_note(found.path))
    return load_trained(found.path, found.checkpoint, run), found.folder


def console() -> Console:
    """Where tables are printed: as wide as the terminal, without colours where they are not wanted."""
    color = wants_color(sys.stdout)
    return Console(no_color=not color, force_terminal=color, highlight=False, width=None if color else 110)
