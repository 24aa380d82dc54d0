"""Whether a lock file still belongs to a spec, and if not, layer by layer why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from swc.diagnostics import Diagnostic, Related, SpecError
from swc.family import Family
from swc.lock.model import Lock, Shape
from swc.lock.structure import outline, outlined_hash, structure_hash

_SHOWN = 12


@frozen
class Mismatch:
    """A layer that lock and spec do not agree about, and its shape in each; None where it does not share."""

    layer: str
    locked: Shape | None
    now: Shape | None

    def __str__(self) -> str:
        if self.now is None:
            return f"{self.layer}: locked, but the spec has no such layer that shares"
        if self.locked is None:
            return f"{self.layer}: in the spec, but not in the lock"
        before, after = ("×".join(map(str, shape)) for shape in (self.locked, self.now))
        return f"{self.layer}: {before} in the lock, {after} in the spec"


def mismatches(lock: Lock, family: Family, shareable: Iterable[str]) -> tuple[Mismatch, ...]:
    """Every layer that lock and spec do not agree about, by name.

    Args:
        lock: what the lock file says.
        family: what the spec says now.
        shareable: names of the layers that the spec lets share.
    """
    names = set(shareable)
    now = {layer.name: layer.shape for layer in family.layers if layer.name in names}
    locked = lock.layers
    found = (Mismatch(name, locked.get(name), now.get(name)) for name in sorted(locked.keys() | now.keys()))
    return tuple(mismatch for mismatch in found if mismatch.locked != mismatch.now)


def verify_lock(
    lock: Lock, family: Family, shareable: Iterable[str], display: str, *, shown: int | None = _SHOWN
) -> None:
    """Compare a lock with the family it should belong to.

    Args:
        lock: what the lock file says.
        family: what the spec says now.
        shareable: names of the layers that the spec lets share.
        display: the lock file's name in messages.
        shown: how many layers to list; all of them if None.

    Raises:
        SpecError: SW0703 when the lock was made for another family or another version of it, SW0706 when somebody has
            changed the lock so that its layers are no longer the family's; with the layers that are gone, new or of
            another shape, and what else is known to differ.
    """
    found = mismatches(lock, family, shareable)
    same = lock.structure == structure_hash(family)
    if same and not found and (lock.outline is None or lock.outline.tells(outline(family))):
        return
    places = [place for mismatch in found if (place := lock.place(mismatch.layer)) is not None]
    related = [Related(place, "in the lock") for place in places[:1]]
    if same:
        lines = [*map(str, found)] or ["its `outline` does not say what its `structure` says"]
        raise SpecError((_edited(family, _listed(lines, shown), display, related),))
    lines = [*_changes(lock, family, found), *map(str, found)]
    raise SpecError((_outdated(lock, family, _listed(lines, shown), display, related),))


def _changes(lock: Lock, family: Family, found: Sequence[Mismatch]) -> Iterable[str]:
    """What differs besides the layers that share, as far as the lock remembers it."""
    if lock.outline is None:
        return ()
    layers = family.layer_by_name
    hidden = (mismatch.now is None and mismatch.layer in layers for mismatch in found)  # only a hint takes it out
    told = {x.layer.partition(".")[0] for x, by_hint in zip(found, hidden, strict=True) if not by_hint}
    same_hints = outlined_hash(lock.outline, family) == lock.structure
    return lock.outline.changes(outline(family), told, same_hints=same_hints)


def _edited(family: Family, detail: str, display: str, related: list[Related]) -> Diagnostic:
    return Diagnostic(
        "SW0706",
        f"lock file {display} was edited: it no longer says what it did of family `{family.name}`",
        related[0].span if related else family.span,
        label="not as in the spec" if related else "the family that it was made for",
        detail=detail,
        help="correct it, restore it from version control, or run `swc search` again; layers may be moved from one "
        "cluster to another by hand, and not be added, dropped or reshaped",
    )


def _outdated(lock: Lock, family: Family, detail: str, display: str, related: list[Related]) -> Diagnostic:
    another = lock.family != family.name
    whose = f"family `{lock.family}`, and not for" if another else "another version of"
    same = "the layers that share are the same; the lock does not say what the rest was"
    if lock.outline is not None:
        same = "nothing that the lock remembers has changed: its `structure` was edited, or another swc wrote it"
    return Diagnostic(
        "SW0703",
        f"lock file {display} was made for {whose} family `{family.name}`",
        family.span,
        label="another family" if another else "this family has changed since the search" if detail else "this family",
        detail=detail or same,
        related=tuple(related),
        help="run `swc search` again, or use --no-lock to share without a search",
    )


def _listed(found: Sequence[str], shown: int | None) -> str:
    lines = list(found[:shown])
    if len(lines) < len(found):
        lines.append(f"and {len(found) - len(lines)} more (all of them: swc lock verify)")
    return "\n".join(lines)
