"""``swc diff``: what changed between two versions of a family, and whether checkpoints still load."""

from __future__ import annotations

from pathlib import Path

import click
from attrs import evolve

from swc.cli.failures import complain, show
from swc.cli.versions import Version, versions
from swc.diagnostics import SpecError
from swc.diff.compare import compare
from swc.diff.report import report
from swc.diff.revision import Repository
from swc.diff.serial import to_json
from swc.diff.side import Side, load_side

_AFTER_DASHES = "swc.diff.after_dashes"


class _Dashes(click.Command):
    """Keeps what stands after ``--`` apart: revisions before it, the spec after it, as with ``git diff``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.meta[_AFTER_DASHES] = args[at + 1 :]
            args = args[:at]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        del ctx
        return ["[OPTIONS]", "OLD NEW | REVISION [REVISION] -- SPEC"]


@click.command(cls=_Dashes, short_help="Show what changed between two specs, plans or revisions.")
@click.argument("sides", nargs=-1)
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--no-lock", is_flag=True, help="Share by kernel size on both sides, whatever searches found.")
def diff(sides: tuple[str, ...], output_format: str, *, no_lock: bool) -> None:
    """Show what changed between two versions of a family, and whether checkpoints still load.

    OLD and NEW are specs (.sw) or plans (.json, written by `swc plan --format json`). With one git REVISION, SPEC is
    compared as it was then with the file that is there now; with two, as it was at the one and at the other.

    Exit code: 0 without differences, 1 with differences, 2 if the comparison was not possible.
    """
    old, new = versions(sides, click.get_current_context().meta.get(_AFTER_DASHES))
    difference = compare(_load(old, output_format, no_lock=no_lock), _load(new, output_format, no_lock=no_lock))
    click.echo(to_json(difference) if output_format == "json" else report(difference))
    if not difference.is_empty:
        raise click.exceptions.Exit(1)


def _load(version: Version, output_format: str, *, no_lock: bool) -> Side:
    """Read one side, or say what is wrong with it and end with exit code 2."""
    try:
        path, revision = Path(version.path), version.revision
        if revision is None:
            return load_side(path, version.name, no_lock=no_lock)
        with Repository.of(path).checkout(revision) as (copy, then):
            version = evolve(version, path=str(then))
            return load_side(copy, version.name, no_lock=no_lock)
    except SpecError as error:
        show(error.diagnostics, output_format)
        if output_format == "text":
            complain(f"{version.name} cannot be compared")
    except OSError as error:
        complain(f"{version.name} cannot be compared: {error.strerror or error}")
    raise click.exceptions.Exit(2)
