"""Layers by kernel size, then by bin of relative depth, then by what hints keep apart: what clusters begin as.

A part is a list of tied groups (:func:`swc.plan.hints.tied_groups`), which nothing may take apart. Its name says where
it comes from: ``conv3x3``, ``conv3x3-bin2``, ``conv3x3-bin2-part1``, ``conv3x3-bin1of4`` where a hint asks for four
bins, and ``conv3x3-back`` for a cluster made by hand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import fsum

from attrs import frozen

from swc.family import Family, Kind, Layer
from swc.plan.hints import agree, apart_sides, hand_made, size, tied_groups

Part = Sequence[tuple[Layer, ...]]
"""Tied groups that are in one cluster."""

Clusters = dict[str, tuple[str, ...]]
"""Layer names by the name of their cluster."""


def _depth(group: Sequence[Layer]) -> float:
    """The mean depth of tied layers, from 0 to 1."""
    return fsum(layer.depth for layer in group) / len(group)


def _bin(depth: float, bins: int) -> int:
    """Which of the bins a depth from 0 to 1 falls into, counted from 1."""
    return min(int(depth * bins), bins - 1) + 1


def kernel_name(layers: Sequence[Layer]) -> str:
    """``linear`` for linear layers among themselves, otherwise ``conv`` and the kernel size."""
    if all(layer.kind is Kind.LINEAR for layer in layers):
        return "linear"
    return f"conv{size(layers[0])}"


def merged_sides(sides: Iterable[tuple[int | None, ...]], hints: int) -> tuple[int | None, ...]:
    """The sides of a tied group: for each ``apart`` the one pattern that matches any of its layers."""
    merged: list[int | None] = [None] * hints
    for found in sides:
        merged = [new if old is None else old for old, new in zip(merged, found, strict=True)]
    return tuple(merged)


def _by_pattern(kind: tuple[int | None, ...]) -> tuple[tuple[bool, int], ...]:
    return tuple((side is None, side or 0) for side in kind)


@frozen(slots=False, eq=False)
class Binning:
    """Puts the shareable layers of a family into parts, for any number of bins."""

    family: Family

    @cached_property
    def _groups(self) -> tuple[tuple[Layer, ...], ...]:
        return tied_groups(self.family)

    @cached_property
    def _made(self) -> Mapping[str, str]:
        return hand_made(self.family)

    @cached_property
    def _sides(self) -> Mapping[str, tuple[int | None, ...]]:
        return apart_sides(self.family)

    @cached_property
    def _position(self) -> Mapping[str, int]:
        return {layer.name: index for index, layer in enumerate(self.family.layers)}

    @cached_property
    def _asked(self) -> Mapping[str, int]:
        """How many bins ``bins N for`` asks for, for each layer in a group with one that it names."""
        hints = self.family.sharing.bin_hints
        named = {name: hint.count for hint in hints for name in hint.all_layers}
        counts = ((group, next((named[x.name] for x in group if x.name in named), None)) for group in self._groups)
        return {layer.name: count for group, count in counts if count is not None for layer in group}

    @cached_property
    def _reach(self) -> Mapping[int, tuple[float, float]]:
        """For each number of bins that a hint asks for, the least and the greatest depth of its groups."""
        depths: dict[int, list[float]] = defaultdict(list)
        for group in self._groups:
            if group[0].name in self._asked and group[0].name not in self._made:
                depths[self._asked[group[0].name]].append(_depth(group))
        return {count: (min(own), max(own)) for count, own in depths.items()}

    def parts(self, bins: int) -> dict[str, Part]:
        """One part per kernel size and bin, or several where hints keep layers apart.

        Layers that are tied stay together: their depth is the mean of theirs. ``bins`` holds for layers of which no
        hint asks for another number.
        """
        groups: dict[str, list[tuple[Layer, ...]]] = {}
        for group in self._groups:
            groups.setdefault(kernel_name(group) + self._suffix(group, bins), []).append(group)
        found: dict[str, Part] = {}
        for name, own in groups.items():
            parts = self._kept_apart(own)
            found |= {name if len(parts) == 1 else f"{name}-part{k}": part for k, part in enumerate(parts, 1)}
        return found

    def _suffix(self, group: tuple[Layer, ...], bins: int) -> str:
        first = group[0].name
        if first in self._made:
            return f"-{self._made[first]}"
        if first in self._asked:
            count = self._asked[first]
            low, high = self._reach[count]
            return f"-bin{_bin((_depth(group) - low) / (high - low or 1.0), count)}of{count}"
        return f"-bin{_bin(_depth(group), bins)}" if bins > 1 else ""

    def is_hand_made(self, part: Part) -> bool:
        """Whether the spec makes this cluster by hand."""
        return part[0][0].name in self._made

    def clusters(self, parts: Mapping[str, Part]) -> Clusters:
        """The clusters that parts are, their layers in the family's order."""
        return {
            name: tuple(sorted((x.name for group in part for x in group), key=self._position.__getitem__))
            for name, part in parts.items()
        }

    def _kept_apart(self, groups: Part) -> list[Part]:
        """Split tied groups into as few parts as come of putting each kind into the first part that it agrees with.

        A kind is what the hints say that part these groups. The order is that of their patterns, and what no pattern
        matches comes last, into the first part: which members there are, and in which order, does not matter.
        """
        hints = len(self.family.sharing.aparts)
        said = [merged_sides((self._sides[x.name] for x in group if x.name in self._sides), hints) for group in groups]
        parting = [k for k in range(hints) if len({kind[k] for kind in said} - {None}) > 1]
        kinds = [tuple(kind[k] for k in parting) for kind in said]
        parts: list[list[tuple[int | None, ...]]] = []
        for kind in sorted(set(kinds), key=_by_pattern):
            home = next((part for part in parts if all(agree(kind, other) for other in part)), None)
            if home is None:
                parts.append([kind])
            else:
                home.append(kind)
        place = {kind: number for number, part in enumerate(parts) for kind in part}
        found: list[list[tuple[Layer, ...]]] = [[] for _ in parts]
        for group, kind in zip(groups, kinds, strict=True):
            found[place[kind]].append(group)
        return list(found)
