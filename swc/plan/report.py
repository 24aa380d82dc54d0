"""What the planner has to tell people about budgets that are too small, or so small that clusters are folded.

Codes: SW0601 the budget is too small, SW0603 clusters are folded.
"""

from __future__ import annotations

from collections.abc import Sequence

from swc.diagnostics import Diagnostic, Severity
from swc.diagnostics.words import count, first_few
from swc.family import Family, Layer
from swc.plan.bound_notes import demanding_places
from swc.plan.cost import available, fixed_cost
from swc.plan.division import fits_whole
from swc.plan.hints import matched, place_of, related, shareable_layers
from swc.plan.model import Plan
from swc.plan.plane import planes_of

_LISTED = 5
_FOLDS = 8


def too_small(family: Family, shared: int) -> Diagnostic:
    """The budget cannot be met: the smallest that can, and what binds it.

    Args:
        family: what was to be planned.
        shared: the fewest parameters that templates and coefficients can have.
    """
    fixed = fixed_cost(family)
    smallest = fixed.total + shared
    sharing = {layer.name for layer in shareable_layers(family)}
    owners = sorted((x for x in family.layers if x.name not in sharing), key=lambda x: -x.weights)
    lines = [
        f"{fixed.weights:,} in weights that layers own",
        *_owned(owners),
        f"{fixed.norms:,} in norms",
        *(f"  {m.name}: {m.norm_parameters:,}" for m in family.members if m.norm_parameters and fixed.norms),
        f"{fixed.biases:,} in biases",
        f"{shared:,} in templates and coefficients, folded as far as they can be",
    ]
    private = matched(family.sharing.private)
    heads = [x.name for x in owners if x.head and x.name not in private]
    bound = [x for x in owners if x.name in private and not x.head]
    demanding = demanding_places(family)
    ways = ["use smaller members", *([f"let heads share (`public {heads[0]}`)"] if heads else [])]
    ways += ["ask for fewer templates"] if demanding else []
    ways += ["narrow `private`"] if bound else []
    hints = (
        (place_of(hint, bound[0].name), "a hint says so")
        for hint in family.sharing.private
        if bound and bound[0].name in hint.all_layers
    )
    return Diagnostic(
        code="SW0601",
        summary=(
            f"the budget of {count(family.budget.parameters, 'parameter')} is too small for `{family.name}`: "
            f"the smallest that can be planned is {smallest:,}"
        ),
        primary=family.budget.span,
        label=f"{count(smallest - family.budget.parameters, 'parameter')} short",
        detail="\n".join(lines),
        related=related((x.span, f"`{x.name}` owns {x.weights:,} parameters") for x in owners[:2])
        + related(hints)
        + demanding,
        help=f"write `budget {smallest}` or more; to need less, {', or '.join(ways)}",
    )


def _owned(owners: Sequence[Layer]) -> list[str]:
    """The largest weights that layers own, and how many smaller ones there are."""
    lines = [f"  {x.name}: {x.weights:,}{' (head)' if x.head else ''}" for x in owners]
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
