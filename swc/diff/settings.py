"""Recipe and sharing settings as flat lists of names and values, for programs: one value at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import Enum
from typing import Any

import attrs

from swc.family import Augment, Family, Hint
from swc.family.written import augment, bounds, hint, number

_WORDS = {
    "clustering": "clusters",
    "refinement": "refine",
    "ties": "tie",
    "aparts": "apart",
    "template_hints": "templates_for",
    "bin_hints": "bins_for",
    "hand_made": "cluster",
}


def settings(family: Family, *, without: Collection[str] = ()) -> dict[str, str]:
    """What ``train`` and ``share`` say, such as ``train.optimizer.lr``: ``0.1``; hints by their patterns.

    Args:
        family: whose settings.
        without: kinds of hints to leave out (``tie``, ``templates_for``, ...).
    """
    found = dict([*_flat("train", family.recipe), *_flat("share", family.sharing)])
    return {name: value for name, value in found.items() if name.removeprefix("share.") not in without}


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if attrs.has(type(value)) and not isinstance(value, Hint):
        for field in attrs.fields(type(value)):
            if field.eq:  # places in the text do not count
                inner = getattr(value, field.name)
                inner = bounds(inner) if field.name == "templates" else inner
                yield from _flat(f"{name}.{_WORDS.get(field.name, field.name)}", inner)
    else:
        yield name, _text(value)


def _text(value: Any) -> str:
    match value:
        case Hint():
            text = hint(value)
        case Augment():
            text = augment(value)
        case Enum():
            text = str(value.value)
        case None | ():
            text = "none"
        case bool():
            text = str(value).lower()
        case float():
            text = number(value)
        case tuple():
            text = ("; " if isinstance(value[0], Hint) else ", ").join(map(_text, value))
        case _:
            text = str(value)
    return text
