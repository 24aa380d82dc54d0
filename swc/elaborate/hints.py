"""Sharing hints: glob patterns over full layer names, resolved to the layers they match."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from attrs import evolve

from swc.diagnostics import Diagnostics
from swc.diagnostics.names import near_names
from swc.diagnostics.near_patterns import near_pattern
from swc.diagnostics.words import either, first_few
from swc.family import BinsHint, ClusterHint, Hint, Layer, Sharing, TemplatesHint
from swc.syntax import tree as t

_MEMBERS = 6
_NORM = re.compile(r"(?:bn|ln|norm)[0-9]*")


def resolve_hints(
    share: t.Share | None, sharing: Sharing, layers: tuple[Layer, ...], diagnostics: Diagnostics
) -> Sharing:
    """The sharing settings with their hints; a pattern that matches no layer is an error (SW0507)."""
    if share is None:
        return sharing
    hints: dict[str, list[Hint]] = {"private": [], "public": [], "tie": [], "apart": []}
    bounds: list[TemplatesHint] = []
    bins: list[BinsHint] = []
    clusters: list[ClusterHint] = []
    names = tuple(layer.name for layer in layers)
    for item in share.items:
        if not isinstance(item, t.Hint | t.Cluster | t.Templates | t.Bins) or not item.patterns:
            continue
        texts = tuple(pattern.text for pattern in item.patterns)
        matched = tuple(_match(pattern, names, diagnostics) for pattern in item.patterns)
        spans = tuple(pattern.span for pattern in item.patterns)
        match item:
            case t.Hint():
                hints[item.kind.text].append(Hint(texts, matched, spans))
            case t.Cluster():
                clusters.append(ClusterHint(texts, matched, spans, name=item.name.text))
            case t.Templates():
                bounds.append(TemplatesHint(texts, matched, spans, bounds=(item.low, item.high)))
            case t.Bins():
                bins.append(BinsHint(texts, matched, spans, count=item.count))
    return evolve(
        sharing,
        private=tuple(hints["private"]),
        public=tuple(hints["public"]),
        ties=tuple(hints["tie"]),
        aparts=tuple(hints["apart"]),
        template_hints=tuple(bounds),
        bin_hints=tuple(bins),
        hand_made=tuple(clusters),
    )


def _match(pattern: t.Pattern, names: tuple[str, ...], diagnostics: Diagnostics) -> tuple[str, ...]:
    matched = tuple(name for name in names if fnmatchcase(name, pattern.text))
    if not matched:
        near = near_pattern(pattern.text, names)
        advice = f"write `{near}`" if near is not None else _advice(pattern.text, names)
        diagnostics.error(
            "SW0507",
            f"`{pattern.text}` matches no layer",
            pattern.span,
            label="no layer has such a name",
            help=advice,
            fix=near,
        )
    return matched


def _advice(pattern: str, names: tuple[str, ...]) -> str:
    """What patterns are, where no near one is known."""
    if not names:
        return "the family has no layers"
    member, dot, rest = pattern.partition(".")
    members = list(dict.fromkeys(name.partition(".")[0] for name in names))
    if dot and not set(member) & set("*?") and member not in members:
        listed = first_few([f"`{name}`" for name in members], _MEMBERS)
        return f"a layer's name begins with its member, and there is none called `{member}`: the members are {listed}"
    if _NORM.fullmatch(rest.rpartition(".")[2]):
        return "norms share nothing: patterns name convolutions and linear layers"
    listed = either([f"`{name}`" for name in near_names(pattern, names) or names[:3]])
    return f"a layer's name is the member and the labels on the way, such as {listed}; `*` stands for any part"
