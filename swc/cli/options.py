"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

import click

from swc.compiler import LockChoice

Decorated = Callable[..., Any]


class FiniteRange(click.FloatRange):
    """A range of floats; click's own lets nan pass, because no comparison with it holds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Refuse what is no finite number."""
        try:
            float(value)
        except ValueError:
            self.fail(f"{value!r} is no number.", param, ctx)
        number = float(super().convert(value, param, ctx))
        if not isfinite(number):
            self.fail(f"{value} is no finite number.", param, ctx)
        return number


def lock_options(command: Decorated) -> Decorated:
    """``--lock`` and ``--no-lock``."""
    command = click.option(
        "--lock",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Lock file with the clusters to use. [default: the one beside the spec, if there is one]",
    )(command)
    return click.option("--no-lock", is_flag=True, help="Share by kernel size, whatever a search found.")(command)


def lock_choice(lock: Path | None, *, no_lock: bool) -> LockChoice:
    """What the two options say together."""
    if lock is not None and no_lock:
        raise click.UsageError("--lock and --no-lock contradict each other: give one of them")
    return LockChoice(lock, ignored=no_lock)


def lock_name(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
    """A lock file that may be written: its name must say so, so that no spec is overwritten by a slip."""
    if path is not None and path.suffix != ".lock":
        raise click.BadParameter(f"{path} does not end with .lock, as lock files do")
    return path
