"""What a little more or a little less budget would change: the same family planned again, and compared."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group
from rich.text import Text

from swc.compiler import Loaded
from swc.diagnostics import SpecError
from swc.diagnostics.words import count
from swc.family import Budget
from swc.plan import smallest_budget
from swc.plan.model import Cluster, Plan
from swc.report.amounts import compact, round_step
from swc.report.figures import Figures, area
from swc.report.layout import table, titled
from swc.report.tables import fold_templates

TOO_SMALL = "SW0601"
_NAMED = 2


def planned_at(loaded: Loaded, budget: int) -> Plan | None:
    """The plan at another budget, or None where the budget is too small.

    Raises:
        SpecError: for anything else that stands in the way.
    """
    try:
        return loaded.at(Budget(budget, f"{budget:,}")).compiled().plan
    except SpecError as error:
        if all(diagnostic.code == TOO_SMALL for diagnostic in error.diagnostics):
            return None
        raise


def smallest_for(loaded: Loaded) -> int:
    """The smallest budget at which the spec, with its lock file, can be planned."""
    return smallest_budget(loaded.family, loaded.lock.cluster_layers() if loaded.lock else None)


def steps_table(loaded: Loaded, figures: Figures) -> Group:
    """The plan beside those of a round step less and a round step more."""
    budget = figures.plan.budget
    step = round_step(budget)
    made = table("", "budget", "used", "in templates")
    made.add_column("what changes", header_style="dim")
    for sign, target in (("−", budget - step), ("+", budget + step)):
        plan = planned_at(loaded, target) if target > 0 else None
        label = f"{sign}{compact(step)}"
        if plan is None:
            made.add_row(label, f"{target:,}", "", "", Text(f"too small: the least is {smallest_for(loaded):,}"))
            continue
        parts = plan.parameters
        made.add_row(
            label,
            f"{target:,}",
            f"{parts.total:,}",
            f"{parts.templates - figures.plan.parameters.templates:+,}".replace("-", "−"),
            Text("; ".join(changes(figures, Figures(plan))) or "nothing"),
        )
    return titled(f"With {compact(step)} parameters more or less", made)


def changes(before: Figures, after: Figures) -> list[str]:
    """What is different between two plans of one family, in words: clusters, folding, templates."""
    old, new = before.clusters, after.clusters
    found = []
    if old.keys() != new.keys():
        found.append(f"{count(len(old), 'cluster')} become{'s' if len(old) == 1 else ''} {len(new)}")
    refolded = [cluster for name, cluster in old.items() if name in new and cluster.fold != new[name].fold]
    refolded.sort(key=lambda cluster: -before.templates_of(cluster))
    folding = [f"{cluster.name} {_folding(cluster, new[cluster.name])}" for cluster in refolded]
    found += (
        folding
        if len(folding) <= _NAMED
        else [f"{len(folding):,} clusters are folded in another way (the largest: {folding[0]})"]
    )
    whole = [name for name in old if name in new and old[name].fold is None and new[name].fold is None]
    counts = {x.id: x.templates for name in whole for x in after.superweights[name]}
    items = [x for name in whole for x in before.superweights[name] if x.id in counts]
    items.sort(key=lambda x: -x.rectangle.cells * area(old[x.cluster]))
    found += _templates("gain", {x.id: counts[x.id] - x.templates for x in items if counts[x.id] > x.templates})
    found += _templates("lose", {x.id: x.templates - counts[x.id] for x in items if counts[x.id] < x.templates})
    return found


def _folding(old: Cluster, new: Cluster) -> str:
    if new.fold is None:
        return "is whole, no longer folded"
    now = f"{count(new.fold.templates, 'template')} of {new.fold.rows}×{new.fold.columns}"
    if old.fold is None:
        return f"is folded into tiles of {now}"
    return f"has {now} instead of {fold_templates(old.fold)}"


def _templates(verb: str, differences: dict[str, int]) -> Iterable[str]:
    """How many templates SuperWeights gain or lose; the largest SuperWeights, which come first, are named."""
    if differences:
        shown = ", ".join(list(differences)[:_NAMED]) + (", …" if len(differences) > _NAMED else "")
        verb = verb if len(differences) > 1 else verb + "s"
        templates = count(sum(differences.values()), "template")
        yield f"{count(len(differences), 'SuperWeight')} {verb} {templates} ({shown})"
