"""Sharing hints: glob patterns over full layer names, resolved to the layers they match."""

from __future__ import annotations

from fnmatch import fnmatchcase

from attrs import evolve

from swc.diagnostics import Diagnostics
from swc.diagnostics.names import near_names
from swc.family import Hint, Layer, Sharing
from swc.syntax import tree as t


def resolve_hints(
    share: t.Share | None, sharing: Sharing, layers: tuple[Layer, ...], diagnostics: Diagnostics
) -> Sharing:
    """The sharing settings with their hints; a pattern that matches no layer is an error (SW0507)."""
    if share is None:
        return sharing
    hints: dict[str, list[Hint]] = {"private": [], "public": [], "tie": [], "apart": []}
    names = tuple(layer.name for layer in layers)
    for item in share.items:
        if isinstance(item, t.Hint):
            matched = tuple(_match(pattern, names, diagnostics) for pattern in item.patterns)
            texts = tuple(pattern.text for pattern in item.patterns)
            hints[item.kind.text].append(Hint(texts, matched, tuple(p.span for p in item.patterns)))
    return evolve(
        sharing,
        private=tuple(hints["private"]),
        public=tuple(hints["public"]),
        ties=tuple(hints["tie"]),
        aparts=tuple(hints["apart"]),
    )


def _match(pattern: t.Pattern, names: tuple[str, ...], diagnostics: Diagnostics) -> tuple[str, ...]:
    matched = tuple(name for name in names if fnmatchcase(name, pattern.text))
    if not matched:
        near = near_names(pattern.text, names)
        shown = near or names[:3]
        listed = ", ".join(f"`{name}`" for name in shown)
        diagnostics.error(
            "SW0507",
            f"`{pattern.text}` matches no layer",
            pattern.span,
            label="no layer has such a name",
            help=f"a layer's name is the member and the labels on the way, such as {listed}; `*` stands for any part"
            if listed
            else "the family has no layers",
        )
    return matched
