"""Layers whose weight is composed from SuperWeights."""

from __future__ import annotations

from typing import Any, NoReturn

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from torch import Tensor, nn

from swc_runtime.bank import SuperWeightBank
from swc_runtime.cancellation import checkpoint
from swc_runtime.leaves import called_in_trace
from swc_runtime.problems import SharedWeightError


class _SharedLayer(nn.Module):
    bias: nn.Parameter | None
    _bank: SuperWeightBank

    def __init__(self, bank: SuperWeightBank, name: str, bias: int | None) -> None:
        super().__init__()
        self.name = name
        # Not registered: the family owns the bank, once. A deep copy of the family binds the copies to the copied bank.
        object.__setattr__(self, "_bank", bank)
        self._parameters["weight"] = None  # tools that look for a parameter find one to ask for, and are answered below
        self.bias = None if bias is None else nn.Parameter(torch.zeros(bias))

    @property
    def weight(self) -> Tensor:
        """The weight as the bank composes it now, differentiable; not for a call that is no longer waited for."""
        checkpoint()
        return self._bank.weight(self.name)

    def register_parameter(self, name: str, param: nn.Parameter | None) -> None:
        """Add a parameter; none that would stand for the weight (pruning, weight norm).

        Raises:
            SharedWeightError: it would.
        """
        if name.partition("_")[0] == "weight":
            self._parameters["weight"] = None  # weight_norm has removed it first
            raise self._not_its_own()
        super().register_parameter(name, param)

    def __delattr__(self, name: str) -> None:
        if name == "weight":  # parametrizations put themselves into its place
            raise self._not_its_own()
        super().__delattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "weight" and not isinstance(value, nn.Parameter):  # which is registered, and refused there
            raise self._not_its_own()
        super().__setattr__(name, value)

    def __prepare_scriptable__(self) -> NoReturn:
        raise SharedWeightError(
            f"torch.jit.script cannot compile layer {self.name!r}, whose weight comes from outside of it: script the "
            "frozen member (family.freeze()), or use torch.compile or torch.export"
        )

    def _replicate_for_data_parallel(self) -> NoReturn:
        raise SharedWeightError(
            f"nn.DataParallel cannot replicate layer {self.name!r}: replicas of layers would part from the "
            "SuperWeights they are composed from; use torch.nn.parallel.DistributedDataParallel"
        )

    def _not_its_own(self) -> SharedWeightError:
        return SharedWeightError(
            f"the weight of layer {self.name!r} is composed from SuperWeights, and is no parameter that could be "
            'replaced: prune or parametrize the templates instead (family.bank.template_bank(name), "templates"), or '
            "a member with weights of its own (family.freeze())"
        )


class SharedConv2d(_SharedLayer):
    """A 2-D convolution, (B, in, H, W) to (B, out, H', W'), whose weight comes from the bank; the bias is its own."""

    def __init__(
        self,
        bank: SuperWeightBank,
        name: str,
        *,
        stride: tuple[int, int],
        padding: tuple[int, int],
        groups: int,
        bias: bool,
    ) -> None:
        super().__init__(bank, name, bank.layers[name].shape[0] if bias else None)
        self.stride = stride
        self.padding = padding
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``x`` (B, in, H, W)."""
        if type(x) is not Tensor and (traced := called_in_trace(self, x)) is not None:
            return traced
        weight = self._bank.composer.weight_to_use(self.name)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, 1, self.groups)

    def extra_repr(self) -> str:
        """Say what is convolved, and where the weight comes from."""
        out, inputs, *kernel = self._bank.layers[self.name].shape
        groups = f", groups={self.groups}" if self.groups > 1 else ""
        return (
            f"{inputs * self.groups}, {out}, kernel_size={tuple(kernel)}, stride={self.stride}, "
            f"padding={self.padding}{groups}, bias={self.bias is not None}, {_origin(self._bank, self.name)}"
        )


class SharedLinear(_SharedLayer):
    """A linear layer, (..., in) to (..., out), whose weight comes from the bank; the bias is its own."""

    def __init__(self, bank: SuperWeightBank, name: str, *, bias: bool) -> None:
        super().__init__(bank, name, bank.layers[name].shape[0] if bias else None)
        bank.flatten_weights_of(name)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``x`` (..., in)."""
        if type(x) is not Tensor and (traced := called_in_trace(self, x)) is not None:
            return traced
        return F.linear(x, self._bank.composer.weight_to_use(self.name), self.bias)

    def extra_repr(self) -> str:
        """Say what is mapped, and where the weight comes from."""
        out, inputs = self._bank.layers[self.name].shape[:2]
        return f"{inputs}, {out}, bias={self.bias is not None}, {_origin(self._bank, self.name)}"


def _origin(bank: SuperWeightBank, name: str) -> str:
    layer = bank.layers[name]
    return f"layer={name}, cluster={layer.cluster}, superweights={len(layer.superweights)}"
