"""What the bounds on templates did to a plan, for the messages about it.

Code: SW0604 a lower bound that too few layers reach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from swc.diagnostics import Diagnostic, Related, Severity
from swc.diagnostics.words import count, first_few
from swc.family import Family, TemplatesHint
from swc.plan.bounds import Bounds, asked_bounds, common_bounds
from swc.plan.hints import place_of, related
from swc.plan.model import Plan, SuperWeight

_LISTED = 5

GENERAL = -1
"""Stands for the bounds of SuperWeights that no hint speaks of, beside the numbers of hints."""


def superweight_bounds(family: Family, plan: Plan) -> Mapping[str, Bounds]:
    """The bounds that hold for each SuperWeight, by its id; tiles have those of all layers of their cluster."""
    asked, general = asked_bounds(family), family.sharing.templates
    if not asked:
        return {s.id: general for s in plan.superweights}
    folded = {c.name: common_bounds(general, asked, c.layers) for c in plan.clusters if c.fold is not None}
    return {s.id: folded.get(s.cluster) or common_bounds(general, asked, s.users) for s in plan.superweights}


def binding_bounds(family: Family, plan: Plan) -> frozenset[int]:
    """Which upper bounds keep a SuperWeight from more templates: numbers of ``templates ... for`` hints, or GENERAL."""
    bounds, hints = superweight_bounds(family, plan), family.sharing.template_hints
    found: set[int] = set()
    for s in plan.superweights:
        cap = bounds[s.id][1]
        if s.templates == cap < s.coefficient_vectors:
            own = [
                k for k, x in enumerate(hints) if x.bounds[1] == cap and not frozenset(x.all_layers).isdisjoint(s.users)
            ]
            found.update(own or [GENERAL])
    return frozenset(found)


def demanding_places(family: Family) -> tuple[Related, ...]:
    """Where hints ask for more than one template, which every budget has to pay for."""
    asked = asked_bounds(family)
    places = []
    for hint in family.sharing.template_hints:
        layer = next((name for name in hint.all_layers if name in asked), None)
        if layer is not None and hint.bounds[0] > 1:
            places.append((place_of(hint, layer), f"at least {hint.bounds[0]} templates are asked for here"))
    return related(places)


def few_users(family: Family, plan: Plan) -> tuple[Diagnostic, ...]:
    """Say of each hint which SuperWeights have fewer templates than it asks for (SW0604)."""
    found = []
    for hint in family.sharing.template_hints:
        layers = frozenset(hint.all_layers)
        short = [s for s in plan.superweights if s.templates < hint.bounds[0] and not layers.isdisjoint(s.users)]
        if short:
            found.append(_few(hint, short))
    return tuple(found)


def _few(hint: TemplatesHint, short: Sequence[SuperWeight]) -> Diagnostic:
    lines = [f"{s.id}: {s.templates} of {hint.bounds[0]}, for {first_few(s.users, _LISTED)}" for s in short]
    return Diagnostic(
        code="SW0604",
        summary=(
            f"{count(len(short), 'SuperWeight has', 'SuperWeights have')} fewer than {hint.bounds[0]} "
            "templates, one for each coefficient vector, because more would add nothing"
        ),
        primary=place_of(hint, next(name for name in hint.all_layers if name in short[0].users)),
        label=f"at least {hint.bounds[0]} are asked for here",
        detail=first_few(lines, _LISTED, between="\n", more="\nand"),
        severity=Severity.NOTE,
    )
