"""Whether a lock file still belongs to a spec, and if not, layer by layer why."""

from __future__ import annotations

from collections.abc import Iterable

from swc.diagnostics import Diagnostic, SpecError
from swc.family import Family
from swc.lock.model import Lock, Shape
from swc.lock.structure import structure_hash

_SHOWN = 12


def verify_lock(lock: Lock, family: Family, shareable: Iterable[str], display: str) -> None:
    """Compare a lock with the family it should belong to.

    Args:
        lock: what the lock file says.
        family: what the spec says now.
        shareable: names of the layers that the spec lets share.
        display: the lock file's name in messages.

    Raises:
        SpecError: SW0703 with every layer that is gone, new or of another shape.
    """
    if lock.structure == structure_hash(family):
        return
    names = set(shareable)
    now = {layer.name: layer.shape for layer in family.layers if layer.name in names}
    changes = _changes(lock.layers, now)
    if not changes:
        changes = ["the layers that share are the same, but other layers, the input, the classes or hints changed"]
    shown = changes[:_SHOWN]
    if len(changes) > _SHOWN:
        shown.append(f"and {len(changes) - _SHOWN} more")
    raise SpecError(
        (
            Diagnostic(
                "SW0703",
                f"lock file {display} was made for another version of family `{family.name}`",
                family.span,
                label="this family has changed since the search",
                detail="\n".join(shown),
                help="run `swc search` again, or compile with --no-lock to share without a search",
            ),
        )
    )


def _changes(locked: dict[str, Shape], now: dict[str, Shape]) -> list[str]:
    lines = []
    for name in sorted(locked.keys() | now.keys()):
        if name not in now:
            lines.append(f"{name}: locked, but the spec has no such layer that shares")
        elif name not in locked:
            lines.append(f"{name}: in the spec, but not in the lock")
        elif locked[name] != now[name]:
            before, after = ("×".join(map(str, s)) for s in (locked[name], now[name]))
            lines.append(f"{name}: {before} in the lock, {after} in the spec")
    return lines
