"""``swc anytime``: what each subset of members achieves and takes on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from swc.cli.frontier import frontier_table
from swc.cli.running import make_run, run_options
from swc.cli.targets import CHECKPOINT, TARGET, console, trained
from swc.pipeline import measure as measuring
from swc.pipeline import train as training

_POSITIVE = click.IntRange(min=1)


@click.command(short_help="Measure the anytime frontier on this machine.")
@TARGET
@run_options
@CHECKPOINT
@click.option("--batches", default="1", show_default=True, help="Batch sizes to measure, such as 1,8,64.")
@click.option("--repeats", type=_POSITIVE, default=30, show_default=True, help="Timings per member; the median counts.")
def anytime(
    target: Path, run_folder: Path | None, checkpoint: Path | None, batches: str, repeats: int, **options: Any
) -> None:
    """Measure the anytime frontier of a trained TARGET on this machine, and draw it."""
    sizes = _sizes(batches)
    run = make_run(options, run_folder)
    family, folder = trained(target, run_folder, checkpoint, run)
    measured = measuring.measure(family, training.evaluate(family, run), run, folder, sizes, repeats)
    for size in sizes:
        console().print(frontier_table(measured.frontier, size))
    click.echo(f"\nwrote {folder / measuring.FRONTIER} and {measured.curve}")


def _sizes(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.strip().isdigit() and int(part) > 0 for part in parts):
        raise click.BadParameter(f"{text!r} is no list of batch sizes such as 1,8,64", param_hint="--batches")
    return tuple(dict.fromkeys(int(part) for part in parts))
