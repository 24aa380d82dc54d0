"""``swc lock``: lock files shown, checked against their specs, and made anew at another threshold."""

from __future__ import annotations

import sys
from math import prod
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from swc.cli.failures import show as show_diagnostics
from swc.cli.failures import wants_color
from swc.cli.options import FiniteRange, lock_name
from swc.diagnostics import Diagnostic, SpecError
from swc.diagnostics.words import count
from swc.diff.patterns import patterns, told_moves
from swc.lock import Lock, lock_path, lowered, other_settings
from swc.lock.agreement import existing_lock, lock_to_replace, verify_spec
from swc.lock.moves import moves
from swc.lock.serial import to_json
from swc.pipeline import search as searching
from swc.pipeline.similarities import similarities_path

_LOCK = click.option(
    "--lock",
    "lock_file",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=lock_name,
    help="The lock file. [default: the one beside the spec]",
)


def _spec(_context: click.Context, _parameter: click.Parameter, path: Path) -> Path:
    """The spec, which is easily confused with its lock file here."""
    if path.suffix == ".lock":
        raise click.BadParameter(f"{path} is a lock file: name its spec, {path.with_suffix('.sw')}")
    return path


_SPEC = click.argument("spec", type=click.Path(path_type=Path), callback=_spec)


@click.group(short_help="Show, check and regroup what a search found.")
def lock() -> None:
    """Work with lock files: the clusters that a search found, kept beside the spec."""


@lock.command(short_help="Show the clusters of a lock file.")
@click.argument("target", metavar="LOCK|SPEC", type=click.Path(path_type=Path))
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show(target: Path, output_format: str) -> None:
    """Show the clusters of a lock file, or of the one beside a spec."""
    is_spec = target.suffix == ".sw"
    if is_spec and not target.exists() and not lock_path(target).exists():
        raise SpecError((Diagnostic("SW0001", f"there is no file {target}", help="check the path"),))
    found = existing_lock(lock_path(target), target) if is_spec else existing_lock(target)
    if output_format == "json":
        click.echo(to_json(found))
        return
    click.echo(_head(found) + "\n")
    color = wants_color(sys.stdout)
    console = Console(no_color=not color, force_terminal=color, highlight=False, width=None if color else 110)
    console.print(_table(found))


def _head(found: Lock) -> str:
    return "\n".join(
        (
            f"{found.family}: {count(len(found.layers), 'layer')} in {count(len(found.clusters), 'cluster')}",
            f"τ          {found.threshold_used:g}{lowered(found)}",
            f"search     {count(found.epochs, 'epoch')} on {found.data}, seed {found.seed}",
            f"structure  {found.structure}",
        )
    )


def _table(found: Lock) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("cluster", header_style="dim", no_wrap=True)
    table.add_column("layers", header_style="dim", justify="right")
    table.add_column("weights alone", header_style="dim", justify="right")
    table.add_column("which", header_style="dim", overflow="fold")
    for name, layers in found.clusters.items():
        which = ", ".join(map(str, patterns(layers, found.layers)))
        table.add_row(Text(name), str(len(layers)), f"{sum(map(prod, layers.values())):,}", Text(which))
    return table


@lock.command(short_help="Check that a spec and its lock file agree.")
@_SPEC
@_LOCK
def verify(spec: Path, lock_file: Path | None) -> None:
    """Check that SPEC and its lock file agree, layer by layer and on the search, and that the clusters can be planned.

    Exit code: 0 if they agree, 1 if not.
    """
    path = lock_file or lock_path(spec)
    found = verify_spec(spec, path, similarities_path(path))
    total, budget = found.plan.parameters.total, found.plan.budget
    show_diagnostics(found.differences)
    agrees = "has the layers of" if found.differences else "agrees with"
    click.echo(
        f"{path} {agrees} {spec}: {count(len(found.lock.layers), 'layer')} in "
        f"{count(len(found.lock.clusters), 'cluster')}, {total:,} of {budget:,} parameters"
    )
    if found.former:
        click.echo(f"it has names from before the spec's `moved`; to write those of now: swc lock move {spec}")
    if found.moved:
        click.echo("moved by hand since the search, which the plan accepts:")
        for line in told_moves(found.moved, found.lock.layers):
            click.echo(f"  {line}")
    if found.differences:
        raise click.exceptions.Exit(1)


@lock.command("apply", short_help="Group the layers again at another τ, without training.")
@_SPEC
@click.option("--threshold", type=FiniteRange(-1, 1), required=True, help="The new τ.")
@click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
@_LOCK
def apply_(spec: Path, threshold: float, lock_file: Path | None, *, dry_run: bool) -> None:
    """Group the layers of SPEC again at another τ, from the similarities that its search kept, and write the lock file.

    Nothing is trained. Moves that were made by hand are undone: the groups are those of the similarities alone.
    """
    path = lock_file or lock_path(spec)
    compiled = searching.compile_for_search(spec)
    before = lock_to_replace(path, spec, similarities_path(path), compiled.family)
    after, result = searching.regroup_from(similarities_path(path), compiled, threshold, before)
    _tell(before, after)
    if dry_run:
        click.echo("dry run: nothing was written")
        return
    searching.save(path, after, result)
    click.echo(f"wrote {path}; commit it beside the spec, and compile again: swc compile {spec}")
    show_diagnostics(other_settings(after, compiled.family, spec, path))


@lock.command("move", short_help="Write the names that layers have now into the lock file.")
@_SPEC
@_LOCK
def move(spec: Path, lock_file: Path | None) -> None:
    """Write the names that layers and clusters of SPEC have now, by its `moved` lines, into the lock file.

    The clusters stay what they are, and so do the names that the search gave them: checkpoints still load. What the
    search measured gets the names of now as well.
    """
    path = lock_file or lock_path(spec)
    told = searching.rename(spec, path)
    click.echo(f"wrote {path}: {told}; commit it beside the spec" if told else f"{path} has the names of now")


def _tell(before: Lock | None, after: Lock) -> None:
    """Say what grouping again came to."""
    size = f"{count(len(after.layers), 'layer')} in {count(len(after.clusters), 'cluster')}"
    was = f"; {count(len(before.clusters), 'cluster')} at τ = {before.threshold_used:g} before" if before else ""
    click.echo(f"{size} at τ = {after.threshold_used:g}{lowered(after)}{was}")
    changed = moves(before.cluster_layers() if before else {}, after.cluster_layers())
    if before and not changed:
        click.echo("no layer changes its cluster")
    if before:
        for line in told_moves(changed, after.layers):
            click.echo(f"  {line}")
