"""What the structural hash is over (``swc.lock.structure``) and has changed, so that every refusal has a reason."""

from __future__ import annotations

from swc.diff.model import Difference, Reason, Structural

_HINTS = ("private", "public", "tie", "apart", "cluster")


def structural(difference: Difference) -> tuple[Structural, ...]:
    """Everything that makes the hash of the two sides differ, in the order of the enumeration; empty if it is equal."""
    if Reason.STRUCTURE not in difference.reasons:
        return ()
    family = {edit.name for edit in difference.family}
    hints = {f"share.{hint}" for hint in _HINTS} & {edit.name for edit in difference.settings}
    holds = {
        Structural.INPUT: "input" in family,
        Structural.CLASSES: "classes" in family,
        Structural.MEMBERS: any(edit.before is None or edit.after is None for edit in difference.members),
        Structural.MEMBER_ORDER: "order of members" in family,
        Structural.LAYERS: bool(difference.layers or difference.traits),
        Structural.LAYER_ORDER: bool(difference.orders),
        Structural.NORMS: bool(difference.norms),
        Structural.FORWARD: bool(difference.forward),
        Structural.HINTS: bool(hints),
    }
    return tuple(part for part, found in holds.items() if found) or (Structural.UNKNOWN,)
