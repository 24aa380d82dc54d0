"""``swc plan``: the sharing plan as a table for people, or as JSON for programs."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from swc.cli.failures import show, wants_color
from swc.cli.options import lock_choice, lock_options
from swc.compiler import Compiled, compile_spec
from swc.plan.model import Cluster, MemberPlan, Plan, SuperWeight
from swc.plan.serial import to_json


@click.command(short_help="Show what is shared and where the budget goes.")
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--superweights", is_flag=True, help="List every SuperWeight, not only the clusters.")
@lock_options
def plan(spec: Path, lock: Path | None, output_format: str, *, superweights: bool, no_lock: bool) -> None:
    """Show what SPEC shares, what each part costs and where the budget goes."""
    compiled = compile_spec(spec, lock_choice(lock, no_lock=no_lock))
    if output_format == "json":
        click.echo(to_json(compiled.plan))
        return
    show(compiled.notes)
    color = wants_color(sys.stdout)
    console = Console(no_color=not color, force_terminal=color, highlight=False, width=None if color else 110)
    for part in _report(compiled, superweights=superweights):
        console.print(part)
        console.print()


def _report(compiled: Compiled, *, superweights: bool) -> list[Table | str]:
    sharing = compiled.plan
    alone = sum(member.parameters_alone for member in sharing.members)
    head = (
        f"[bold]{sharing.family}[/bold]: {sharing.parameters.total:,} of {sharing.budget:,} parameters "
        f"({sharing.parameters.total / sharing.budget:.2%} of the budget); with weights of their own, the members "
        f"would take {alone:,} ({sharing.parameters.total / alone:.1%} of that is used)"
    )
    parts: list[Table | str] = [head, _members(compiled), _clusters(sharing)]
    if superweights:
        parts.append(_superweights(sharing))
    parts.append(_costs(sharing))
    if compiled.lock is None and sharing.clusters:
        parts.append("Layers share by kernel size: no search has run. `swc search` finds what should share.")
    return parts


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", pad_edge=False, box=None, padding=(0, 2, 0, 0))
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right", header_style="dim", no_wrap=i == 0)
    return table


def _members(compiled: Compiled) -> Table:
    table = _table("Members", "member", "architecture", "alone", "from SuperWeights", "of its own", "shared layers")
    for member, elaborated in zip(compiled.plan.members, compiled.family.members, strict=True):
        arguments = ", ".join(f"{name}={str(value).lower()}" for name, value in elaborated.arguments)
        shared = _shared(member)
        table.add_row(
            member.name,
            f"{elaborated.arch}({arguments})",
            f"{member.parameters_alone:,}",
            f"{shared:,}",
            f"{member.parameters_alone - shared:,}",
            f"{sum(layer.cluster is not None for layer in member.layers)} of {len(member.layers)}",
        )
    return table


def _shared(member: MemberPlan) -> int:
    """Weights of a member that come from SuperWeights."""
    total = 0
    for layer in member.layers:
        out, inputs, height, width = layer.shape
        total += out * inputs * height * width if layer.cluster else 0
    return total


def _cells(item: SuperWeight, cluster: Cluster) -> int:
    return item.rectangle.cells * cluster.kernel[0] * cluster.kernel[1]


def _clusters(sharing: Plan) -> Table:
    table = _table("Clusters", "cluster", "layers", "SuperWeights", "templates each", "templates", "coefficients")
    for cluster in sharing.clusters:
        items = [item for item in sharing.superweights if item.cluster == cluster.name]
        if cluster.fold:
            fold = cluster.fold
            size = fold.rows * fold.columns * cluster.kernel[0] * cluster.kernel[1]
            templates = fold.templates * size
            each = f"{fold.templates} tiles {fold.rows}×{fold.columns}"
        else:
            templates = sum(item.templates * _cells(item, cluster) for item in items)
            low, high = min(i.templates for i in items), max(i.templates for i in items)
            each = str(low) if low == high else f"{low} to {high}"
        coefficients = sum(item.templates * item.coefficient_vectors for item in items)
        table.add_row(
            cluster.name, str(len(cluster.layers)), str(len(items)), each, f"{templates:,}", f"{coefficients:,}"
        )
    return table


def _superweights(sharing: Plan) -> Table:
    table = _table("SuperWeights", "id", "rows", "columns", "templates", "vectors", "layers", "parameters")
    clusters = {cluster.name: cluster for cluster in sharing.clusters}
    for item in sharing.superweights:
        r, cluster = item.rectangle, clusters[item.cluster]
        coefficients = item.templates * item.coefficient_vectors
        own = coefficients if cluster.fold else item.templates * _cells(item, cluster) + coefficients
        table.add_row(
            item.id,
            f"{r.row}:{r.row + r.rows}",
            f"{r.column}:{r.column + r.columns}",
            str(item.templates),
            str(item.coefficient_vectors),
            str(len(item.users)),
            f"{own:,}",
        )
    return table


def _costs(sharing: Plan) -> Table:
    table = _table("Where the budget goes", "part", "parameters", "share")
    p = sharing.parameters
    rows = (
        ("templates", p.templates),
        ("coefficients, room for refinement included", p.coefficients),
        ("private weights and heads", p.weights),
        ("norms", p.norms),
        ("biases", p.biases),
        ("unused", sharing.budget - p.total),
    )
    for name, count in rows:
        table.add_row(name, f"{count:,}", f"{count / sharing.budget:.2%}")
    return table
