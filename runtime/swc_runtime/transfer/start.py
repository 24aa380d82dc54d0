"""A new family that starts from the weights of a trained one, whatever has changed between the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from swc_runtime.family import Family
from swc_runtime.moved import Moved
from swc_runtime.transfer.places import Kind, Place, places
from swc_runtime.transfer.refit import Origin, fill_bank
from swc_runtime.transfer.report import Item, TransferReport
from swc_runtime.transfer.source import Source, open_source, source_of


@torch.no_grad()
def start_from(
    family: Family,
    source: Source | Family | Path,
    *,
    classes: Sequence[str] | None = None,
    renamed: Mapping[str, str] | None = None,
) -> TransferReport:
    """Give a freshly initialised family what a trained one has for it; everything else stays as it is.

    The two may be on different devices; what is solved, is solved on the CPU in double precision.

    Layers, heads and norms are matched by member, label and shape. A layer that owns its weight gets a copy. Template
    banks that are the same in both families are copied; all others are fitted to the weights that their layers had, by
    least squares. Layers of new members read SuperWeights as the layers of the same place in other members do, and
    those that nothing is known of stay fresh. Optimizer state is not taken over.

    Args:
        family: changed in place.
        source: a trained family, or the path of a run's folder or checkpoint (``open_source``).
        classes: the names of the classes to be told apart from now on, in label order. Where the source's are known
            and are others, heads stay fresh even if their shapes fit.
        renamed: the names that members, or parts of members (``slim.group1``), have in the new family, by the names
            that they have in the source. Names that the new family's spec says to have ``moved`` are known.

    Raises:
        CheckpointError: the source cannot be read, or what it belongs to is not known.
    """
    origin = _opened(family, source)
    found = {_renamed(name, renamed or {}): place for name, place in places(origin.family).items()}
    old = _moved(found, family.moved)
    new = places(family)
    others = classes is not None and origin.classes is not None and tuple(classes) != origin.classes
    reasons = {name: _reason(place, old.get(name), origin, other_classes=others) for name, place in new.items()}
    wanted: dict[str, Tensor] = {}
    former: dict[str, str] = {}
    for name, place in new.items():
        if not reasons[name]:
            _copy_own(old[name], place)
            if place.shared is not None:
                wanted[place.shared] = _weight(old[name]).reshape(family.bank.layers[place.shared].shape)
                if (before := old[name].shared) is not None:
                    former[place.shared] = before
    origins = {
        bank.superweights[0].bank: fill_bank(family.bank, bank, wanted, origin.family.bank, former)
        for bank in family.bank.template_banks()
    }
    clusters, error, errors = _errors(family, wanted)
    return TransferReport(
        source=origin.name,
        family=origin.family.plan.family,
        digest=origin.digest,
        items=tuple(_item(family, place, reasons[name], origins, errors) for name, place in new.items()),
        clusters=clusters,
        error=error,
        new_members=tuple(name for name in family.members if not any(_member(place) == name for place in old)),
        left=tuple(_left(old, new)),
    )


def _renamed(name: str, renamed: Mapping[str, str]) -> str:
    """The new name of what had a name: that of the longest part of it that has a new one."""
    for end in sorted((i for i, c in enumerate(f"{name}.") if c == "."), reverse=True):
        if name[:end] in renamed:
            return renamed[name[:end]] + name[end:]
    return name


def _moved(found: dict[str, Place], moves: Sequence[Moved]) -> dict[str, Place]:
    """Places by the names of now: those of moves that were made since, which are those whose former name is there."""
    for move in moves:
        names = {name: move.done(name) for name in found}
        if all(after == name or after not in found for name, after in names.items()):
            found = {names[name]: place for name, place in found.items()}
    return found


def _member(name: str) -> str:
    return name.partition(".")[0]


def _opened(family: Family, source: Source | Family | Path) -> Source:
    if isinstance(source, Source):
        return source
    return open_source(source, family) if isinstance(source, Path) else source_of(source)


def _weight(place: Place) -> Tensor:
    weight = place.weight
    assert weight is not None  # noqa: S101 - for the type checker: norms are not asked
    return weight.cpu()


def _reason(place: Place, old: Place | None, origin: Source, *, other_classes: bool) -> str:
    """Why a place cannot take what it had; empty where it can."""
    if old is None:
        return f"{origin.family.plan.family} has none of that name"
    for name, shape in place.shapes.items():
        before = old.shapes.get(name)
        if before != shape:
            return f"{name} {_shape(shape)}, was {_shape(before)}"
    if place.kind is Kind.HEAD and other_classes:
        return "other classes"
    return ""


def _shape(shape: tuple[int, ...] | None) -> str:
    if shape is None:
        return "none"
    return "×".join(map(str, shape)) or "a number"


def _copy_own(old: Place, new: Place) -> None:
    """Copy the numbers that a place owns: the weight of a layer that does not share, biases, norms."""
    before = old.own
    if new.kind is not Kind.NORM and new.shared is None:
        before["weight"] = _weight(old)
    for name, tensor in new.own.items():
        if name in before and before[name].shape == tensor.shape:
            tensor.copy_(before[name])


def _errors(family: Family, wanted: Mapping[str, Tensor]) -> tuple[dict[str, float], float, dict[str, float]]:
    """Relative errors of the layers that had old weights: by cluster, in all, by layer."""
    squares: dict[str, tuple[float, float]] = {}
    with family.bank.step():
        for name, weight in wanted.items():
            found = family.bank.weight(name).cpu().reshape(weight.shape)
            squares[name] = (float((found - weight).double().square().sum()), float(weight.double().square().sum()))
    by_cluster: dict[str, list[str]] = {}
    for name in squares:
        by_cluster.setdefault(family.bank.layers[name].cluster, []).append(name)
    clusters = {cluster: _relative([squares[name] for name in names]) for cluster, names in by_cluster.items()}
    return clusters, _relative(list(squares.values())), {name: _relative([one]) for name, one in squares.items()}


def _relative(squares: Sequence[tuple[float, float]]) -> float:
    missed, whole = (sum(column) for column in zip(*squares, strict=True)) if squares else (0.0, 0.0)
    return float((missed / whole) ** 0.5) if whole else 0.0


def _item(
    family: Family, place: Place, reason: str, origins: Mapping[str, Origin], errors: Mapping[str, float]
) -> Item:
    if place.shared is None:
        return Item(place.name, place.kind, Origin.FRESH if reason else Origin.TAKEN, why=reason)
    layer = family.bank.layers[place.shared]
    drawn = [origins[family.bank.superweights[name].bank] for name in layer.superweights]
    if not reason:
        taken = all(one is Origin.TAKEN for one in drawn)
        origin = Origin.TAKEN if taken else Origin.REFITTED
        return Item(place.name, place.kind, origin, None if taken else errors[place.shared])
    known = sum(one is not Origin.FRESH for one in drawn)
    return Item(place.name, place.kind, Origin.FRESH, why=f"{reason}; {known} of its {len(drawn)} SuperWeights are not")


def _left(old: Mapping[str, Place], new: Mapping[str, Place]) -> list[str]:
    """What the source has and the new family does not, by its new name; of members that are gone, the member."""
    members = {_member(name) for name in new}
    left = [name for name, place in old.items() if name not in new or new[name].shapes != place.shapes]
    gone = dict.fromkeys(_member(name) for name in left if _member(name) not in members)
    return [*gone, *(name for name in left if _member(name) in members)]
