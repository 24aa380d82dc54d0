"""Options of ``swc train`` that say what a training starts from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from swc.pipeline.start import StartChoice

Decorated = Callable[..., Any]


def start_options(command: Decorated) -> Decorated:
    """``--from``, ``--from-file`` and ``--freeze``."""
    command = click.option(
        "--freeze",
        metavar="MEMBERS",
        callback=_names,
        help="Members, such as slim,mid, of which what they alone use is not trained.",
    )(command)
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


def _names(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if text else ()


def start_choice(options: dict[str, Any], *, resume: bool) -> StartChoice | None:
    """Take what a training starts from out of the options."""
    source, generated = options.pop("from_"), options.pop("from_file")
    if source is None and generated is not None:
        raise click.UsageError("--from-file goes with --from")
    if options["freeze"] and source is None and not resume:
        raise click.UsageError("--freeze goes with --from: members that start afresh would stay untrained")
    return None if source is None else StartChoice(source, generated)
