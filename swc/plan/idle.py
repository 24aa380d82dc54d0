"""Sharing hints that change nothing: said twice, or said about layers to which they cannot matter.

Codes: SW0514 a hint given twice, SW0515 a hint without effect. Both are warnings.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import combinations
from typing import Any

from swc.diagnostics import Diagnostic, Severity, Span
from swc.diagnostics.words import count
from swc.family import Family, Hint
from swc.plan.effects import kept_apart
from swc.plan.hints import binned_groups, hand_made, named, pattern_place, related, shareable_layers
from swc.plan.implied import implied_hints

_OWNERS = "every layer that it matches owns its weight"


def hint_warnings(family: Family) -> tuple[Diagnostic, ...]:
    """Warn of every hint that has no effect; the hints are known not to contradict each other."""
    return (
        *_repeated(family),
        *implied_hints(family),
        *_without_effect(family),
        *_apart_anyway(family),
        *_many_bins(family),
    )


def _repeated(family: Family) -> Iterator[Diagnostic]:
    """Hints of one kind that say the same about the same layers, in whatever words."""
    sharing = family.sharing
    kinds: tuple[tuple[str, Sequence[tuple[Hint, Any]]], ...] = (
        ("private", [(hint, frozenset(hint.all_layers)) for hint in sharing.private]),
        ("public", [(hint, frozenset(hint.all_layers)) for hint in sharing.public]),
        ("tie", [(hint, frozenset(hint.all_layers)) for hint in sharing.ties]),
        ("apart", [(hint, frozenset(map(frozenset, hint.layers))) for hint in sharing.aparts]),
        ("templates", [(hint, (hint.bounds, frozenset(hint.all_layers))) for hint in sharing.template_hints]),
        ("bins", [(hint, (hint.count, frozenset(hint.all_layers))) for hint in sharing.bin_hints]),
    )
    for kind, hints in kinds:
        first: dict[Any, Hint] = {}
        for hint, effect in hints:
            before = first.setdefault(effect, hint)
            if before is not hint:
                yield Diagnostic(
                    code="SW0514",
                    summary=f"this `{kind}` says again what another says",
                    primary=pattern_place(hint, 0),
                    label="the same layers",
                    related=related([(pattern_place(before, 0), "said here")]),
                    help="leave one of them out",
                    severity=Severity.WARNING,
                )


def _without_effect(family: Family) -> Iterator[Diagnostic]:
    sharing = family.sharing
    heads = {layer.name for layer in family.layers if layer.head}
    shared = {layer.name for layer in shareable_layers(family)}
    for hint in sharing.private:
        for number, names in _unless(hint, lambda name: name not in heads):
            why = (
                f"{named(names)} {'is a head' if len(names) == 1 else 'are heads'}, and heads own their weights anyway"
            )
            yield _idle("private", why, hint, number)
    for hint in sharing.public:
        for number, names in _unless(hint, heads.__contains__):
            why = f"{named(names)} {'is no head' if len(names) == 1 else 'are no heads'}, and only heads need it"
            yield _idle("public", why, hint, number, ", or name a head")
    for hint in sharing.template_hints:
        for number, _ in _unless(hint, shared.__contains__):
            yield _idle("templates", _OWNERS, hint, number, ", or let one of the layers share")
    yield from _apart_from_nothing(family, shared)
    made = hand_made(family)
    for hint in sharing.bin_hints:
        for number, names in _unless(hint, lambda name: name in shared and name not in made):
            by_hand = any(name in made for name in names)
            why = "clusters made by hand are never parted into bins" if by_hand else _OWNERS
            yield _idle("bins", why, hint, number)
    for hint in sharing.ties:
        if len(hint.all_layers) == 1:
            why = f"it names one layer, `{hint.all_layers[0]}`"
            yield _whole("tie", why, hint, "name what it shall be tied to, or leave it out")


def _apart_from_nothing(family: Family, shared: Collection[str]) -> Iterator[Diagnostic]:
    """Aparts with sides of which every layer owns its weight: where one other side is left, nothing is kept apart."""
    for hint in family.sharing.aparts:
        idle = [number for number, _ in _unless(hint, shared.__contains__)]
        if idle and len(hint.layers) - len(idle) < 2:
            which = " and ".join(f"`{hint.patterns[number]}`" for number in idle)
            why = f"every layer that {which} {'matches' if len(idle) == 1 else 'match'} owns its weight"
            yield _whole("apart", why, hint, "leave it out, or let one of the layers share")
        else:
            for number in idle:
                yield _idle("apart", _OWNERS, hint, number, ", or let one of the layers share")


def _apart_anyway(family: Family) -> Iterator[Diagnostic]:
    """Aparts between layers that never meet: of different kernel sizes, or in clusters made by hand."""
    kernels = {layer.name: layer.kernel for layer in shareable_layers(family)}
    for hint in family.sharing.aparts:
        sizes = [{kernels[name] for name in names if name in kernels} for names in hint.layers]
        if not all(sizes) or kept_apart(family, [hint]):
            continue
        why = "clusters made by hand, or other kernel sizes, part all layers that its patterns match"
        if all(one.isdisjoint(two) for one, two in combinations(sizes, 2)):
            why = "its patterns match layers of different kernel sizes, and those never share"
        yield _whole("apart", why, hint, "leave it out")


def _many_bins(family: Family) -> Iterator[Diagnostic]:
    """More bins than there are layers (or tied groups of them) to put into them."""
    sharing, groups = family.sharing, binned_groups(family)
    asked: list[tuple[int, int, str, Span | None]] = [
        (hint.count, groups.get(hint.count, 0), f" for {', '.join(hint.patterns)}", pattern_place(hint, 0))
        for hint in sharing.bin_hints
    ]
    if sharing.bins is not None:
        asked.append((sharing.bins, groups.get(None, 0), "", sharing.bins_span))
        if not groups.get(None, 0):
            why = "no layer is left that other hints do not speak of"
            yield _warning("this `bins` has no effect", why, sharing.bins_span, "leave it out")
    for bins, most, patterns, place in asked:
        if bins > most > 0:
            layers = count(most, "layer") + (" (tied ones count once)" if sharing.ties else "")
            yield Diagnostic(
                code="SW0515",
                summary=f"{bins:,} bins are asked for, and there {'is' if most == 1 else 'are'} only {layers} to part",
                primary=place,
                label=f"at least {bins - most} would be empty",
                help=f"write `bins {most}{patterns}`, or fewer",
                severity=Severity.WARNING,
            )


def _unless(hint: Hint, matters: Callable[[str], bool]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The patterns of a hint that match only layers to which the hint does not matter, and those layers."""
    for number, names in enumerate(hint.layers):
        if names and not any(matters(name) for name in names):
            yield number, names


def _idle(kind: str, why: str, hint: Hint, number: int, or_else: str = "") -> Diagnostic:
    """The warning of a pattern that changes nothing; of the hint, where that is its only one."""
    if len(hint.patterns) == 1:
        return _whole(kind, why, hint, f"leave it out{or_else}")
    subject = f"`{hint.patterns[number]}` has no effect in this `{kind}`"
    return _warning(subject, why, pattern_place(hint, number), f"leave the pattern out{or_else}")


def _whole(kind: str, why: str, hint: Hint, way: str) -> Diagnostic:
    return _warning(f"this `{kind}` has no effect", why, pattern_place(hint, 0), way)


def _warning(subject: str, why: str, place: Span | None, way: str) -> Diagnostic:
    return Diagnostic(
        code="SW0515",
        summary=f"{subject}: {why}",
        primary=place,
        label="has no effect",
        help=way,
        severity=Severity.WARNING,
    )
