"""``swc search``, ``swc train`` and ``swc eval``."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from swc.cli.failures import complain, show
from swc.cli.options import FiniteRange, lock_name
from swc.cli.running import make_run, run_options, training_options
from swc.cli.starting import start_choice, start_options
from swc.cli.stopping import exit_code, word
from swc.cli.targets import CHECKPOINT, TARGET, console, trained
from swc.diagnostics.words import all_of, count
from swc.lock import lock_path, lowered, other_settings
from swc.lock.agreement import lock_to_replace
from swc.pipeline import measure as measuring
from swc.pipeline import search as searching
from swc.pipeline import train as training
from swc.pipeline.ready import leads
from swc.pipeline.similarities import similarities_path
from swc.pipeline.trained import evaluate as score
from swc.pipeline.trained import load_trained

if TYPE_CHECKING:
    from swc.pipeline.settings import Run
    from swc_runtime.evaluation import Evaluation

_POSITIVE = click.IntRange(min=1)
_MEASURING = {"epochs", "seed", "limit", "batch", "val"}
"""Parameters of a search on which its similarities depend."""
_FORMAT = click.option(
    "--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True
)
_LOCK = click.option(
    "--lock",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=lock_name,
    help="The lock file to write, or to use. [default: beside the spec]",
)


@click.command(short_help="Find what should share; write the lock file.")
@click.argument("spec", type=click.Path(path_type=Path))
@training_options
@_LOCK
@click.option("--epochs", type=_POSITIVE, help="Epochs to train before comparing. [default: the spec's]")
@click.option(
    "--threshold",
    type=FiniteRange(-1, 1),
    help="Group again at this τ, from the similarities that the last search kept; trains nothing.",
)
def search(
    spec: Path,
    run_folder: Path | None,
    lock: Path | None,
    epochs: int | None,
    threshold: float | None,
    **options: Any,
) -> None:
    """Find which layers of SPEC should share, and write its lock file."""
    if threshold is not None:
        _note_options(click.get_current_context())
    compiled = searching.compile_for_search(spec)
    lock_file = lock or lock_path(spec)
    if threshold is not None:
        kept = similarities_path(lock_file)
        before = lock_to_replace(lock_file, spec, kept, compiled.family) if kept.exists() else None
        found, result = searching.regroup_from(kept, compiled, threshold, before)
    else:
        folder = (run_folder or Path("runs") / compiled.family.name) / "search"
        run = make_run(options, None)
        try:
            found, result = searching.run_search(compiled, run, folder, epochs)
        except KeyboardInterrupt as stop:
            complain(f"{word(stop)} before the search was done: nothing of it is kept; start it again")
            raise click.exceptions.Exit(exit_code(stop)) from None
    if not leads():
        return
    searching.save(lock_file, found, result)
    size = f"{count(len(found.layers), 'layer')} in {count(len(found.clusters), 'cluster')}"
    click.echo(f"{size} at τ = {found.threshold_used:g}{lowered(found)}")
    click.echo(f"wrote {lock_file}; commit it beside the spec, and compile again: swc compile {spec}")
    show(other_settings(found, compiled.family, spec, lock_file))


def _note_options(context: click.Context) -> None:
    """Say which options would change the similarities, and play no part where these are only grouped again."""
    given = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name in _MEASURING
        and context.get_parameter_source(parameter.name) is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        verb = "plays" if len(given) == 1 else "play"
        click.echo(f"--threshold groups again and trains nothing: {all_of(given)} {verb} no part", err=True)


def _kept(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    """``best,last`` as names."""
    return None if text is None else tuple(name.strip() for name in text.split(","))


@click.command(short_help="Train a generated file, or a spec from start to end.")
@TARGET
@training_options
@_LOCK
@click.option(
    "--epochs",
    type=_POSITIVE,
    help="Stretch the recipe's timetable to this many epochs; of a finished run, with --resume, add epochs up to this.",
)
@click.option("--lr", type=FiniteRange(min=0, min_open=True), help="Highest learning rate. [default: the recipe's]")
@click.option("--search-epochs", type=_POSITIVE, help="Epochs of the search. [default: the spec's]")
@click.option(
    "--keep",
    metavar="LIST",
    callback=_kept,
    help="Checkpoints that stay beside the trained family: best, last or best,last. [default: best,last]",
)
@click.option(
    "--final",
    type=click.Choice(["best", "last"]),
    help="Which epoch the trained family is of. [default: best with --patience, else last]",
)
@click.option(
    "--patience", type=_POSITIVE, metavar="N", help="Stop after N epochs in a row without a better held-out NLL."
)
@click.option(
    "--fresh",
    is_flag=True,
    help="Replace the run in the folder, and search anew although there is a lock file.",
)
@click.option("--no-search", is_flag=True, help="Share by kernel size, without a search or its lock file.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint of the run.")
@start_options
def train(  # noqa: PLR0913 - one argument per option
    target: Path,
    run_folder: Path | None,
    lock: Path | None,
    epochs: int | None,
    lr: float | None,
    search_epochs: int | None,
    *,
    fresh: bool,
    no_search: bool,
    resume: bool,
    **options: Any,
) -> None:
    """Train TARGET: a generated file, or a spec, which is compiled and searched first where it has no lock file."""
    if fresh and resume:
        raise click.UsageError("--fresh contradicts --resume: give one of them")
    if lock is not None and (no_search or not training.is_spec(target)):
        raise click.UsageError("--lock goes with a spec that is searched")
    start = start_choice(options, resume=resume)
    keeping = {name: options.pop(name) for name in ("keep", "final", "patience", "freeze")}
    run = make_run(options, run_folder, epochs=epochs, lr=lr, resume=resume, fresh=fresh, **keeping)
    choice = training.SearchChoice(lock, anew=fresh, skipped=no_search, epochs=search_epochs)
    way_on = "before the training began: nothing of it is kept; start it again"
    try:
        with training.prepared(target, run_folder, run, choice, start) as prepared:
            if leads():
                show(prepared.warnings)
            way_on = ""
            _, evaluation = training.fit(prepared, run, start)
            kept = prepared.folder / training.CHECKPOINT
            way_on = f"while measuring: the training is finished, and its family is {kept}"
            if leads():
                with _noted(f"The training is finished, and its family is {kept}: only measuring it failed."):
                    _report(prepared, evaluation, run)
    except KeyboardInterrupt as stop:
        complain(f"{word(stop)} {way_on or _resuming(prepared.folder)}")
        raise click.exceptions.Exit(exit_code(stop)) from None


@contextmanager
def _noted(note: str) -> Iterator[None]:
    """Add a note to whatever goes wrong."""
    try:
        yield
    except Exception as problem:
        problem.add_note(note)
        raise


def _resuming(folder: Path) -> str:
    """How to go on with a training that was stopped, where there is something to go on from."""
    if not (folder / training.LAST).is_file():
        return "before the first epoch was done: there is nothing to resume"
    arguments = [a for a in sys.argv[1:] if a not in {"--fresh", "--resume"}]
    return f"after an epoch was kept; go on with: swc {shlex.join([*arguments, '--resume'])}"


def _report(prepared: training.Prepared, evaluation: Evaluation, run: Run) -> None:
    """Print the scores, measure the family, and say where things are and what may come next."""
    checkpoint = prepared.folder / training.CHECKPOINT
    _print(evaluation)
    click.echo(f"\ncheckpoint     {checkpoint}")
    found = load_trained(prepared.path, checkpoint, run)
    measured = measuring.measure(found.family, measuring.score(found, run), run, prepared.folder, measuring.quick())
    click.echo(f"anytime curve  {measured.curve}")
    _suggest(prepared.path, prepared.folder, run.data.arguments())


def _suggest(path: Path, folder: Path, data: list[str]) -> None:
    """What a person may want to run after a training."""
    run = [] if training.locate(path, None)[1] == folder else ["--run", str(folder)]
    rows = (
        (["swc", "eval", str(path), *data, *run], "score it again"),
        (["swc", "anytime", str(path), *data, *run, "--batches", "1,8"], "measure deadlines on this machine"),
        (["tensorboard", "--logdir", str(folder)], "look at the curves"),
    )
    commands = [(shlex.join(words), why) for words, why in rows]
    width = max(len(command) for command, _ in commands)
    click.echo("\nnext:")
    for command, why in commands:
        click.echo(f"  {command:<{width}}   # {why}")


@click.command("eval", short_help="Score members, ensemble and every subset.")
@TARGET
@run_options
@CHECKPOINT
@click.option(
    "--split",
    type=click.Choice(["test", "val"]),
    default="test",
    show_default=True,
    help="Which images: the test images, or those that the training held out.",
)
@_FORMAT
def evaluate(
    target: Path, run_folder: Path | None, checkpoint: Path | None, split: str, output_format: str, **options: Any
) -> None:
    """Score a trained TARGET: top-1, NLL and ECE of members, ensemble and every subset."""
    run = make_run(options, run_folder)
    found, _ = trained(target, run_folder, checkpoint, run)
    evaluation = score(found, run, split)
    if output_format == "json":
        click.echo(json.dumps(evaluation.to_json(), indent=2))
    else:
        _print(evaluation)


def _print(evaluation: Evaluation) -> None:
    from swc_runtime.evaluation_table import evaluation_table  # noqa: PLC0415 - torch is loaded for running only

    console().print(evaluation_table(evaluation))
