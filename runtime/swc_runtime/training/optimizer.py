"""The optimizer of a recipe, and moving its memory when coefficient vectors part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from swc_runtime.family import Family
from swc_runtime.problems import TrainingError
from swc_runtime.recipe import Sgd
from swc_runtime.regroup import Move


def make_optimizer(family: Family, recipe: Sgd, lr: float) -> SGD:
    """Momentum SGD; the family says which of its parameters decay (coefficients never do).

    Raises:
        TrainingError: Nesterov's momentum without momentum, or a rate below zero.
    """
    try:
        return SGD(family.parameter_groups(recipe.decay), lr=lr, momentum=recipe.momentum, nesterov=recipe.nesterov)
    except ValueError as problem:
        raise TrainingError(f"The recipe's optimizer is not possible: {problem}.") from problem


def carry_over(optimizer: Optimizer, parameters: Mapping[str, nn.Parameter], moves: Iterable[Move]) -> None:
    """Copy the optimizer's rows (momentum) along with the coefficient rows that ``moves`` say were copied."""
    with torch.no_grad():
        for name, source, target in moves:
            parameter = parameters[name]
            for value in optimizer.state.get(parameter, {}).values():
                if isinstance(value, Tensor) and value.shape == parameter.shape:
                    value[target] = value[source]
