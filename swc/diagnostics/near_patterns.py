"""The pattern that a person probably meant where one matches no layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import combinations, islice, product

from swc.diagnostics.names import near_names

_NEAR = 3
"""Near names that are tried for each part of a pattern."""

_SLIPS = 3
"""Parts that are corrected at once."""

_SPELLINGS, _TRIED = 50, 400
"""Ways of spelling the parts, and patterns altogether, that are tried."""


def near_pattern(pattern: str, names: Sequence[str]) -> str | None:
    """A pattern that matches some of the layers' names, as little different from the one written as can be.

    A part that no name has is replaced by one that is near, and a name that is only a part of the way is completed: by
    `*` before (`stem`), after (`deep.group1`) or between (`deep.conv1`).
    """
    for corrected in islice(_candidates(pattern, names), _TRIED):
        if corrected != pattern and any(fnmatchcase(name, corrected) for name in names):
            return corrected
    return None


def _candidates(pattern: str, names: Sequence[str]) -> Iterator[str]:
    members = {name.partition(".")[0] for name in names}
    labels = {part for name in names for part in name.split(".")[1:]}
    parts = pattern.split(".")
    choices = [_choices(parts[0], [members, labels]), *(_choices(part, [labels]) for part in parts[1:])]
    spelled = list(islice(_spelled(choices), _SPELLINGS))
    for form in (_as_it_is, _completed):
        for found in spelled:
            yield from form(found)


def _choices(part: str, known: Sequence[set[str]]) -> list[str]:
    """What a part may be meant as: itself first, then names of the first set that are near, and so on."""
    if any(part in names for names in known):
        return [part]
    if "*" in part or "?" in part:
        return list(dict.fromkeys([part, part.lower()]))
    return [part, *(near for names in known for near in near_names(part, names, _NEAR))]


def _spelled(choices: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """The parts with none corrected, then with one, two, three."""
    for slips in range(_SLIPS + 1):
        for places in combinations(range(len(choices)), slips):
            for corrected in product(*(choices[place][1:] for place in places)):
                replaced = dict(zip(places, corrected, strict=True))
                yield [replaced.get(k, found[0]) for k, found in enumerate(choices)]


def _as_it_is(parts: Sequence[str]) -> Iterator[str]:
    yield ".".join(parts)


def _completed(parts: Sequence[str]) -> Iterator[str]:
    written = ".".join(parts)
    yield f"*.{written}"
    yield f"{written}.*"
    yield f"*.{written}.*"
    for k in range(1, len(parts)):
        between = ".".join([*parts[:k], "*", *parts[k:]])
        yield from (between, f"*.{between}")
