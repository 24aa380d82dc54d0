"""Layers by kernel size, then by bin of relative depth, then by what hints keep apart: what clusters begin as.

A part is a list of tied groups (:func:`swc.plan.hints.tied_groups`), which nothing may take apart. Its name says where
it comes from: ``conv3x3``, ``conv3x3-bin2``, ``conv3x3-bin2-part1``, and ``conv3x3-back`` for a cluster made by hand.
"""

from __future__ import annotations

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

    def parts(self, bins: int) -> dict[str, Part]:
        """One part per kernel size and bin, or several where hints keep layers apart.

        Layers that are tied stay together: their depth is the mean of theirs.
        """
        groups: dict[str, list[tuple[Layer, ...]]] = {}
        for group in self._groups:
            name = kernel_name(group)
            if group[0].name in self._made:
                name += f"-{self._made[group[0].name]}"
            elif bins > 1:
                depth = fsum(layer.depth for layer in group) / len(group)
                name += f"-bin{min(int(depth * bins), bins - 1) + 1}"
            groups.setdefault(name, []).append(group)
        found: dict[str, Part] = {}
        for name, own in groups.items():
            parts = self._kept_apart(own)
            found |= {name if len(parts) == 1 else f"{name}-part{k}": part for k, part in enumerate(parts, 1)}
        return found

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
        """Split tied groups into as few parts as come of putting each into the first part that it agrees with.

        Only the groups' sides matter, so parts keep the distinct ones, not every layer.
        """
        parts: list[list[tuple[Layer, ...]]] = []
        seen: list[set[tuple[int | None, ...]]] = []
        hints = len(self.family.sharing.aparts)
        for group in groups:
            own = merged_sides((self._sides[layer.name] for layer in group if layer.name in self._sides), hints)
            for part, kinds in zip(parts, seen, strict=True):
                if own in kinds or all(agree(own, kind) for kind in kinds):
                    part.append(group)
                    kinds.add(own)
                    break
            else:
                parts.append([group])
                seen.append({own})
        return list(parts)
