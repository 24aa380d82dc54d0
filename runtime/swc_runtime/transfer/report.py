"""What came of starting from trained weights: every layer, norm and head is accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from swc_runtime.transfer.places import Kind
from swc_runtime.transfer.refit import Origin

_NAMED = 4
"""So many names are written out; of more, so many and their number."""

_NOTHING = 1e-6
"""Relative errors below this are those of single precision."""


@dataclass(frozen=True)
class Item:
    """One layer, head or norm of the new family: where its numbers come from, and why where that is not plain.

    ``error`` is ‖new weight − old weight‖ / ‖old weight‖ of a layer that was refitted.
    """

    name: str
    kind: Kind
    origin: Origin
    error: float | None = None
    why: str = ""


@dataclass(frozen=True)
class TransferReport:
    """What a new family took from a trained one.

    Attributes:
        source: what the weights were read from, for people.
        family: the name of the family that they come from.
        digest: 16 hex digits over the numbers of that family.
        items: every layer, head and norm of the new family, in the order of its members.
        clusters: the relative error, in the Frobenius norm, of all layers of each cluster that had old weights.
        error: the same over all clusters.
        new_members: members that the old family did not have.
        left: what only the old family had, by name; members that are gone as a whole are named by member.
    """

    source: str
    family: str
    digest: str
    items: tuple[Item, ...]
    clusters: Mapping[str, float]
    error: float
    new_members: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def of(self, kind: str, origin: str) -> tuple[Item, ...]:
        """The items of a kind (``layer``, ``head``, ``norm``) and an origin (``taken``, ``refitted``, ``fresh``)."""
        return tuple(item for item in self.items if item.kind == kind and item.origin == origin)

    def text(self) -> str:
        """Some lines for people: by kind what was taken, refitted and fresh, and what was left behind."""
        lines = [f"weights from {self.source} (family {self.family}, {self.digest})"]
        lines += [f"  {kind.value + 's':<9} {'; '.join(parts)}" for kind in Kind if (parts := list(self._parts(kind)))]
        worst = sorted(self.clusters.items(), key=lambda entry: -entry[1])
        if self.error >= _NOTHING:
            told = ", ".join(f"{name} {_percent(error)}" for name, error in worst[:_NAMED])
            more = f", {len(worst) - _NAMED} more below" if len(worst) > _NAMED else ""
            lines.append(f"  {'error':<9} {_percent(self.error)} in all: {told}{more}")
        if self.new_members:
            lines.append(f"  {'new':<9} {', '.join(self.new_members)}: fresh, but for the SuperWeights that they share")
        if self.left:
            lines.append(f"  {'left':<9} {_listed(self.left)}")
        return "\n".join(lines)

    def _parts(self, kind: Kind) -> Iterator[str]:
        taken, refitted = self.of(kind, Origin.TAKEN), self.of(kind, Origin.REFITTED)
        if taken:
            yield f"{len(taken)} taken"
        exact = sum((item.error or 0) < _NOTHING for item in refitted)
        if exact:
            yield f"{exact} refitted without loss"
        if len(refitted) > exact:
            yield f"{len(refitted) - exact} refitted"
        reasons: dict[str, list[str]] = {}
        for item in self.of(kind, Origin.FRESH):
            if item.name.partition(".")[0] not in self.new_members:
                reasons.setdefault(item.why, []).append(item.name)
        for why, names in reasons.items():
            yield f"{len(names)} fresh ({why}): {_listed(names)}"
        new = sum(item.name.partition(".")[0] in self.new_members for item in self.of(kind, Origin.FRESH))
        if new:
            yield f"{new} fresh of new members"

    def record(self) -> dict[str, Any]:
        """What the checkpoints of the new training keep of it, as plain JSON values."""
        counts: dict[str, dict[str, int]] = {}
        for item in self.items:
            of_kind = counts.setdefault(item.kind.value, dict.fromkeys(Origin, 0))
            of_kind[item.origin] += 1
        return {
            "family": self.family,
            "digest": self.digest,
            "error": self.error,
            "clusters": dict(self.clusters),
            "fresh": [item.name for item in self.items if item.origin is Origin.FRESH],
            "counts": {kind: {str(origin): n for origin, n in of.items()} for kind, of in counts.items()},
        }

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {**asdict(self), "clusters": dict(self.clusters)}


def _percent(error: float) -> str:
    return f"{100 * error:.3g}%" if error >= _NOTHING else "0%"


def _listed(names: Sequence[str] | Iterable[str]) -> str:
    names = list(names)
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
