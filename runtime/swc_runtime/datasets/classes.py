"""Names of classes: in which order they become labels, and whether the parts of a data set have the same ones."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence

from swc_runtime.problems import DataError

_SHOWN = 10


def ordered(names: Iterable[str]) -> tuple[str, ...]:
    """Names in the order of their labels: by number if all are whole numbers, else by code points ("Z" before "a")."""
    given = list(names)
    if all(re.fullmatch("[0-9]+", name) for name in given):
        return tuple(sorted(given, key=lambda name: (int(name), name)))
    return tuple(sorted(given))


def order_told(names: Sequence[str]) -> str:
    """How many classes there are, and in which order, for people."""
    rule = "by number" if all(re.fullmatch("[0-9]+", name) for name in names) else "by name"
    return f"{len(names)} classes, in the order of their labels ({rule}): {listed(names)}"


def composed(name: str) -> str:
    """A name in Unicode's composed form (NFC): "é" is one letter there, whichever way a file system writes it."""
    return unicodedata.normalize("NFC", name)


def check_parts(
    name: str, present: Mapping[str, Collection[str]], known: Collection[str], *, allow_missing: bool
) -> None:
    """Check that every class has images in every part of a data set.

    Args:
        name: what the data set is called in messages.
        present: the classes that have images, by the name of the part (``train``, ``val``, ``test``).
        known: all classes.
        allow_missing: take classes without images.

    Raises:
        DataError: a class lacks images in a part; all are named.
    """
    lacking = {part: [one for one in ordered(known) if one not in there] for part, there in present.items()}
    lacking = {part: classes for part, classes in lacking.items() if classes}
    if allow_missing or not lacking:
        return
    told = "; ".join(f"none of {listed(classes)} in {part}" for part, classes in lacking.items())
    raise DataError(
        f"{name} lacks images of some classes: {told}.{_alike(known)} Give each part the same classes, or allow "
        "classes without images (--allow-missing-classes)."
    )


def check_order(name: str, first: Sequence[str], second: Sequence[str], parts: tuple[str, str]) -> None:
    """Check that two parts of a data set list the same classes in the same order.

    Raises:
        DataError: they do not; the first label that differs is named.
    """
    if tuple(first) == tuple(second):
        return
    for label, (one, two) in enumerate(zip(first, second, strict=False)):
        if one != two:
            what = f"label {label} is {one!r} in {parts[0]} and {two!r} in {parts[1]}"
            break
    else:
        what = f"{parts[0]} has {len(first)} and {parts[1]} {len(second)}"
    raise DataError(f"{name} has other classes in {parts[0]} than in {parts[1]}: {what}. List the same in both.")


def listed(names: Collection[str]) -> str:
    """Some names of many: the first ten, and how many more there are."""
    shown = ", ".join(list(names)[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _alike(names: Collection[str]) -> str:
    """Names that differ by case or by spaces around them alone, as far as there are any."""
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        groups.setdefault(name.strip().casefold(), []).append(name)
    pairs = [" and ".join(map(repr, group)) for group in groups.values() if len(group) > 1]
    return f" These differ by case or spaces alone, and are probably one class: {listed(pairs)}." if pairs else ""
