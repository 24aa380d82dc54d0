"""How many templates a SuperWeight may have: the family's bounds, and those of ``templates ... for`` hints.

The family's bounds hold for SuperWeights that serve no layer matched by such a hint. Where hints bear on a
SuperWeight, by whichever of its layers, all of them hold together: its bounds are the intersection of theirs. Tiles of
a folded cluster are mixed from the same templates, so there all of the cluster's layers count.

Codes: SW0509 hints that leave no number, SW0513 a lower bound that no SuperWeight can reach.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, combinations

from swc.diagnostics import Diagnostics
from swc.family import Family, TemplatesHint
from swc.family.written import bounds as written
from swc.plan.graph import Shape
from swc.plan.hints import agree, pattern_of, place_of, related, shareable_layers, tied_groups

Bounds = tuple[int, int]
"""The fewest and the most templates."""

Sides = tuple[int | None, ...]
"""Which pattern of each ``apart`` a layer is on (see :func:`swc.plan.hints.apart_sides`)."""


def asked_bounds(family: Family) -> Mapping[str, Bounds]:
    """The bounds that hints ask for each layer that shares; layers that no hint matches are left out."""
    shared = {layer.name for layer in shareable_layers(family)} if family.sharing.template_hints else set()
    asked: dict[str, Bounds] = {}
    for hint in family.sharing.template_hints:
        for name in hint.all_layers:
            if name in shared:
                asked[name] = intersection([asked.get(name, hint.bounds), hint.bounds])
    return asked


def intersection(bounds: Sequence[Bounds]) -> Bounds:
    """The bounds that keep all of ``bounds``, which is not empty (contradictions have been reported before)."""
    return max(low for low, _ in bounds), min(high for _, high in bounds)


def common_bounds(general: Bounds, asked: Mapping[str, Bounds], layers: Iterable[str]) -> Bounds:
    """The bounds of what serves all of ``layers``: the intersection of those asked for, or else ``general``."""
    own = {asked[name] for name in layers if name in asked}
    return intersection(sorted(own)) if own else general


class BoundsByPlace:
    """Looks up the bounds of a plane's SuperWeights by the smallest shape (out, in) that contains each."""

    def __init__(self, general: Bounds, asked: Iterable[tuple[Shape, Bounds]]) -> None:
        shapes: dict[Bounds, dict[int, int]] = defaultdict(dict)
        for (out, inputs), bounds in asked:
            shapes[bounds][out] = max(inputs, shapes[bounds].get(out, 0))
        self._general = general
        self._reach = {bounds: _staircase(widest) for bounds, widest in shapes.items()}

    def at(self, node: Shape) -> Bounds:
        """The bounds of a SuperWeight that the layers at least as large as ``node`` contain."""
        out, inputs = node
        own = []
        for bounds, (outs, widths) in self._reach.items():
            step = bisect_left(outs, out)
            if step < len(outs) and widths[step] >= inputs:
                own.append(bounds)
        return intersection(own) if own else self._general


def _staircase(widest: Mapping[int, int]) -> tuple[list[int], list[int]]:
    """Rising ``out``, and for each the largest ``in`` among shapes at least as tall."""
    outs = sorted(widest)
    widths = [widest[out] for out in outs]
    for k in reversed(range(len(outs) - 1)):
        widths[k] = max(widths[k], widths[k + 1])
    return outs, widths


def check_bounds(family: Family, found: Diagnostics) -> None:
    """Report bounds that cannot be kept whatever the clusters are."""
    groups = [[layer.name for layer in group] for group in tied_groups(family)]
    shared = frozenset(name for group in groups for name in group)
    for hint in family.sharing.template_hints:
        if family.sharing.refinement is None and not shared.isdisjoint(hint.all_layers):
            _check_reachable(hint, found)
    check_meeting(family, groups, {}, found)


def check_meeting(
    family: Family, pools: Iterable[Iterable[str]], sides: Mapping[str, Sides], found: Diagnostics
) -> None:
    """Report each two hints without a common number that bear on layers which can come to share (SW0509).

    Layers of one cluster always have a SuperWeight in common, the one at the top left of its plane. Bounds are
    intervals: if each two of them have a number in common, all have.

    Args:
        family: whose hints to check.
        pools: layers that are or may come into one cluster.
        sides: what ``apart`` hints say about layers; those that it keeps apart do not meet.
        found: where to report.
    """
    hints = family.sharing.template_hints
    clashing = [
        (one, other)
        for one, other in combinations(range(len(hints)), 2)
        if max(hints[one].bounds[0], hints[other].bounds[0]) > min(hints[one].bounds[1], hints[other].bounds[1])
    ]
    if not clashing:
        return
    pool_of = {name: number for number, pool in enumerate(pools) for name in pool}
    matched = [[name for name in hint.all_layers if name in pool_of] for hint in hints]
    # For each hint the kinds of layers in each pool, by what they are kept apart from, with the first of the kind.
    kinds: list[dict[int, dict[Sides, str]]] = [{} for _ in hints]
    for names, own in zip(matched, kinds, strict=True):
        for name in names:
            own.setdefault(pool_of[name], {}).setdefault(sides.get(name, ()), name)
    for one, other in clashing:
        others = frozenset(matched[other])
        same = ((name, name) for name in matched[one] if name in others)
        meeting = (
            (name, after)
            for pool in sorted(kinds[one].keys() & kinds[other].keys())
            for side, name in kinds[one][pool].items()
            for far, after in kinds[other][pool].items()
            if not side or not far or agree(side, far)
        )
        both = next(chain(same, meeting), None)
        if both is not None:
            _report_clash(hints[one], hints[other], both, found)


def _report_clash(one: TemplatesHint, other: TemplatesHint, layers: tuple[str, str], found: Diagnostics) -> None:
    first, second = layers
    low, high = sorted((one.bounds, other.bounds))
    if first == second:
        who, way = f"`{first}` is", "narrow one of the patterns"
    else:
        who = f"`{first}` and `{second}` can share a SuperWeight, which is"
        way = f"keep the layers apart: `apart {pattern_of(one, first)}, {pattern_of(other, second)}`"
    found.error(
        "SW0509",
        f"{who} to have {written(one.bounds)} and {written(other.bounds)} templates, and no number is both",
        place_of(other, second),
        label=f"{written(other.bounds)} for `{second}`",
        related=related([(place_of(one, first), f"{written(one.bounds)} for `{first}`")]),
        help=f"let the bounds overlap, as {low[0]}..{high[0]} and {written(high)} do, or {way}",
    )


def _check_reachable(hint: TemplatesHint, found: Diagnostics) -> None:
    low, high = hint.bounds
    if low > 1:
        found.error(
            "SW0513",
            f"no SuperWeight can have {low} templates of its own: with `refine none` it has one coefficient vector, "
            "and a second template would add nothing",
            place_of(hint, hint.all_layers[0]),
            label=f"at least {low} templates are asked for here",
            help=f"write `templates 1..{high} for ...`, or let coefficients part with `refine gradient(...)`",
        )
