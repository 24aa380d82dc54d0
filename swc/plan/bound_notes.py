"""What the bounds on templates did to a plan, for the messages about it.

Code: SW0604 a lower bound that too few layers reach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from swc.diagnostics import Diagnostic, Related, Severity
from swc.family import Family, TemplatesHint
from swc.plan.bounds import Bounds, asked_bounds, bounds_text, common_bounds
from swc.plan.hints import place_of, related
from swc.plan.model import Plan, SuperWeight

_LISTED = 5


def superweight_bounds(family: Family, plan: Plan) -> Mapping[str, Bounds]:
    """The bounds that hold for each SuperWeight, by its id; tiles have those of all layers of their cluster."""
    asked, general = asked_bounds(family), family.sharing.templates
    if not asked:
        return {s.id: general for s in plan.superweights}
    folded = {c.name: common_bounds(general, asked, c.layers) for c in plan.clusters if c.fold is not None}
    return {s.id: folded.get(s.cluster) or common_bounds(general, asked, s.users) for s in plan.superweights}


def raised_bounds(family: Family, capped: Sequence[SuperWeight], bounds: Mapping[str, Bounds]) -> str:
    """What to write so that SuperWeights which have as many templates as they may can have twice as many."""
    hints = family.sharing.template_hints
    ways: list[str] = []
    for s in capped:
        low, cap = bounds[s.id]
        own = [hint for hint in hints if hint.bounds[1] == cap and not frozenset(hint.all_layers).isdisjoint(s.users)]
        wider = bounds_text((low, 2 * cap))
        ways += [f"`templates {wider} for {', '.join(hint.patterns)}`" for hint in own] or [f"`templates {wider}`"]
    return " and ".join(dict.fromkeys(ways))


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
    lines = [
        f"{s.id}: {s.templates} of {hint.bounds[0]}, for {', '.join(s.users[:_LISTED])}"
        + (f" and {len(s.users) - _LISTED} more" if len(s.users) > _LISTED else "")
        for s in short[:_LISTED]
    ]
    if len(short) > _LISTED:
        lines.append(f"and {len(short) - _LISTED} more")
    return Diagnostic(
        code="SW0604",
        summary=(
            f"{len(short):,} SuperWeight{' has' if len(short) == 1 else 's have'} fewer than {hint.bounds[0]} "
            "templates, one for each coefficient vector, because more would add nothing"
        ),
        primary=place_of(hint, next(name for name in hint.all_layers if name in short[0].users)),
        label=f"at least {hint.bounds[0]} are asked for here",
        detail="\n".join(lines),
        severity=Severity.NOTE,
    )
