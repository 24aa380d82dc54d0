"""Assignments of families that torch.func transforms: the numbers behind its wrappers."""

from __future__ import annotations

import torch
from torch import Tensor

from swc_runtime.problems import SharedWeightError

_functorch = torch._C._functorch  # noqa: SLF001 - torch has no public way to look behind a transformation


def is_transformed(tensor: Tensor) -> bool:
    """Whether a transformation of torch.func (vmap, grad, ...) has wrapped ``tensor``."""
    return bool(_functorch.is_functorch_wrapped_tensor(tensor))


def plain(rows: Tensor) -> Tensor:
    """Return an assignment without the wrappers of transformations; one for all families that are stacked.

    Raises:
        SharedWeightError: the stacked families share differently.
    """
    while is_transformed(rows):
        dimension = _functorch.maybe_get_bdim(rows)
        rows = _functorch.get_unwrapped(rows)
        if dimension >= 0:
            with torch._C._DisableFuncTorch():  # noqa: SLF001
                stack = rows.movedim(dimension, 0)
                if not torch.equal(stack, stack[:1].expand_as(stack)):
                    raise SharedWeightError(
                        "the stacked families were split differently, and vmap runs one computation for all of them: "
                        "stack families whose layers share alike (family.bank.groups)"
                    )
                rows = stack[0]
    return rows
