"""Checks clusters that were given, by a lock file or by hand, against the family and its hints.

Codes: SW0711 layers that no cluster names, SW0712 layers that the spec does not have, SW0713 layers that do not share,
SW0714 layers named twice, SW0715 kernels mixed, SW0716 a tie broken, SW0717 layers kept apart joined, SW0718 a
cluster that is empty or badly named, SW0719 a cluster that the spec makes by hand in another way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from swc.diagnostics import Diagnostics, Span
from swc.diagnostics.words import first_few
from swc.family import Family, Kind, Layer
from swc.plan.bounds import check_meeting
from swc.plan.clusters import cluster_name
from swc.plan.hints import agree, apart_sides, hand_made, place_of, related, shareable_layers, size, tied_groups
from swc.plan.model import CLUSTER_NAME

Place = Callable[[str], Span | None]

_LISTED = 20
_WAY_OUT = "search again, or correct the clusters by hand"


def check_clusters(family: Family, clusters: Mapping[str, Sequence[str]], place: Place) -> None:
    """Report, layer by layer, where clusters and spec no longer agree.

    Args:
        family: the family.
        clusters: layer names by cluster name.
        place: where a layer or a cluster stands in the file that the clusters come from, None if that is not known.

    Raises:
        SpecError: the clusters do not cover exactly the shareable layers, mix kernel sizes, or break a hint.
    """
    found = Diagnostics()
    for name, layers in clusters.items():
        if not layers or not CLUSTER_NAME.fullmatch(name):
            what = "is empty" if not layers else "has a name that is not letters, digits, `-` and `_`"
            found.error("SW0718", f"the cluster `{name}` {what}", help=_WAY_OUT)
    _check_coverage(family, clusters, found)
    _check_kernels(family, clusters, place, found)
    _check_hints(family, clusters, place, found)
    _check_hand_made(family, clusters, found)
    check_meeting(family, clusters.values(), {}, found)
    found.raise_errors()


def _check_coverage(family: Family, clusters: Mapping[str, Sequence[str]], found: Diagnostics) -> None:
    shareable = {layer.name for layer in shareable_layers(family)}
    every = family.layer_by_name
    named = Counter(layer for layers in clusters.values() for layer in layers)
    home = {layer: name for name, layers in clusters.items() for layer in layers}

    def report(code: str, summary: str, lines: Iterable[str]) -> None:
        detail = list(lines)
        if detail:
            listed = first_few(detail, _LISTED, between="\n", more="\nand")
            found.error(code, summary, detail=listed, help=_WAY_OUT)

    missing = shareable - named.keys()
    report(
        "SW0711",
        "layers of the spec are in none of the clusters",
        (f"{x.name}: {x.out} x {x.inputs}, {size(x)}" for x in family.layers if x.name in missing),
    )
    report(
        "SW0712",
        "the clusters name layers that the spec does not have",
        (f"{layer}: in cluster `{home[layer]}`" for layer in sorted(named) if layer not in every),
    )
    report(
        "SW0713",
        "the clusters name layers that own their weights",
        (
            f"{x.name}: in cluster `{home[x.name]}`, but {_owner(family, x.name)}"
            for x in family.layers
            if x.name in named and x.name not in shareable
        ),
    )
    report(
        "SW0714",
        "the clusters name layers more than once",
        (
            f"{layer}: in {', '.join(f'`{name}`' for name, layers in clusters.items() if layer in layers)}"
            for layer, times in sorted(named.items())
            if times > 1
        ),
    )


def _owner(family: Family, layer: str) -> str:
    """Why a layer owns its weight."""
    hint = next((hint for hint in family.sharing.private if layer in hint.all_layers), None)
    if hint is None:
        return "it is a head"
    where = place_of(hint, layer)
    return "it is private" if where is None else f"it is private ({where})"


def _check_kernels(family: Family, clusters: Mapping[str, Sequence[str]], place: Place, found: Diagnostics) -> None:
    every = family.layer_by_name
    tied = {layer.name for group in tied_groups(family) if len({x.kind for x in group}) > 1 for layer in group}
    for name, names in clusters.items():
        layers = [every[layer] for layer in names if layer in every]
        kinds = {(x.kernel, Kind.CONV if x.name in tied else x.kind) for x in layers}
        if len(kinds) > 1:
            first: dict[tuple[tuple[int, int], Kind], Layer] = {}
            for x in layers:
                first.setdefault((x.kernel, x.kind), x)
            one, *others = first.values()
            found.error(
                "SW0715",
                f"the cluster `{name}` mixes kernels that cannot share",
                place(others[0].name),
                label=f"{others[0].kind.value} {size(others[0])}",
                related=related([(place(one.name), f"{one.kind.value} {size(one)}")]),
                detail="\n".join(f"{x.name}: {x.kind.value} {size(x)}" for x in first.values()),
                help=f"{_WAY_OUT}; a linear layer may join 1x1 convolutions only if a `tie` or `cluster` says so",
            )


def _check_hints(family: Family, clusters: Mapping[str, Sequence[str]], place: Place, found: Diagnostics) -> None:
    home = {layer: name for name, layers in clusters.items() for layer in layers}
    for hint in family.sharing.ties:
        layers = [layer for layer in hint.all_layers if layer in home]
        parted = next((layer for layer in layers if home[layer] != home[layers[0]]), None)
        if parted is not None:
            found.error(
                "SW0716",
                f"the clusters part `{layers[0]}` and `{parted}`, which are tied",
                place_of(hint, parted),
                label=f"ties `{parted}`",
                related=related(
                    [(place_of(hint, layers[0]), f"to `{layers[0]}`"), (place(parted), f"in `{home[parted]}`")]
                ),
                detail="\n".join(f"{layer}: in cluster `{home[layer]}`" for layer in layers[:_LISTED]),
                help=_WAY_OUT,
            )
    sides = apart_sides(family)
    position = {layer.name: index for index, layer in enumerate(family.layers)}
    for name, names in clusters.items():
        kept = sorted((layer for layer in names if layer in sides), key=position.__getitem__)
        for number, hint in enumerate(family.sharing.aparts):
            first = next((layer for layer in kept if sides[layer][number] is not None), None)
            other = next((x for x in kept if first and not agree([sides[first][number]], [sides[x][number]])), None)
            if first is not None and other is not None:
                found.error(
                    "SW0717",
                    f"the cluster `{name}` joins `{first}` and `{other}`, which are kept apart",
                    place_of(hint, other),
                    label=f"keeps `{other}`",
                    related=related([(place_of(hint, first), f"from `{first}`"), (place(other), f"in `{name}`")]),
                    help=_WAY_OUT,
                )


def _check_hand_made(family: Family, clusters: Mapping[str, Sequence[str]], found: Diagnostics) -> None:
    """A cluster that the spec makes by hand must be there under its name, with its layers and no others."""
    home = {layer: name for name, layers in clusters.items() for layer in layers}
    made = hand_made(family)
    for hint in family.sharing.hand_made:
        own = [layer for layer, name in made.items() if name == hint.name]
        if not own:
            continue
        name = cluster_name(own, family)
        belonging = frozenset(own)
        wrong = [
            f"{x.name}: in cluster `{home[x.name]}`"
            for x in family.layers
            if home.get(x.name, name) != name and x.name in belonging
        ]
        wrong += [
            f"{layer}: in `{name}`, where it does not belong"
            for layer in clusters.get(name, ())
            if layer not in belonging
        ]
        if wrong:
            rest = [f"and {len(wrong) - _LISTED} more"] if len(wrong) > _LISTED else []
            found.error(
                "SW0719",
                f"the spec makes the cluster `{name}` by hand, and the clusters do not have it so",
                place_of(hint, own[0]),
                label=f"makes `{name}`",
                detail="\n".join(wrong[:_LISTED] + rest),
                help=_WAY_OUT,
            )
