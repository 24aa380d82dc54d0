"""Shared layers in traces of torch.fx: called as they are, so that no weight of the moment is baked in."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.fx import Proxy

from swc_runtime.problems import SharedWeightError


def called_in_trace(module: nn.Module, x: Any) -> Tensor | None:
    """Record a call of ``module`` where ``x`` stands for a tensor in a trace, and return what stands for its result.

    None for anything else. Tracers know the layers of torch as leaves, and would look into those of others.
    """
    if not isinstance(x, Proxy):
        return None
    tracer: Any = x.tracer
    return tracer.create_proxy("call_module", tracer.path_of_module(module), (x,), {})  # type: ignore[no-any-return]


def check_traced(error: RuntimeError) -> None:
    """Raise what ``error`` means if it came from a trace of torch.jit that does not know the bank.

    Raises:
        SharedWeightError: it did.
    """
    if "Tensor that requires grad as a constant" in str(error):
        raise SharedWeightError(
            "torch.jit.trace of a member does not reach the SuperWeights that its weights come from: trace the whole "
            "family or the frozen member (family.freeze()), or use torch.export"
        ) from None
