"""Refinement of coefficient sharing (paper sec. 2.2.2): which layers' coefficient gradients agree, and what came of it.

The action itself, in the middle of a training, is ``swc_runtime.training.refine``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from swc_runtime.bank import SuperWeightBank
from swc_runtime.cosines import cosines
from swc_runtime.grouping import Groups, group_by_similarity


@dataclass(frozen=True)
class RefinementSummary:
    """What refinement did.

    Attributes:
        epoch: after how many epochs.
        threshold: β.
        shared: SuperWeights that more than one layer uses (and that hold room for more vectors).
        split: those of them of which layers parted.
        before: coefficient vectors of the shared SuperWeights that were in use before; with hard sharing, one each.
        vectors: those in use now.
        groups: for each SuperWeight that was split, its groups of layers now.
    """

    epoch: int
    threshold: float
    shared: int
    split: int
    before: int
    vectors: int
    groups: dict[str, Groups]

    def text(self) -> str:
        """One sentence for people."""
        return (
            f"{self.split} of {self.shared} shared SuperWeights split after epoch {self.epoch} "
            f"(β = {self.threshold:g}): {self.before} coefficient vectors became {self.vectors}"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> RefinementSummary:
        """The inverse of ``to_json``."""
        groups = {name: tuple(tuple(group) for group in value) for name, value in content["groups"].items()}
        return cls(**{**content, "groups": groups})


def coefficient_groups(bank: SuperWeightBank, gradients: Mapping[str, Tensor], threshold: float) -> dict[str, Groups]:
    """For each SuperWeight that can be split, the groups of its layers whose coefficient gradients agree (eq. 3).

    Layers that read different vectors already are in different groups: their gradients belong to different points.

    Args:
        bank: hard-shared so far, or split before.
        gradients: layer name to the gradient of its weight.
        threshold: β.
    """
    result: dict[str, Groups] = {}
    for name, superweight in bank.superweights.items():
        if len(superweight.users) < 2 or superweight.vectors < 2:
            continue
        coefficients = {layer: bank.coefficient_gradients(name, layer, gradients[layer]) for layer in superweight.users}
        similar = cosines(coefficients)
        parts = [part for group in bank.groups(name) for part in _within(group, similar, threshold)]
        result[name] = tuple(sorted(parts, key=lambda part: superweight.users.index(part[0])))
    return result


def _within(group: Sequence[str], similar: Mapping[tuple[str, str], float], threshold: float) -> Groups:
    """The parts of a group of layers that read one vector."""
    own = {pair: value for pair, value in similar.items() if pair[0] in group and pair[1] in group}
    return group_by_similarity(group, own, threshold)
