"""``swc runs``: what was trained, and how runs compare."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from swc.cli.targets import console
from swc.diagnostics import Diagnostic, SpecError
from swc.diagnostics.words import count
from swc.files import write_bytes_atomically
from swc.runs.compare import compare_runs
from swc.runs.curves import draw_curves
from swc.runs.model import Run, State
from swc.runs.reading import find_runs, is_run, read_run
from swc.runs.serial import to_json
from swc.runs.tables import comparison_table, runs_table, shown

_DEFAULT = Path("runs")
_WIDE = 240


def _picture(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix.lower() != ".png":
        raise click.BadParameter(f"{path} does not end with .png: curves are drawn as PNG")
    return path


@click.command(short_help="List and compare runs.")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--compare", is_flag=True, help="Compare all runs that are found; two runs or more, named, always are.")
@click.option("-o", "picture", type=click.Path(path_type=Path, dir_okay=False), callback=_picture,
              help="Draw the curves of the runs into this PNG file.")  # fmt: skip
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def runs(folders: tuple[Path, ...], picture: Path | None, output_format: str, *, compare: bool) -> None:
    """List the runs in FOLDERS (by default, in runs), or compare them.

    A run is a folder that `swc train` wrote; only what lies in it is read, and nothing is changed. Two runs or more
    that are named by their own folders are compared: the settings in which they differ, and their scores side by side.
    """
    found = list(_found(folders))
    readable = [run for run in found if run.state is not State.UNREADABLE]
    beside = compare or (len(folders) > 1 and all(map(is_run, folders)))
    if beside and len(readable) < 2:
        raise _refused(f"there is nothing to compare: {count(len(readable), 'run')} can be read")
    comparison = compare_runs(readable) if beside else None
    if picture is not None:
        if not readable:
            raise _refused("there are no curves to draw: no run can be read")
        write_bytes_atomically(picture, draw_curves(readable))
    if output_format == "json":
        click.echo(to_json(found, comparison))
        return
    if comparison is not None:
        _out().print(comparison_table(readable, comparison))
        if comparison.same:
            _out().print(escape(f"the same in all: {', '.join(comparison.same)}"))
    elif found:
        _out().print(runs_table(found))
    else:
        click.echo(f"no runs in {_DEFAULT}: `swc train` writes them there")
    for run in found:
        if run.trouble:
            how = "cannot be read" if run.state is State.UNREADABLE else "can be read in part"
            click.echo(f"{shown(run.folder)} {how}: {run.trouble}", err=True)
    if picture is not None:
        click.echo(f"wrote {picture}")


def _out() -> Console:
    """Where tables are printed; a pipe has room for whole paths."""
    out = console()
    if not sys.stdout.isatty():
        out.width = _WIDE
    return out


def _found(folders: tuple[Path, ...]) -> Iterator[Run]:
    """The runs in folders, each once."""
    seen: set[Path] = set()
    for folder in folders or (_DEFAULT,):
        places = list(find_runs(folder))
        if folders and not places:
            raise _refused(f"there is no run in {shown(folder)}")
        for place in places:
            if place.resolve() not in seen:
                seen.add(place.resolve())
                yield read_run(place)


def _refused(message: str) -> SpecError:
    return SpecError(
        (Diagnostic("SW0831", message, help="name the folders of runs, or folders that runs lie in; `swc runs` lists"),)
    )
