"""What the planner has to tell people about budgets that are too small, or so small that clusters are folded.

Codes: SW0601 the budget is too small, SW0603 clusters are folded.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from swc.diagnostics import Diagnostic, Severity
from swc.diagnostics.words import count, first_few
from swc.family import Family
from swc.plan.bound_notes import demanding_places
from swc.plan.cost import available, fixed_cost
from swc.plan.division import fits_whole
from swc.plan.hints import matched, place_of, related, shareable_layers
from swc.plan.model import Plan
from swc.plan.plane import planes_of
from swc.plan.smallest import ways_to_need_less

_LISTED = 5
_FOLDS = 8
_MADE = 3

MOST_PERCENT = 400
"""Numbers up to this one are more likely percentages without their sign than budgets."""


def too_small(family: Family, shared: Mapping[str, int], clusters: Mapping[str, Sequence[str]] | None) -> Diagnostic:
    """The budget cannot be met: the smallest that can, what binds it, and what would let it be smaller.

    Args:
        family: what was to be planned.
        shared: the fewest parameters that templates and coefficients of each cluster can have.
        clusters: those of a lock file, None if there is none.
    """
    fixed = fixed_cost(family)
    smallest = fixed.total + sum(shared.values())
    sharing = {layer.name for layer in shareable_layers(family)}
    owners = sorted((x for x in family.layers if x.name not in sharing), key=lambda x: -x.weights)
    biases = {m.name: sum(x.out for x in m.layers if x.bias) for m in family.members}
    lines = [
        f"{fixed.weights:,} in weights that layers own",
        *_largest({x.name: x.weights for x in owners}, {x.name for x in owners if x.head}),
        f"{fixed.norms:,} in norms",
        *_largest({m.name: m.norm_parameters for m in family.members}),
        f"{fixed.biases:,} in biases",
        *_largest(biases),
        f"{sum(shared.values()):,} in templates and coefficients, folded as far as they can be",
        *_largest(shared),
    ]
    private = matched(family.sharing.private)
    bound = [x for x in owners if x.name in private and not x.head]
    hints = (
        (place_of(hint, bound[0].name), "a hint says so")
        for hint in family.sharing.private
        if bound and bound[0].name in hint.all_layers
    )
    budget, made = family.budget, family.sharing.hand_made
    return Diagnostic(
        code="SW0601",
        summary=(
            f"the budget of {count(budget.parameters, 'parameter')} is too small for `{family.name}`: "
            f"the smallest that can be planned is {smallest:,}"
        ),
        primary=budget.span,
        label=f"{count(smallest - budget.parameters, 'parameter')} short",
        detail="\n".join(lines),
        related=related((x.span, f"`{x.name}` owns {x.weights:,} parameters") for x in owners[:2])
        + related(hints)
        + demanding_places(family)
        + related((place_of(hint, hint.all_layers[0]), "makes a cluster of its own") for hint in made[:_MADE]),
        help=_help(family, smallest, ways_to_need_less(family, clusters)),
    )


def _help(family: Family, smallest: int, ways: Sequence[str]) -> str:
    """The budget to write, what would let it be smaller, and a sign that was perhaps forgotten."""
    told = f"write `budget {smallest}` or more; to need less, {'; or '.join([*ways, 'use smaller members'])}"
    bare = re.search(r"(\d+)$", family.budget.text)
    if bare and family.budget.parameters <= MOST_PERCENT:
        return f"a share of what the members take alone is written with %, such as `{bare[1]}% of members`; or {told}"
    return told


def _largest(parts: Mapping[str, int], heads: Collection[str] = ()) -> list[str]:
    """Lines on the largest parts of a sum, and how many smaller ones there are."""
    found = sorted(((name, size) for name, size in parts.items() if size), key=lambda part: -part[1])
    lines = [f"  {name}: {size:,}{' (head)' if name in heads else ''}" for name, size in found]
    if len(lines) <= _LISTED + 1:
        return lines
    return [*lines[:_LISTED], f"  and {len(lines) - _LISTED:,} smaller ones"]


def folded(family: Family, plan: Plan) -> tuple[Diagnostic, ...]:
    """Say which clusters are folded, and into what tiles (SW0603)."""
    clusters = [cluster for cluster in plan.clusters if cluster.fold is not None]
    if not clusters:
        return ()
    lines = [
        f"{c.name}: {count(sum(s.cluster == c.name for s in plan.superweights), 'tile')} of {c.fold.rows} x "
        f"{c.fold.columns} cells, mixed from {count(c.fold.templates, 'template')}"
        for c in clusters
        if c.fold is not None
    ]
    whole = {cluster.name: cluster.layers for cluster in plan.clusters}
    if fits_whole(planes_of(family, whole), available(family)):
        why = f"whole templates would leave more of {plan.budget:,} parameters unspent, or spend it on coefficients"
    else:
        why = f"no number of whole templates fits the budget of {plan.budget:,} parameters"
    note = Diagnostic(
        code="SW0603",
        summary=f"{why}, so the layers of {count(len(clusters), 'cluster')} are mixed from tiles",
        primary=family.budget.span,
        detail=first_few(lines, _FOLDS, between="\n", more="\nand"),
        severity=Severity.NOTE,
    )
    return (note,)
