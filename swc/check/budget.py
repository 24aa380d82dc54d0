"""The `budget` section: a number of parameters, or a share of something."""

from __future__ import annotations

from math import isfinite

from swc.diagnostics import Diagnostics
from swc.diagnostics.names import near_names
from swc.syntax import tree as t

LARGEST = 10**13
"""Parameters that a budget may ask for at most."""

_ALL = frozenset({"all", "everything", "family", "total"})


def check_budget(budget: t.Budget, members: list[str], diagnostics: Diagnostics) -> None:
    """Check a budget (codes SW0611, SW0612 and SW0613); ``members`` are the names that a share may be of."""
    value = budget.value
    if isinstance(value, t.Amount):
        _check_amount(value, diagnostics)
        return
    if not isfinite(value.percent) or not 0 < value.percent <= 1e6:
        diagnostics.error(
            "SW0612",
            "the budget must be a share above 0%" if value.percent <= 0 else "the budget is a share above 1,000,000%",
            value.span,
            label="not a share" if value.percent <= 0 else "too large",
            help="write `10% of wrn(28, 10)`, or `25% of members`" if value.percent <= 0 else "write a smaller share",
        )
    if isinstance(value.base, t.Reference) and value.base.name.text not in (*members, "members"):
        name = value.base.name
        near = ["members"] if name.text in _ALL else near_names(name.text, [*members, "members"])
        diagnostics.error(
            "SW0613",
            f"there is no member `{name}` for the budget to be a share of",
            name.span,
            label="no member",
            help=f"write `{near[0]}`"
            if near
            else "name a member, `members` for all of them, or an architecture with its arguments, as `wrn(28, 10)`",
            fix=near[0] if near else None,
        )


def _check_amount(amount: t.Amount, diagnostics: Diagnostics) -> None:
    value = amount.value
    if value <= 0:
        problem, hint = "nothing fits into a budget of " + amount.text, "write a number of parameters, such as `36.5M`"
    elif isinstance(value, float):
        problem = f"{amount.text} is not a whole number of parameters"
        hint = "a share of something is written as `10% of wrn(28, 10)`"
    elif value > LARGEST:
        problem, hint = f"a budget of {amount.text} is above {LARGEST:,} parameters", "write a smaller number"
    else:
        return
    diagnostics.error("SW0611", problem, amount.span, label="not a budget", help=hint)
