"""``swc anytime``: what each subset of members achieves and takes on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from swc.cli.frontier import frontier_table
from swc.cli.options import FiniteRange
from swc.cli.running import make_run, run_options
from swc.cli.targets import CHECKPOINT, TARGET, console, trained
from swc.pipeline import measure as measuring

_POSITIVE = click.IntRange(min=1)
_LARGEST_BATCH = 1_000_000


@click.command(short_help="Measure the anytime frontier on this machine.")
@TARGET
@run_options
@CHECKPOINT
@click.option("--batches", default="1", show_default=True, help="Batch sizes to measure, such as 1,8,64.")
@click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    help="Threads of torch within an operation, as you will serve. [default: torch's choice]",
)
@click.option(
    "--callers",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Threads that will call predict at the same time.",
)
@click.option(
    "--repeats",
    type=_POSITIVE,
    default=100,
    show_default=True,
    help="Calls timed per subset and batch size; p99 of fewer than 100 is the slowest.",
)
@click.option(
    "--seconds",
    type=FiniteRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="Time per subset and batch size, after which fewer repeats will do.",
)
@click.option(
    "--subsets",
    type=_POSITIVE,
    default=64,
    show_default=True,
    help="Subsets timed at most; of more, those that could be on the frontier.",
)
def anytime(
    target: Path,
    run_folder: Path | None,
    checkpoint: Path | None,
    batches: str,
    threads: int | None,
    **options: Any,
) -> None:
    """Measure the anytime frontier of a trained TARGET on this machine, and draw it."""
    sizes = _sizes(batches)
    effort = {name: options.pop(name) for name in ("callers", "repeats", "seconds", "subsets")}
    run = make_run(options, run_folder)
    found, folder = trained(target, run_folder, checkpoint, run)
    measured = measuring.measure(
        found.family, measuring.score(found, run), run, folder, measuring.effort(sizes, threads, **effort)
    )
    for size in sizes:
        console().print(frontier_table(measured.frontier, size))
    click.echo(f"\nwrote {folder / measuring.FRONTIER} and {measured.curve}")


def _sizes(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 0 < len(part) < 8 for part in parts):
        raise click.BadParameter(f"{text!r} is no list of batch sizes such as 1,8,64", param_hint="--batches")
    sizes = tuple(dict.fromkeys(map(int, parts)))
    if not all(1 <= size <= _LARGEST_BATCH for size in sizes):
        raise click.BadParameter(f"batch sizes are from 1 to {_LARGEST_BATCH:,}, not {text}", param_hint="--batches")
    return sizes
