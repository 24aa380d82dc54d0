"""What the hints of a spec come to, in whatever words and order: by this they agree or differ."""

from __future__ import annotations

from swc.family import Family
from swc.plan.bounds import Bounds, asked_bounds
from swc.plan.hints import hand_made, shareable_layers, tied_groups

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


def kept_apart(family: Family) -> list[list[Names]]:
    """For each ``apart``: the layers that share on each of its sides; hints, sides and names are sorted."""
    layers = set(sharing_layers(family))
    found: list[list[Names]] = []
    for hint in family.sharing.aparts:
        sides = sorted(side for names in hint.layers if (side := sorted(layers.intersection(names))))
        if len(sides) > 1 and sides not in found:
            found.append(sides)
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
