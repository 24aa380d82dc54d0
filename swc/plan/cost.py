"""What a family costs before anything is shared, and how close to the budget a plan should come."""

from __future__ import annotations

from attrs import frozen

from swc.family import Family
from swc.plan.hints import shareable_layers

_LARGE = 1_000_000


@frozen
class FixedCost:
    """Parameters that no plan can change: norms, biases and the weights of layers that own theirs."""

    norms: int
    biases: int
    weights: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.norms + self.biases + self.weights


def fixed_cost(family: Family) -> FixedCost:
    """Add up what stays outside the SuperWeights."""
    shared = {layer.name for layer in shareable_layers(family)}
    return FixedCost(
        norms=sum(member.norm_parameters for member in family.members),
        biases=sum(layer.out for layer in family.layers if layer.bias),
        weights=sum(layer.weights for layer in family.layers if layer.name not in shared),
    )


def available(family: Family) -> int:
    """Parameters left for templates and coefficients; negative if even the fixed cost exceeds the budget."""
    return family.budget.parameters - fixed_cost(family).total


def slack(budget: int) -> int:
    """Parameters that may stay unspent: a thousandth of budgets above a million, a hundredth of smaller ones."""
    return budget // 1000 if budget > _LARGE else budget // 100
