"""Many layer names in few words: ``deep.group1.*`` or ``deep.group2.0-3.conv1``, each with the number it stands for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from attrs import frozen

from swc.diagnostics.words import count
from swc.lock.moves import Move

LONGEST = 8
"""Lines or groups of layers that a list for people has at most."""


@frozen
class Pattern:
    """What some layers have in common, and their names."""

    text: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return self.text if len(self.names) == 1 else f"{self.text} ({len(self.names)})"


def patterns(names: Iterable[str], known: Collection[str]) -> list[Pattern]:
    """Group layers by their member and the first label on the way to them.

    Args:
        names: full names of layers.
        known: all layers there are: a group that leaves none out is written with ``*``.
    """
    groups = _by_stem(names)
    every = _by_stem(known)
    found = [Pattern(_pattern(stem, own, every.get(stem, own)), tuple(own)) for stem, own in groups.items()]
    return list(_members(found, known))


def _by_stem(names: Iterable[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(".".join(name.split(".")[:2]), []).append(name)
    return groups


def _members(found: Sequence[Pattern], known: Collection[str]) -> Iterator[Pattern]:
    """Join the patterns of a member where together they are all of its layers."""
    members: dict[str, list[Pattern]] = {}
    for pattern in found:
        members.setdefault(pattern.names[0].partition(".")[0], []).append(pattern)
    for member, own in members.items():
        names = tuple(name for pattern in own for name in pattern.names)
        if len(own) > 1 and len(names) == sum(name.startswith(f"{member}.") for name in known):
            yield Pattern(f"{member}.*", names)
        else:
            yield from own


def _pattern(stem: str, names: Sequence[str], every: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    if len(names) == len(every):
        return f"{stem}.*"
    rounds: dict[str, list[str]] = {}
    for name in names:
        number, _, rest = name.removeprefix(f"{stem}.").partition(".")
        rounds.setdefault(number, []).append(rest)
    if not all(number.isdigit() for number in rounds):
        return f"{stem}.{{{', '.join(name.removeprefix(f'{stem}.') for name in names)}}}"
    whole = [n for n in every if n.removeprefix(f"{stem}.").partition(".")[0] in rounds]
    tails = {tuple(rest) for rest in rounds.values()}
    rest = "*"
    if len(whole) != len(names) and len(tails) == 1:
        (same,) = tails
        rest = same[0] if len(same) == 1 else f"{{{', '.join(same)}}}"
    return f"{stem}.{_ranges(sorted(map(int, rounds)))}.{rest}"


def _ranges(numbers: Sequence[int]) -> str:
    """``0-3`` or ``0, 2-3`` in braces."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    texts = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    return texts[0] if len(texts) == 1 else f"{{{', '.join(texts)}}}"


def told_moves(moves: Iterable[Move], known: Collection[str]) -> Iterator[str]:
    """Lines that say which layers went from where to where."""
    groups: dict[tuple[str | None, str | None], list[str]] = {}
    for move in moves:
        groups.setdefault((move.before, move.after), []).append(move.layer)
    for (before, after), names in groups.items():
        shown = [str(pattern) for pattern in patterns(names, known)]
        rest = [f"and {count(len(shown) - LONGEST, 'more group')}"] if len(shown) > LONGEST else []
        told = ", ".join(shown[:LONGEST] + rest)
        yield f"{_home(before)} → {_home(after)}: {count(len(names), 'layer')}: {told}"


def _home(cluster: str | None) -> str:
    return cluster or "weights of their own"
