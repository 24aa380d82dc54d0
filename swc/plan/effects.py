"""What the hints of a spec come to, in whatever words and order: by this they agree or differ."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from swc.family import ClusterMethod, Family, Hint
from swc.plan.bounds import Bounds, Sides, asked_bounds
from swc.plan.clusters import bins_without_search, meetings
from swc.plan.hints import agree, hand_made, shareable_layers, tied_groups

Names = list[str]


def of_who_shares(family: Family) -> dict[str, object]:
    """All that hints say on which layers may, must or must not share with which, sorted."""
    return {
        "sharing": sharing_layers(family),
        "tied": tied(family),
        "made": made(family),
        "apart": kept_apart(family),
    }


def sharing_layers(family: Family) -> Names:
    """The layers that ``private`` and ``public`` leave among those that share, sorted."""
    return sorted(layer.name for layer in shareable_layers(family))


def tied(family: Family) -> list[Names]:
    """The groups that ties and clusters made by hand hold together, each and all sorted."""
    return sorted(sorted(layer.name for layer in group) for group in tied_groups(family) if len(group) > 1)


def made(family: Family) -> list[tuple[str, str]]:
    """Each layer of a cluster made by hand, and the name that the spec gives the cluster."""
    return sorted(hand_made(family).items())


def kept_apart(family: Family, aparts: Sequence[Hint] | None = None) -> list[tuple[Names, Names]]:
    """Layers that could meet in a cluster otherwise: those that are kept from the same others, and the others."""
    if aparts is not None:  # these only, and not those of the spec
        family = evolve(family, sharing=evolve(family.sharing, aparts=tuple(aparts)))
    if not family.sharing.aparts:
        return []
    pools, sides = meetings(family)
    found: list[tuple[Names, Names]] = []
    for pool in pools:
        kinds: dict[Sides, Names] = {}
        for name in pool:
            kinds.setdefault(sides[name], []).append(name)
        alike: dict[tuple[str, ...], Names] = {}
        for kind, names in kinds.items():
            others = sorted(x for other, own in kinds.items() if not agree(kind, other) for x in own)
            if others:
                alike.setdefault(tuple(others), []).extend(names)
        found += [(sorted(names), list(others)) for others, names in alike.items()]
    return sorted(found)


def template_bounds(family: Family) -> list[tuple[str, Bounds]]:
    """The bounds that `templates N..M for` comes to for each layer that shares."""
    return sorted((name, bounds) for name, bounds in asked_bounds(family).items() if bounds != family.sharing.templates)


def bins(family: Family) -> dict[int, Names]:
    """The layers of which ``bins N for`` asks for each number of bins."""
    found: dict[int, set[str]] = {}
    for hint in family.sharing.bin_hints:
        found.setdefault(hint.count, set()).update(hint.all_layers)
    return {number: sorted(names) for number, names in sorted(found.items())}


def bins_of_the_rest(family: Family) -> int | None:
    """The bins of layers that no hint speaks of, None where the planner chooses their number."""
    return (
        bins_without_search(family)
        if family.sharing.clustering.method is not ClusterMethod.GRADIENT
        else family.sharing.bins
    )
