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


_POWERS = {
    **dict.fromkeys(("momentum_buffer", "exp_avg", "exp_inf"), 1),
    **dict.fromkeys(("exp_avg_sq", "max_exp_avg_sq", "square_avg", "sum"), 2),
}
"""How torch's optimizers name what they remember, and with which power of the gradient each grows."""


def carry_over(optimizer: Optimizer, parameters: Mapping[str, nn.Parameter], moves: Iterable[Move]) -> None:
    """Let the optimizer's rows (momentum) follow the coefficient rows that ``moves`` say were copied or left.

    The gradient of a shared vector is the sum over the layers that read it, and so is what is remembered of it. Each
    copy gets the share that its own layers have in that sum, by their number: what is linear in the gradient is
    scaled by the share, what is quadratic by its square. The rows of what became of one vector sum to what it
    remembered. State of other kinds is copied as it is.
    """
    with torch.no_grad():
        for name, source, target, share in moves:
            parameter = parameters[name]
            for kind, value in optimizer.state.get(parameter, {}).items():
                if isinstance(value, Tensor) and value.shape == parameter.shape:
                    value[target] = value[source] * share ** _POWERS.get(kind, 0)
