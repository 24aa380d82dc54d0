"""Everything that is worth knowing about a plan although nothing is wrong with it."""

from __future__ import annotations

from swc.diagnostics import Diagnostic
from swc.family import Family
from swc.plan.bound_notes import few_users
from swc.plan.idle import hint_warnings
from swc.plan.model import Plan
from swc.plan.report import folded
from swc.plan.unspent import unspent


def notes(family: Family, plan: Plan) -> tuple[Diagnostic, ...]:
    """Warnings of idle hints and of an unspent budget, and notes on folded clusters and bounds that are not reached."""
    return (*hint_warnings(family), *unspent(family, plan), *folded(family, plan), *few_users(family, plan))
