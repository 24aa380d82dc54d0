"""Budgets that a plan does not spend: why, and what would (SW0602)."""

from __future__ import annotations

from swc.diagnostics import Diagnostic, Severity
from swc.diagnostics.words import either
from swc.family import Family
from swc.plan.bound_notes import superweight_bounds
from swc.plan.model import Plan
from swc.plan.ways import lower_budget, spends, ways_to_be_alone, ways_to_spend


def unspent(family: Family, plan: Plan) -> tuple[Diagnostic, ...]:
    """Warn of a plan that does not spend its budget (see :func:`spends`); what the warning advises has been tried."""
    if spends(plan):
        return ()
    if plan.budget > family.parameters_independent:
        way = f"lower the budget: the members take only {family.parameters_independent:,} on their own, without sharing"
        ways = ways_to_be_alone(family, plan)
        way += f"; to use even that much, {', or '.join(ways)}" if ways else ""
    elif not plan.superweights:
        way = f"let some layers share, or {lower_budget(family, plan)}"
    else:
        way = ", or ".join(ways_to_spend(family, plan)) or (
            f"{lower_budget(family, plan)}: neither more templates nor more clusters would spend it"
        )
    warning = Diagnostic(
        code="SW0602",
        summary=(
            f"{plan.budget - plan.parameters.total:,} of {plan.budget:,} parameters stay unspent "
            f"({_percent(plan)} are used): {_why(family, plan)}"
        ),
        primary=family.budget.span,
        label=f"the plan uses {plan.parameters.total:,}",
        help=way,
        severity=Severity.WARNING,
    )
    return (warning,)


def _why(family: Family, plan: Plan) -> str:
    """What keeps the plan from using the budget."""
    bounds = superweight_bounds(family, plan)
    if not plan.superweights:
        return "no layer shares, and every weight is there once"
    if any(s.templates < min(bounds[s.id][1], s.coefficient_vectors) for s in plan.superweights):
        return "templates are too large to fill what is left"
    if all(len(cluster.layers) == 1 for cluster in plan.clusters):
        enough = plan.budget > family.parameters_independent or all(cluster.fold is None for cluster in plan.clusters)
        rest = "more would add nothing" if enough else "one row or column of a tile is more than what is left"
        return f"every layer is on its own already, and {rest}"
    caps = sorted(
        {bounds[s.id][1] for s in plan.superweights if s.templates == bounds[s.id][1] < s.coefficient_vectors}
    )
    if caps:
        templates = f"{either([str(cap) for cap in caps])} template{'' if caps == [1] else 's'}"
        return f"SuperWeights already have {templates}, the most that the spec allows, or one for each user"
    if family.sharing.refinement is None:
        return (
            "with `refine none` every SuperWeight has one coefficient vector, and a second template would add nothing"
        )
    return "every SuperWeight has a template for each coefficient vector, and more would add nothing"


def _percent(plan: Plan) -> str:
    """How much is used, in as many digits as tell it from all."""
    share = 100 * plan.parameters.total / plan.budget
    return f"{share:.1f}%" if share < 99 else f"{share:.2f}%"
