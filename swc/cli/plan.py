"""``swc plan``: what is shared with whom, what it costs, and what another budget would change."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console, RenderableType

from swc.cli.amounts import AMOUNT, BUDGETS
from swc.cli.failures import show, wants_color
from swc.cli.options import lock_choice, lock_options
from swc.compiler import Compiled, Loaded, load_spec
from swc.diagnostics import Severity, SpecError
from swc.family import Budget
from swc.files import write_atomically
from swc.output import check_document
from swc.plan.drawing import shape_graphs
from swc.plan.model import Plan
from swc.plan.serial import to_json
from swc.report import tables
from swc.report.amounts import Amount, AmountError
from swc.report.curve import terminal_curve
from swc.report.curve_svg import curve_svg
from swc.report.dot import dot
from swc.report.explain import NoSuchLayerError, explanations, find_subjects
from swc.report.figures import Figures
from swc.report.graph_svg import graph_svg
from swc.report.steps import steps_table
from swc.report.sweep import Sweep, run_sweep, sweep_json, sweep_table
from swc.report.tiles_table import tiles_table

_ENDINGS = {"json": (".json",), "dot": (".dot", ".gv"), "svg": (".svg",)}


@click.command(short_help="Show what is shared and where the budget goes; draw it; try other budgets.")
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--budget", type=AMOUNT, help="Plan at this budget: 36.5M, 500k, or 10% of what the members take alone.")
@click.option("--superweights", is_flag=True, help="List every SuperWeight: what it costs and what it serves.")
@click.option(
    "--explain",
    metavar="LAYER",
    multiple=True,
    help="Tell where the weights of these layers come from; a name, or a pattern such as 'deep.*.conv1'.",
)
@click.option("--sweep", type=BUDGETS, help="Plan at many budgets: 1%..100%, 1%..100%/20, 10%..50%+5%, or 1%,5%,36.5M.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "dot", "svg"]),
    default="text",
    show_default=True,
    help="Text for people, JSON for programs; dot and svg draw the layer-shape graphs, or the curve of a sweep.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write json, dot or svg to this file."
)
@lock_options
def plan(  # noqa: PLR0913 - one argument per option
    spec: Path,
    budget: Amount | None,
    explain: tuple[str, ...],
    sweep: tuple[Amount, ...] | None,
    output_format: str,
    output: Path | None,
    lock: Path | None,
    *,
    superweights: bool,
    no_lock: bool,
) -> None:
    """Show what SPEC shares with whom, what each part costs, where the budget goes and what more would buy."""
    _check_together(budget, sweep, explain, output_format, superweights=superweights)
    output_format = _format_for(output, output_format, sweeping=sweep is not None)
    if output is not None:
        if not output.parent.is_dir():
            raise click.BadParameter(f"there is no folder {output.parent}: make it first", param_hint="-o")
        check_document(output)
    try:
        loaded = load_spec(spec, lock_choice(lock, no_lock=no_lock))
        if sweep is not None:
            _show_sweep(_swept(loaded, sweep), output_format, output)
            return
        if budget is not None:
            loaded = _with_budget(loaded, budget)
        compiled = loaded.compiled()
    except SpecError as error:
        if output_format != "json" or output is not None:
            raise
        show(error.diagnostics, "json")
        raise click.exceptions.Exit(1) from error
    if output_format != "text":
        show(tuple(note for note in compiled.notes if note.severity is Severity.WARNING))
        _deliver(_drawn(compiled.plan, output_format), output)
        return
    show(compiled.notes)
    parts = _explained(compiled, explain) if explain else _report(loaded, compiled, superweights=superweights)
    _print(parts)


def _check_together(
    budget: Amount | None,
    sweep: tuple[Amount, ...] | None,
    explain: tuple[str, ...],
    output_format: str,
    *,
    superweights: bool,
) -> None:
    """Refuse options that contradict each other, before anything is read."""
    if sweep is not None and (budget is not None or explain or superweights):
        raise click.UsageError("--sweep plans at budgets of its own: leave out --budget, --explain and --superweights")
    if sweep is not None and output_format == "dot":
        raise click.UsageError("a sweep has a curve and no graph: use --format svg, json or text")
    if explain and superweights:
        raise click.UsageError("--explain and --superweights contradict each other: give one of them")
    if (explain or superweights) and output_format != "text":
        raise click.UsageError("--explain and --superweights are text; everything they say is in --format json as well")


def _format_for(output: Path | None, output_format: str, *, sweeping: bool) -> str:
    """The format to write; a file's ending must agree, so that no spec is overwritten by a slip."""
    if output is None:
        return output_format
    if output_format == "text" and not output.name.endswith(".similarities.json"):
        fitting = [name for name, endings in _ENDINGS.items() if output.suffix in endings]
        if not fitting or (sweeping and fitting == ["dot"]):
            endings = ".svg or .json" if sweeping else ".svg, .dot or .json"
            raise click.BadParameter(
                f"{output} is a file of no format to write: end it with {endings}", param_hint="-o"
            )
        return fitting[0]
    if output.name.endswith(".similarities.json"):
        raise click.BadParameter(f"{output} is the name of what a search keeps beside its lock file", param_hint="-o")
    if output.suffix not in _ENDINGS[output_format]:
        ending = " or ".join(_ENDINGS[output_format])
        raise click.BadParameter(f"{output} does not end with {ending}, as {output_format} does", param_hint="-o")
    return output_format


def _with_budget(loaded: Loaded, amount: Amount) -> Loaded:
    try:
        parameters = amount.of(loaded.family.parameters_independent)
    except AmountError as error:
        raise click.BadParameter(str(error), param_hint="--budget") from error
    return loaded.at(Budget(parameters, f"--budget {amount.text}"))


def _swept(loaded: Loaded, amounts: tuple[Amount, ...]) -> Sweep:
    try:
        return run_sweep(loaded, amounts)
    except AmountError as error:
        raise click.BadParameter(str(error), param_hint="--sweep") from error


def _show_sweep(sweep: Sweep, output_format: str, output: Path | None) -> None:
    if output_format == "json":
        _deliver(sweep_json(sweep), output)
        return
    if output_format == "svg":
        if output is None:
            click.echo(curve_svg(sweep), nl=False)
            return
        write_atomically(output, curve_svg(sweep))
    _print([sweep_table(sweep), terminal_curve(sweep)])
    if output is not None:
        click.echo(f"wrote {output}")


def _drawn(sharing: Plan, output_format: str) -> str:
    if output_format == "json":
        return to_json(sharing)
    graphs = shape_graphs(sharing)
    return dot(sharing, graphs) if output_format == "dot" else graph_svg(sharing, graphs)


def _deliver(text: str, output: Path | None) -> None:
    """Write to the file, or to standard output where there is none."""
    if output is None:
        click.echo(text, nl=False)
        return
    write_atomically(output, text)
    click.echo(f"wrote {output}")


def _report(loaded: Loaded, compiled: Compiled, *, superweights: bool) -> list[RenderableType]:
    figures = Figures(compiled.plan)
    parts: list[RenderableType] = [tables.headline(figures), tables.members_table(figures, compiled.family)]
    parts += tables.sharing_tables(figures)
    if figures.plan.clusters:
        parts.append(tables.clusters_table(figures, every=superweights))
        parts += tiles_table(figures, compiled.family)
    if superweights and figures.plan.superweights:
        parts.append(tables.superweights_table(figures))
    parts += [tables.costs_table(figures), steps_table(loaded, figures)]
    if compiled.lock is None and figures.plan.clusters:
        parts.append("Layers share by kernel size: no search has run. `swc search` finds what should share.")
    return parts


def _explained(compiled: Compiled, patterns: tuple[str, ...]) -> list[RenderableType]:
    figures = Figures(compiled.plan)
    try:
        subjects = dict.fromkeys(x for pattern in patterns for x in find_subjects(figures, pattern))
    except NoSuchLayerError as error:
        raise click.BadParameter(str(error), param_hint="--explain") from error
    return explanations(figures, compiled.family, tuple(subjects))


def _print(parts: list[RenderableType]) -> None:
    color = wants_color(sys.stdout)
    console = Console(
        no_color=not color, force_terminal=color, highlight=False, width=None if sys.stdout.isatty() else 110
    )
    for part in parts:
        console.print(part, crop=False)
        console.print()
