"""Where an architecture gets its layers from: weights of their own, or the SuperWeights of a bank."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self, TypeVar

import torch
from torch import nn

from swc_runtime.bank import SuperWeightBank
from swc_runtime.errors import PlanError, near
from swc_runtime.initialization import kaiming_
from swc_runtime.layers import SharedConv2d, SharedLinear

Pair = int | tuple[int, ...]
"""A size: one number for both directions, or (height, width)."""
LayerT = TypeVar("LayerT", nn.Conv2d, nn.Linear)


class Weights(ABC):
    """Hands out layers under a scope; an architecture is built by asking it for each layer by name."""

    @abstractmethod
    def scope(self, name: str) -> Self:
        """Return the same source of weights with ``name`` added to the path of the layers' names."""

    @abstractmethod
    def conv2d(
        self,
        name: str,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        *,
        stride: Pair = 1,
        padding: Pair | None = None,
        groups: int = 1,
        bias: bool = False,
    ) -> nn.Module:
        """Return a convolution; ``padding`` defaults to half the kernel, which keeps the size at stride 1."""

    @abstractmethod
    def linear(self, name: str, in_features: int, out_features: int, *, bias: bool = True) -> nn.Module:
        """Return a linear layer."""


class PlainWeights(Weights):
    """Weights of their own: ``nn.Conv2d`` and ``nn.Linear``, Kaiming normal by fan-in, biases zero."""

    def scope(self, name: str) -> Self:
        """Return itself: plain layers have no need of names."""
        del name
        return self

    def conv2d(
        self,
        name: str,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        *,
        stride: Pair = 1,
        padding: Pair | None = None,
        groups: int = 1,
        bias: bool = False,
    ) -> nn.Conv2d:
        """Return an ordinary convolution."""
        del name
        kernel = _pair(kernel_size)
        conv = nn.Conv2d(
            in_channels, out_channels, kernel, _pair(stride), _padding(padding, kernel), groups=groups, bias=bias
        )
        return _initialised(conv)

    def linear(self, name: str, in_features: int, out_features: int, *, bias: bool = True) -> nn.Linear:
        """Return an ordinary linear layer."""
        del name
        return _initialised(nn.Linear(in_features, out_features, bias=bias))


class SharedWeights(Weights):
    """The SuperWeights of ``bank`` for the layers that share, plain layers for all others.

    Raises:
        PlanError: a layer is built twice, or not as the plan says.
    """

    def __init__(self, bank: SuperWeightBank, path: str = "", built: set[str] | None = None) -> None:
        self._bank = bank
        self._path = path
        self._built = set() if built is None else built
        self._plain = PlainWeights()

    def scope(self, name: str) -> Self:
        """Return the same source under the path ``name``."""
        return type(self)(self._bank, self._join(name), self._built)

    def conv2d(
        self,
        name: str,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        *,
        stride: Pair = 1,
        padding: Pair | None = None,
        groups: int = 1,
        bias: bool = False,
    ) -> nn.Module:
        """Return a shared convolution if the plan names the layer, otherwise an ordinary one."""
        kernel = _pair(kernel_size)
        if in_channels % groups:
            raise PlanError(
                f"layer {self._join(name)!r}: {in_channels} input channels do not divide by {groups} groups"
            )
        full = self._claim(name, (out_channels, in_channels // groups, *kernel))
        if full not in self._bank.layers:
            return self._plain.conv2d(
                name, in_channels, out_channels, kernel, stride=stride, padding=padding, groups=groups, bias=bias
            )
        return SharedConv2d(
            self._bank, full, stride=_pair(stride), padding=_padding(padding, kernel), groups=groups, bias=bias
        )

    def linear(self, name: str, in_features: int, out_features: int, *, bias: bool = True) -> nn.Module:
        """Return a shared linear layer if the plan names the layer, otherwise an ordinary one."""
        full = self._claim(name, (out_features, in_features, 1, 1))
        if full not in self._bank.layers:
            return self._plain.linear(name, in_features, out_features, bias=bias)
        return SharedLinear(self._bank, full, bias=bias)

    def check_complete(self) -> None:
        """Raise PlanError unless every layer of the plan was built."""
        missing = [name for name in self._bank.layers if name not in self._built]
        if missing:
            raise PlanError(
                f"the plan shares {len(missing)} layers that no architecture builds: {', '.join(missing[:5])}"
                f"{', ...' if len(missing) > 5 else ''}{near(missing[0], self._built)}; compile the spec again"
            )

    def _join(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def _claim(self, name: str, shape: tuple[int, int, int, int]) -> str:
        full = self._join(name)
        if full in self._built:
            raise PlanError(f"layer {full!r} is built twice: give each layer a name of its own")
        self._built.add(full)
        layer = self._bank.layers.get(full)
        if layer is not None and layer.shape != shape:
            raise PlanError(
                f"layer {full!r} has a weight of shape {shape} (out, in, kh, kw), but the plan says {layer.shape}; "
                "compile the spec again"
            )
        return full


def _pair(value: Pair) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    if len(value) != 2:
        raise PlanError(f"a size is a number or (height, width), not {value}")
    return value[0], value[1]


def _padding(padding: Pair | None, kernel: tuple[int, int]) -> tuple[int, int]:
    return (kernel[0] // 2, kernel[1] // 2) if padding is None else _pair(padding)


def _initialised(layer: LayerT) -> LayerT:
    kaiming_(layer.weight, layer.weight[0].numel())
    if layer.bias is not None:
        with torch.no_grad():
            layer.bias.zero_()
    return layer
