"""Frozen members: the same architectures as plain modules that hold their weights themselves."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from swc_runtime.layers import SharedConv2d, SharedLinear
from swc_runtime.weights import PlainWeights, Weights


@torch.no_grad()
def frozen(member: nn.Module, build: Callable[[Weights], nn.Module]) -> nn.Module:
    """Return ``build(PlainWeights())`` in evaluation mode with a copy of everything that ``member`` computes with."""
    with torch.device("meta"):  # nothing is drawn or allocated: every tensor is set below
        plain = build(PlainWeights())
    tensors: dict[str, Tensor] = {
        _path(name): tensor for name, tensor in (*member.named_parameters(), *member.named_buffers())
    }
    for path, module in member.named_modules():
        if isinstance(module, SharedConv2d | SharedLinear):
            tensors[_path(f"{path}.weight")] = module.weight
    for path, module in plain.named_modules():
        prefix = f"{path}." if path else ""
        for name, parameter in module.named_parameters(recurse=False):
            copy = _copy(tensors[prefix + name])
            setattr(module, name, nn.Parameter(copy, requires_grad=parameter.requires_grad))
        for name, _ in module.named_buffers(recurse=False):
            setattr(module, name, _copy(tensors[prefix + name]))
    return plain.eval()


def _path(name: str) -> str:
    """A tensor's path where nothing is compiled: what ``torch.compile`` returns holds the module under a name."""
    return ".".join(part for part in name.split(".") if part and part != "_orig_mod")


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().clone()
