"""What the planner has to tell people: budgets too small, budgets that cannot be spent, clusters that were folded.

Codes: SW0601 the budget is too small, SW0602 part of the budget stays unspent, SW0603 clusters are folded.
"""

from __future__ import annotations

from swc.diagnostics import Diagnostic, Severity
from swc.family import ClusterMethod, Family
from swc.plan.bound_notes import demanding_places, few_users, raised_bounds, superweight_bounds
from swc.plan.cost import fixed_cost
from swc.plan.hints import matched, place_of, related, shareable_layers
from swc.plan.idle import hint_warnings
from swc.plan.model import Cluster, Plan

_LISTED = 5


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
        *(f"  {x.name}: {x.weights:,}{' (head)' if x.head else ''}" for x in owners[:_LISTED]),
        *([f"  and {len(owners) - _LISTED} smaller ones"] if len(owners) > _LISTED else []),
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
            f"the budget of {family.budget.parameters:,} parameters is too small for `{family.name}`: "
            f"the smallest that can be planned is {smallest:,}"
        ),
        primary=family.budget.span,
        label=f"{_count(smallest - family.budget.parameters, 'parameter')} short",
        detail="\n".join(lines),
        related=related((x.span, f"`{x.name}` owns {x.weights:,} parameters") for x in owners[:2])
        + related(hints)
        + demanding,
        help=f"write `budget {smallest}` or more, or {', or '.join(ways)}",
    )


def notes(family: Family, plan: Plan) -> tuple[Diagnostic, ...]:
    """What is worth knowing about a plan although nothing is wrong with it."""
    found = list(hint_warnings(family))
    if plan.parameters.total * 100 < plan.budget * 99:
        found.append(_unspent(family, plan))
    folded = [cluster for cluster in plan.clusters if cluster.fold is not None]
    if folded:
        found.append(_folded(family, plan, folded))
    found += few_users(family, plan)
    return tuple(found)


def _unspent(family: Family, plan: Plan) -> Diagnostic:
    """Say what keeps the plan from using at least 99% of the budget."""
    bounds = superweight_bounds(family, plan)
    capped = [s for s in plan.superweights if s.templates == bounds[s.id][1] < s.coefficient_vectors]
    if not plan.superweights:
        why, way = "no layer shares, and every weight is there once", "let some layers share, or lower the budget"
    elif any(s.templates < min(bounds[s.id][1], s.coefficient_vectors) for s in plan.superweights):
        why = "templates are too large to fill what is left"
        way = f"change the budget a little, or {_more_clusters(family)}"
    elif all(len(cluster.layers) == 1 for cluster in plan.clusters):
        why = "every layer is on its own already, and one row or column of a tile is more than what is left"
        way = "allow more templates, or change the budget a little"
    elif capped:
        most = " or ".join(str(cap) for cap in sorted({bounds[s.id][1] for s in capped}))
        why = f"SuperWeights already have {most} templates, the most that the spec allows, or one for each user"
        way = f"allow more ({raised_bounds(family, capped, bounds)}), or {_more_clusters(family)}"
    else:
        why = "every SuperWeight has a template for each coefficient vector, and more would add nothing"
        way = f"lower the budget, or {_more_clusters(family)}"
    if plan.budget > family.parameters_independent:
        way = f"lower the budget: the members take only {family.parameters_independent:,} on their own, without sharing"
    return Diagnostic(
        code="SW0602",
        summary=(
            f"{plan.budget - plan.parameters.total:,} of {plan.budget:,} parameters stay unspent "
            f"({100 * plan.parameters.total / plan.budget:.1f}% are used): {why}"
        ),
        primary=family.budget.span,
        label=f"the plan uses {plan.parameters.total:,}",
        help=way,
        severity=Severity.WARNING,
    )


def _more_clusters(family: Family) -> str:
    """How to part the layers into more clusters, which can spend more."""
    sharing = family.sharing
    if sharing.clustering.method is not ClusterMethod.GRADIENT:
        return "let the budget decide how many clusters there are (`clusters gradient`)"
    if sharing.bins is not None:
        return "let the budget decide how many clusters there are (leave out `bins`)"
    if sharing.ties or sharing.hand_made:
        return "hold fewer layers together (`tie`, `cluster`)"
    return "part the layers into more clusters (search with a higher threshold)"


def _folded(family: Family, plan: Plan, clusters: list[Cluster]) -> Diagnostic:
    lines = [
        f"{c.name}: {_count(sum(s.cluster == c.name for s in plan.superweights), 'tile')} of {c.fold.rows} x "
        f"{c.fold.columns} cells, mixed from {_count(c.fold.templates, 'template')}"
        for c in clusters
        if c.fold is not None
    ]
    return Diagnostic(
        code="SW0603",
        summary=(
            f"no number of whole templates fits the budget of {plan.budget:,} parameters, so the layers of "
            f"{_count(len(clusters), 'cluster')} are mixed from tiles"
        ),
        primary=family.budget.span,
        detail="\n".join(lines),
        severity=Severity.NOTE,
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
