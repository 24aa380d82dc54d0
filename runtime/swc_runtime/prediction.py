"""Prediction: class probabilities averaged over members that are named, or chosen for a deadline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from swc_runtime.family import Family


def choose(family: Family, batch: int, members: Sequence[str] | None, budget_ms: float | None) -> tuple[str, ...]:
    """The members that a prediction for ``batch`` examples takes.

    Raises:
        ValueError: an unknown member, both ``members`` and ``budget_ms``, or no measured subset that fits.
    """
    if budget_ms is not None:
        if members is not None:
            raise ValueError("predict takes either members or budget_ms, not both")
        if family.frontier is None:
            raise ValueError("budget_ms needs a measured frontier: measure it on this machine (swc anytime) first")
        members = family.frontier.choose(batch, budget_ms)
    return family.chosen(members)


def average(logits: Tensor) -> Tensor:
    """The mean over members of the probabilities of ``logits`` (members, batch, classes): (batch, classes)."""
    dtype = torch.promote_types(logits.dtype, torch.float32)  # half precision is too coarse to average in
    return logits.softmax(-1, dtype=dtype).mean(0)
