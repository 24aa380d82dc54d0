"""Refinement of coefficient sharing (paper sec. 2.2.2): which layers' coefficient gradients agree, and what came of it.

The action itself, in the middle of a training, is ``swc_runtime.training.refine``.
"""

from __future__ import annotations

from collections.abc import Mapping
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
        epoch: after how many epochs of hard sharing.
        threshold: β.
        shared: SuperWeights that more than one layer uses (and that hold room for more vectors).
        split: those of them whose layers parted.
        vectors: coefficient vectors of the shared SuperWeights now in use.
        groups: for each SuperWeight that was split, its groups of layers.
    """

    epoch: int
    threshold: float
    shared: int
    split: int
    vectors: int
    groups: dict[str, Groups]

    def text(self) -> str:
        """One sentence for people."""
        return (
            f"{self.split} of {self.shared} shared SuperWeights split after epoch {self.epoch} "
            f"(β = {self.threshold:g}): {self.shared} coefficient vectors became {self.vectors}"
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

    Args:
        bank: hard-shared so far.
        gradients: layer name to the gradient of its weight.
        threshold: β.
    """
    result: dict[str, Groups] = {}
    for name, superweight in bank.superweights.items():
        if len(superweight.users) < 2 or superweight.vectors < 2:
            continue
        coefficients = {layer: bank.coefficient_gradients(name, layer, gradients[layer]) for layer in superweight.users}
        result[name] = group_by_similarity(superweight.users, cosines(coefficients), threshold)
    return result
