"""The `moved` lines of a spec against what its members have, and the hints by the names that layers had."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from attrs import evolve

from swc.diagnostics import Diagnostics
from swc.diagnostics.names import near_names
from swc.family import Family, Hint, Moved, Sharing
from swc.syntax import tree as t

_H = TypeVar("_H", bound=Hint)
_NEAR = 20_000
"""Names among which a near one is looked for; more take too long."""


def moves_of(family: t.Family) -> tuple[Moved, ...]:
    """What the lines say, in their order."""
    items = (item for item in family.items if isinstance(item, t.Moved))
    return tuple(Moved(x.before.text, x.after.text, x.cluster, span=x.span) for x in items)


def check_moves(family: Family, diagnostics: Diagnostics) -> None:
    """Report the old names that are still there (SW0517) and the new ones that are not (SW0518).

    The last line speaks of the names as they are; each line before it of the names as they were before the ones after
    it.
    """
    layers = {x.name for member in family.members for x in member.layers}
    names = layers | {x.name for member in family.members for x in member.norms}
    paths = {path for name in names for path in _beginnings(name)}
    clusters = {hint.name for hint in family.sharing.hand_made}
    for move in reversed(family.moved):
        known = clusters if move.cluster else paths
        _check(move, known, diagnostics)
        if move.cluster:
            clusters = {move.before if name == move.after else name for name in clusters}
        else:
            paths = {path for name in paths for path in _beginnings(move.undone(name))}


def _beginnings(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: k + 1]) for k in range(len(parts))]


def _check(move: Moved, known: set[str], diagnostics: Diagnostics) -> None:
    kind = "cluster made by hand" if move.cluster else "part of a member" if "." in move.after else "member"
    if move.after not in known:
        diagnostics.error(
            "SW0518",
            f"there is no {kind} `{move.after}` for `{move.before}` to have moved to",
            move.span,
            label="nothing has the new name",
            help=_advice(move, known),
        )
    elif move.before in known:
        diagnostics.error(
            "SW0517",
            f"`{move.before}` is still there, so it has not moved to `{move.after}`",
            move.span,
            label="both names are in use",
            help="leave the line out, or give the one that is new another name",
        )


def _advice(move: Moved, known: set[str]) -> str:
    """What to write instead of a new name that is nowhere."""
    what = "moved cluster" if move.cluster else "moved"
    if move.before in known:
        return f"write `{what} {move.after} -> {move.before}` if `{move.after}` is the old name: it comes first"
    near = near_names(move.after, known - {move.before}) if len(known) <= _NEAR else []
    if near:
        return f"write `{what} {move.before} -> {near[0]}`"
    example = max(known, key=lambda name: (name.count("."), name), default="")
    if move.cluster or "." not in example:
        return "the old name comes first, then the one of now; lines stand in the order of the changes"
    return f"names are whole, as in `{example}`; the old one comes first, and lines stand in the order of the changes"


def shared_by_names(sharing: Sharing, called: Callable[[str], str], made: Callable[[str], str]) -> Sharing:
    """What the share section comes to, by other names of layers (``called``) and of hand-made clusters (``made``)."""

    def named(hints: tuple[_H, ...]) -> tuple[_H, ...]:
        return tuple(evolve(hint, layers=tuple(tuple(map(called, names)) for names in hint.layers)) for hint in hints)

    return evolve(
        sharing,
        private=named(sharing.private),
        public=named(sharing.public),
        ties=named(sharing.ties),
        aparts=named(sharing.aparts),
        template_hints=named(sharing.template_hints),
        bin_hints=named(sharing.bin_hints),
        hand_made=tuple(evolve(hint, name=made(hint.name)) for hint in named(sharing.hand_made)),
    )
