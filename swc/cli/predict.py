"""``swc predict``: what a trained family finds in image files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape
from rich.table import Table

from swc.authorship import edited_note
from swc.cli.failures import complain, show
from swc.cli.members import MEMBERS
from swc.cli.options import FiniteRange
from swc.cli.targets import CHECKPOINT, TARGET, console
from swc.pipeline import predict as predicting
from swc.pipeline.finding import find
from swc.pipeline.trained import loaded

if TYPE_CHECKING:
    from swc_runtime.serving.classifying import Answer

_MILLISECONDS = FiniteRange(min=0, min_open=True)


@click.command(short_help="Print classes and probabilities for image files.")
@TARGET
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@MEMBERS
@click.option("--budget-ms", type=_MILLISECONDS, help="Ask the best subset that was measured (swc anytime) to keep it.")
@click.option("--deadline-ms", type=_MILLISECONDS, help="Answer with what is done by then.")
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="Classes to print.")
@click.option("--format", "output_format", type=click.Choice(["table", "jsonl"]), default="table", show_default=True)
@click.option(
    "--batch", type=click.IntRange(min=1), help="Images at a time. [default: 32; 1 with a budget or a deadline]"
)
@click.option(
    "--alpha",
    type=click.Choice(["white", "black", "refuse"]),
    help="What transparent pixels lie on, or refuse them. [default: as in training]",
)
@click.option(
    "--accelerator",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where to run.",
)
@click.option(
    "--run",
    "run_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the run. [default: runs/<family>]",
)
@CHECKPOINT
def predict(
    target: Path,
    images: tuple[Path, ...],
    output_format: str,
    batch: int | None,
    accelerator: str,
    run_folder: Path | None,
    checkpoint: Path | None,
    **question: Any,
) -> None:
    """Print what a trained TARGET (a run's folder, a generated file or a spec) finds in each IMAGE.

    An IMAGE is a file, a folder (all image files in it) or - (names of files from standard input, one to a line).
    Images are read as data sets read them. Exit code 1 says that some could not be read; the others are answered.
    """
    timed = {name for name in ("budget_ms", "deadline_ms") if question[name] is not None}
    if len(timed) == 2 or ("budget_ms" in timed and question["members"] is not None):
        raise click.UsageError("--members, --budget-ms and --deadline-ms: a budget goes with none of the others")
    found = find(target, run_folder, checkpoint)
    show(edited_note(found.path))
    trained = loaded(found.path, found.checkpoint)
    frontier = found.folder / predicting.FRONTIER
    needed = "budget_ms" in timed or ("deadline_ms" in timed and frontier.is_file())
    run = predicting.prepare(trained, accelerator, frontier if needed else None)
    if run.warning:
        click.echo(f"warning: {run.warning}", err=True)
    size = batch or (1 if timed else 32)
    answers = predicting.predict(run, _named(images), batch=size, **question)
    unreadable = _lines(answers) if output_format == "jsonl" else _table(answers)
    if unreadable:
        raise click.exceptions.Exit(1)


def _named(images: tuple[Path, ...]) -> Iterator[Path]:
    for path in images:
        if str(path) == "-":
            yield from (Path(line.rstrip("\n")) for line in sys.stdin if line.strip())
        else:
            yield path


def _lines(answers: Iterator[Answer]) -> int:
    """Print one JSON object to a line; returns how many images could not be read."""
    unreadable = 0
    for answer in answers:
        content: dict[str, Any] = {"image": str(answer.image)}
        if answer.problem:
            unreadable += 1
            complain(answer.problem)
            content["error"] = answer.problem
        else:
            content["members"] = list(answer.members)
            content["classes"] = [asdict(guess) for guess in answer.guesses]
        click.echo(json.dumps(content, ensure_ascii=False))
    return unreadable


def _table(answers: Iterator[Answer]) -> int:
    """Print a table; returns how many images could not be read."""
    table = Table()
    table.add_column("image", overflow="fold")
    table.add_column("class")
    table.add_column("%", justify="right")
    table.add_column("next", overflow="fold")
    problems = []
    members: dict[str, None] = {}
    for answer in answers:
        if answer.problem:
            problems.append(answer.problem)
            continue
        members[" + ".join(answer.members) or "no member in time"] = None
        first, *others = answer.guesses
        rest = ", ".join(f"{guess.name} {100 * guess.probability:.2f}" for guess in others)
        table.add_row(escape(str(answer.image)), escape(first.name), f"{100 * first.probability:.2f}", escape(rest))
    if table.rows:
        table.caption = f"answered by {'; '.join(members)}"
        table.caption_justify = "left"
        console().print(table)
    for problem in problems:
        complain(problem)
    return len(problems)
