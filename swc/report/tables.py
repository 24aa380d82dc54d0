"""A plan as tables for the terminal: members, what they have in common, clusters, SuperWeights, costs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from swc.diagnostics.words import count
from swc.family import Family
from swc.plan.model import Cluster, Fold, MemberPlan, SuperWeight
from swc.report.amounts import compact
from swc.report.figures import Figures, area, coefficients, weights
from swc.report.layout import table, titled

_MATRIX = 8
"""Members that a matrix of pairs has room for; above, each member's closest partners are listed."""
_PARTNERS = 3
_CLUSTERS = 30
"""Clusters that the table lists before it sums up the others."""
_BAR = 24
_COMMON = "Template parameters that members have in common"


def headline(figures: Figures) -> Text:
    """One sentence on the plan as a whole."""
    plan = figures.plan
    used, alone = plan.parameters.total, figures.independent
    return Text.assemble(
        (plan.family, "bold"),
        f": {used:,} of {plan.budget:,} parameters ({used / plan.budget:.2%} of the budget). With weights of their "
        f"own, the members would take {alone:,}: this is {used / alone:.1%} of that.",
    )


def members_table(figures: Figures, family: Family) -> Group:
    """What each member is, what it would cost alone, and how much of it comes from SuperWeights."""
    made = table("member", "architecture", "alone", "from SuperWeights", "of its own", "shared layers")
    made.columns[1].justify = "left"
    for member, elaborated in zip(figures.plan.members, family.members, strict=True):
        arguments = ", ".join(f"{name}={str(value).lower()}" for name, value in elaborated.arguments)
        shared = _shared(member)
        made.add_row(
            member.name,
            Text(f"{elaborated.arch}({arguments})"),
            f"{member.parameters_alone:,}",
            f"{shared:,}",
            f"{member.parameters_alone - shared:,}",
            f"{sum(layer.cluster is not None for layer in member.layers)} of {len(member.layers)}",
        )
    return titled("Members", made)


def _shared(member: MemberPlan) -> int:
    """Weights of a member that come from SuperWeights."""
    return sum(weights(layer) for layer in member.layers if layer.cluster)


def sharing_tables(figures: Figures) -> list[Group]:
    """Who draws on the same templates; nothing for a single member."""
    names = [member.name for member in figures.plan.members]
    if len(names) < 2 or not figures.plan.clusters:
        return []
    pairs = _matrix(figures, names) if len(names) <= _MATRIX else _partners(figures, names)
    spread = table("drawn on by", "parameters", "of all templates")
    total = figures.plan.parameters.templates
    for sharers, parameters in figures.by_sharers.items():
        who = "all members" if sharers == len(names) else count(sharers, "member")
        spread.add_row(who, f"{parameters:,}", f"{parameters / total:.1%}")
    return [pairs, titled("How far templates are shared", spread)]


def _matrix(figures: Figures, names: list[str]) -> Group:
    made = table("", *names)
    for row, first in enumerate(names):
        cells = [figures.in_common[first, second] for second in names[row:]]
        texts = [Text(compact(n), style="dim" if k == 0 else "") for k, n in enumerate(cells)]
        made.add_row(first, *[""] * row, *texts)
    return titled(_COMMON, made, "On the diagonal: all templates that the member draws on.")


def _partners(figures: Figures, names: list[str]) -> Group:
    made = table("member", "draws on", "most in common with")
    order = {name: index for index, name in enumerate(names)}
    for name in names:
        common = {
            other: figures.in_common[(name, other) if order[name] < order[other] else (other, name)]
            for other in names
            if other != name
        }
        best = sorted(common, key=lambda other: (-common[other], order[other]))[:_PARTNERS]
        listed = ", ".join(f"{other} {compact(common[other])}" for other in best)
        made.add_row(name, compact(figures.in_common[name, name]), listed)
    return titled(_COMMON, made)


def clusters_table(figures: Figures, *, every: bool = False) -> Group:
    """What each cluster holds and costs; of very many those that cost most, and the others together."""
    made = table(
        "cluster", "layers", "SuperWeights", "templates each", "in templates", "in coefficients", "of the budget"
    )
    clusters = figures.plan.clusters
    shown = clusters if every or len(clusters) <= _CLUSTERS + 1 else figures.costliest(_CLUSTERS)
    for cluster in shown:
        made.add_row(cluster.name, *_cluster_row(figures, [cluster], templates_each(figures, cluster)))
    names = {cluster.name for cluster in shown}
    others = [cluster for cluster in clusters if cluster.name not in names]
    folded = next((cluster.fold for cluster in shown if cluster.fold), None)
    note = (
        f"{fold_templates(folded)}: all tiles of a folded cluster are mixed from the same templates." if folded else ""
    )
    if not others:
        return titled("Clusters", made, note)
    made.add_row(f"{len(others):,} more", *_cluster_row(figures, others, ""))
    told = "The clusters that cost most; all of them are listed with --superweights, and in --format json."
    return titled(f"Clusters, {len(shown)} of {len(clusters):,}", made, "\n".join(filter(None, (note, told))))


def _cluster_row(figures: Figures, clusters: Sequence[Cluster], each: str) -> tuple[str, ...]:
    templates = sum(map(figures.templates_of, clusters))
    vectors = sum(map(figures.coefficients_of, clusters))
    return (
        f"{sum(len(cluster.layers) for cluster in clusters):,}",
        f"{sum(len(figures.superweights[cluster.name]) for cluster in clusters):,}",
        each,
        f"{templates:,}",
        f"{vectors:,}",
        f"{(templates + vectors) / figures.plan.budget:.2%}",
    )


def templates_each(figures: Figures, cluster: Cluster) -> str:
    """How many templates a SuperWeight of the cluster has, or which ones all tiles of a folded cluster have."""
    if cluster.fold:
        return fold_templates(cluster.fold)
    low, high = figures.template_range(cluster)
    return str(low) if low == high else f"{low} to {high}"


def fold_templates(fold: Fold) -> str:
    """The templates of a folded cluster, which all its tiles are mixed from: ``8 of 64×56``."""
    return f"{fold.templates:,} of {fold.rows}×{fold.columns}"


def superweights_table(figures: Figures) -> Group:
    """What each SuperWeight costs, and what it serves."""
    made = table("id", "rows", "columns", "templates", "vectors", "cost", "layers", "members", "weights made")
    for item in figures.plan.superweights:
        r = item.rectangle
        made.add_row(
            item.id,
            f"{r.row}:{r.row + r.rows}",
            f"{r.column}:{r.column + r.columns}",
            str(item.templates),
            str(item.coefficient_vectors),
            f"{figures.template_cost(item) + coefficients(item):,}",
            str(len(item.users)),
            str(len(figures.members_of[item.id])),
            f"{weights_made(figures, item):,}",
        )
    folded = any(cluster.fold for cluster in figures.plan.clusters)
    note = "A tile of a folded cluster costs its coefficients; the templates are the cluster's." if folded else ""
    return titled("SuperWeights", made, note)


def weights_made(figures: Figures, item: SuperWeight) -> int:
    """Weights of all layers that a SuperWeight makes; a tile makes less of a layer that ends inside it."""
    r, cluster = item.rectangle, figures.clusters[item.cluster]
    if cluster.fold is None:
        return len(item.users) * r.cells * area(cluster)
    shapes = [figures.layers[name].shape for name in item.users]
    cells = sum(min(r.rows, s[0] - r.row) * min(r.columns, s[1] - r.column) for s in shapes)
    return cells * area(cluster)


def costs_table(figures: Figures) -> Group:
    """Where the budget goes."""
    made = table("part", "parameters", "share")
    made.add_column("")
    plan = figures.plan
    p = plan.parameters
    rows = (
        ("templates", p.templates),
        ("coefficients, room for refinement included", p.coefficients),
        ("private weights and heads", p.weights),
        ("norms", p.norms),
        ("biases", p.biases),
        ("unused", plan.budget - p.total),
    )
    for name, number in rows:
        share = number / plan.budget
        made.add_row(name, f"{number:,}", f"{share:.2%}", _bar(share))
    return titled("Where the budget goes", made)


def _bar(share: float) -> Text:
    eighths = round(share * _BAR * 8)
    partial = " ▏▎▍▌▋▊▉"[eighths % 8].strip()
    return Text("█" * (eighths // 8) + partial, style="cyan")
