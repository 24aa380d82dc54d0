"""The plans of one WRN-28-10 at nine budgets, from half a percent of its size to three times it, with the reasons.

python benchmarks/plan_table.py            # write docs/budgets.md
python benchmarks/plan_table.py --check    # write nothing; exit with 1 if docs/budgets.md is out of date
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path

from attrs import frozen

from swc.compiler import Loaded, LockChoice, load_spec
from swc.diagnostics.words import count
from swc.family import Budget
from swc.files import write_atomically
from swc.plan import notes
from swc.plan.model import Cluster, Plan
from swc.plan.plane import planes_of
from swc.report.amounts import percent
from swc.report.figures import Figures

ROOT = Path(__file__).resolve().parents[1]
SPEC = ROOT / "specs" / "paper" / "wrn_28_10_at_10pct.sw"
DOCUMENT = ROOT / "docs" / "budgets.md"
PER_MILLE = (5, 10, 20, 50, 100, 250, 500, 1000, 3000)

_HEAD = """# One network at nine budgets

What the planner chooses for WRN-28-10 on 100 classes ({alone:,} parameters alone), before any search.
`python benchmarks/plan_table.py` writes this page from the spec
[wrn_28_10_at_10pct.sw](../specs/paper/wrn_28_10_at_10pct.sw) at other budgets; a test keeps it in step with the
planner. The same plans in the terminal, with a curve:

    swc plan specs/paper/wrn_28_10_at_10pct.sw --sweep 0.5%,1%,2%,5%,10%,25%,50%,100%,300%

*Freedom* is the number of template parameters for each weight that is made from them: at 100% sharing takes nothing
away. *Rank* is the part of a folded layer's tiles that can be independent of each other (see [plan.md](plan.md)).

| budget | parameters | used | templates | coefficients | freedom | clusters | how the 3×3 layers are made |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
"""
_ABOVE = (
    "What binds here is that a SuperWeight never has more templates than coefficient vectors, one for each layer that "
    "uses it: with so many, each layer can already be anything, and one more template would add parameters without "
    "adding a network. So all templates together are at most as large as the {weights:,} shared weights, however large "
    "the budget and the cap (`templates 1..8`) are. A larger budget is worth something once there is another member to "
    "spend it on."
)


@frozen
class Entry:
    """The plan at one budget."""

    share: float
    loaded: Loaded
    figures: Figures

    @property
    def plan(self) -> Plan:
        """The plan itself."""
        return self.figures.plan

    @property
    def whole_cost(self) -> int:
        """What templates and coefficients take when no cluster is folded and every SuperWeight has its fewest."""
        clusters = {cluster.name: cluster.layers for cluster in self.plan.clusters}
        return sum(plane.whole_cost for plane in planes_of(self.loaded.family, clusters))


def document() -> str:
    """The whole page."""
    loaded = load_spec(SPEC, LockChoice(ignored=True))
    alone = loaded.family.parameters_independent
    entries = [_entry(loaded, per_mille, alone * per_mille // 1000) for per_mille in PER_MILLE]
    rows = "".join(_row(entry) for entry in entries)
    reasons = "\n".join(f"## {percent(entry.share)}\n\n{_reasons(entry)}" for entry in entries)
    return _HEAD.format(alone=alone) + rows + "\n" + reasons


def _entry(loaded: Loaded, per_mille: int, parameters: int) -> Entry:
    at = loaded.at(Budget(parameters, f"{parameters:,}"))
    return Entry(per_mille / 1000, at, Figures(at.compiled().plan))


def _row(entry: Entry) -> str:
    plan, parts = entry.plan, entry.plan.parameters
    cells = (
        percent(entry.share),
        f"{plan.budget:,}",
        f"{parts.total:,} ({parts.total / plan.budget:.2%})",
        f"{parts.templates:,}",
        f"{parts.coefficients:,}",
        f"{entry.figures.freedom:.1%}",
        str(len(plan.clusters)),
        _made(entry.figures, [cluster for cluster in plan.clusters if cluster.kernel == (3, 3)]),
    )
    return f"| {' | '.join(cells)} |\n"


def _made(figures: Figures, clusters: list[Cluster]) -> str:
    """How the layers of some clusters are made, in a few words."""
    folded = [cluster.fold for cluster in clusters if cluster.fold]
    if len(clusters) == len(folded) == 1:
        return f"tiles from {count(folded[0].templates, 'template')} of {folded[0].rows}×{folded[0].columns}"
    items = [item for cluster in clusters if not cluster.fold for item in figures.superweights[cluster.name]]
    low, high = min(item.templates for item in items), max(item.templates for item in items)
    each = str(low) if low == high else f"{low} to {high}"
    return f"{count(len(items), 'SuperWeight')}, {each} {'template' if high == 1 else 'templates'} each" + (
        f"; {count(len(folded), 'cluster')} folded" if folded else ""
    )


def _reasons(entry: Entry) -> str:
    """Why the plan is as it is: what fits, what is folded, how, and what stays unspent."""
    plan = entry.plan
    room = plan.budget - plan.parameters.private
    found = [f"Norms, the head and the stem take {plan.parameters.private:,}; {room:,} are left for sharing."]
    if len(plan.clusters) > len({cluster.kernel for cluster in plan.clusters}):
        names = ", ".join(f"{cluster.name} ({len(cluster.layers)})" for cluster in plan.clusters)
        found.append(
            "One cluster for each kernel size cannot hold that much under the cap on templates, so layers are parted "
            f"by depth: {names}."
        )
    tiles = [_tiles(entry, cluster) for cluster in plan.clusters if cluster.fold]
    if entry.whole_cost > room:
        found.append(f"One template for each SuperWeight would take {entry.whole_cost:,}, so layers are made of tiles:")
        tiles += [f"{c.name} takes so little that it stays whole" for c in plan.clusters if not c.fold]
    elif tiles:
        found.append(
            f"One template for each SuperWeight takes {entry.whole_cost:,} and fits; but whole templates are too "
            "coarse to use up the budget, so the cheapest cluster that can is made of tiles:"
        )
    else:
        found.append(
            f"One template for each SuperWeight takes {entry.whole_cost:,} and fits, so every cluster stays whole. "
            "Further templates are handed out round robin, most-shared SuperWeights first, and the remainder packed: "
            f"{_spread(entry.figures)}."
        )
    text = _wrapped(" ".join(found))
    if tiles:
        text += "\n\n" + "\n".join(_wrapped(line, "- ") for line in tiles)
    unspent = [note.summary for note in notes(entry.loaded.family, plan) if note.code == "SW0602"]
    if unspent:
        text += "\n\n" + _wrapped(f"{unspent[0]}. {_ABOVE.format(weights=entry.figures.weights_served)}")
    return text + "\n"


def _tiles(entry: Entry, cluster: Cluster) -> str:
    """What was chosen for a folded cluster, in the terms of the objective (``swc.plan.tiles``)."""
    fold, figures = cluster.fold, entry.figures
    if fold is None:
        return ""
    return (
        f"{cluster.name} has {count(fold.templates, 'template')} of {fold.rows}×{fold.columns}: rank "
        f"{figures.rank(cluster):.0%}, {figures.coefficients_of(cluster):,} coefficients for "
        f"{figures.templates_of(cluster):,} template parameters"
    )


def _wrapped(text: str, start: str = "") -> str:
    return textwrap.fill(text, 130, initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False)


def _spread(figures: Figures) -> str:
    counts: dict[int, int] = {}
    for item in figures.plan.superweights:
        counts[item.templates] = counts.get(item.templates, 0) + 1
    return ", ".join(f"{count(number, 'SuperWeight')} with {n}" for n, number in sorted(counts.items(), reverse=True))


def main() -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    args = parser.parse_args()
    text = document()
    if not args.check:
        write_atomically(DOCUMENT, text)
        return 0
    current = DOCUMENT.exists() and DOCUMENT.read_text(encoding="utf-8") == text
    print(f"{DOCUMENT.name} is {'up to date' if current else 'out of date: run python benchmarks/plan_table.py'}")
    return 0 if current else 1


if __name__ == "__main__":
    sys.exit(main())
