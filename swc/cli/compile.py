"""``swc compile`` and ``swc check``."""

from __future__ import annotations

from pathlib import Path

import click

from swc.blanks import lines as lines_of
from swc.cli.failures import show
from swc.cli.options import lock_choice, lock_options
from swc.compiler import Compiled, LockChoice, compile_spec
from swc.diagnostics import Diagnostic, SpecError
from swc.output import Output, State, compare, is_unknown, write

_OTHERS_WORK = frozenset({State.EDITED, State.STALE_EDITED, State.OTHER})
_SPECS = click.argument("specs", nargs=-1, required=True, type=click.Path(path_type=Path))


def _compile_all(specs: tuple[Path, ...], lock: LockChoice) -> list[Compiled]:
    """Compile every spec, or report the errors of all that fail."""
    compiled: list[Compiled] = []
    failed: list[Diagnostic] = []
    for spec in dict.fromkeys(specs):
        try:
            compiled.append(compile_spec(spec, lock))
        except SpecError as error:
            failed.extend(error.diagnostics)
    if failed:
        raise SpecError(tuple(failed))
    return compiled


def _summary(one: Compiled) -> str:
    total, budget = one.plan.parameters.total, one.plan.budget
    return f"{total:,} of {budget:,} parameters ({total / budget:.1%})"


@click.command("compile", short_help="Compile specs to PyTorch modules.")
@_SPECS
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path("generated"))
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if any file is out of date.")
@click.option(
    "--force",
    is_flag=True,
    help="Overwrite files that swc did not write, that were edited by hand, or that other specs gave.",
)
@lock_options
def compile_(
    specs: tuple[Path, ...], folder: Path, lock: Path | None, *, only_check: bool, force: bool, no_lock: bool
) -> None:
    """Compile SPECS to PyTorch modules in the folder given by -o [default: generated]."""
    if lock is not None and len(specs) > 1:
        raise click.UsageError("--lock goes with one spec")
    if folder.suffix == ".py":
        way = f", such as {folder.parent}, and files in it are named after their families"
        raise click.BadParameter(f"{folder} is a file's name: give a folder{way}", param_hint="-o")
    compiled = _compile_all(specs, lock_choice(lock, no_lock=no_lock))
    for one in compiled:
        show(one.notes)
    if only_check:
        _report_drift(compare(compiled, folder))
        return
    by_path = {folder / one.file_name: one for one in compiled}
    unknown = {path for path, one in by_path.items() if is_unknown(one, path)}
    for output in write(compiled, folder, force=force):
        if output.path in by_path:
            verb = "kept" if output.state is State.CURRENT else "wrote"
            click.echo(f"{verb} {output.path}: {_summary(by_path[output.path])}")
        elif output.path.exists():
            click.echo(f"left {output.path} as it is ({output.state})", err=True)
        else:
            click.echo(f"removed {output.path} ({output.state})")
    for path in sorted(unknown):
        click.echo(f"{path} was of an earlier swc, so it could not be told whether it was edited by hand", err=True)


def _report_drift(outputs: list[Output]) -> None:
    for output in outputs:
        if output.state is State.DOUBTFUL:
            click.echo(f"{output.path}: {output.state}", err=True)
    drift = [output for output in outputs if output.state.is_drift]
    for output in drift:
        click.echo(f"{output.path}: {output.state}")
        lines = lines_of(output.difference)
        for line in lines[:20]:
            click.echo(f"    {line}")
        if len(lines) > 20:
            click.echo(f"    and {len(lines) - 20} more lines")
    if any(output.state in _OTHERS_WORK for output in drift):
        click.echo("`swc compile` replaces none of what was edited or comes from other specs without --force", err=True)
    if drift:
        click.echo("run `swc compile` with the same specs and folder, and commit what it writes", err=True)
        raise click.exceptions.Exit(1)
    count = sum(output.state is State.CURRENT for output in outputs)
    click.echo(f"{count} generated file{'s are' if count > 1 else ' is'} up to date")


@click.command(short_help="Check specs up to a plan that fits; write nothing.")
@_SPECS
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@lock_options
def check(specs: tuple[Path, ...], lock: Path | None, output_format: str, *, no_lock: bool) -> None:
    """Check SPECS up to a plan that fits the budget; write nothing."""
    choice = lock_choice(lock, no_lock=no_lock)
    try:
        compiled = _compile_all(specs, choice)
    except SpecError as error:
        if output_format == "text":
            raise
        show(error.diagnostics, "json")
        raise click.exceptions.Exit(1) from error
    found = tuple(note for one in compiled for note in one.notes)
    show(found, output_format)
    if output_format == "text":
        for one in compiled:
            members = len(one.family.members)
            click.echo(
                f"{one.program.sources[0].name}: family `{one.family.name}`, {members} "
                f"member{'s' if members > 1 else ''}, {_summary(one)}"
            )
