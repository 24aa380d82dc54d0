"""Options of ``swc train`` that say what a training starts from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from swc.pipeline.start import StartChoice

Decorated = Callable[..., Any]


def start_options(command: Decorated) -> Decorated:
    """``--from`` and ``--from-file``."""
    command = click.option(
        "--from-file",
        "from_file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Generated file that the weights of --from belong to. [default: beside them]",
    )(command)
    return click.option(
        "--from",
        "from_",
        type=click.Path(path_type=Path),
        metavar="RUN",
        help="Start from the weights of another run, in its folder, or of a checkpoint; the family may differ.",
    )(command)


def start_choice(options: dict[str, Any]) -> StartChoice | None:
    """Take what a training starts from out of the options."""
    source, generated = options.pop("from_"), options.pop("from_file")
    if source is None and generated is not None:
        raise click.UsageError("--from-file goes with --from")
    return None if source is None else StartChoice(source, generated)
