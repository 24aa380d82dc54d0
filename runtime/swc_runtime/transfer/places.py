"""What of a family holds numbers, by name: layers, heads and norms, whether they share or not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import torch
from torch import Tensor, nn

from swc_runtime.evaluating import evaluation_view
from swc_runtime.family import Family
from swc_runtime.layers import SharedConv2d, SharedLinear

_LAYERS = (SharedConv2d, SharedLinear, nn.Conv2d, nn.Linear)


class Kind(StrEnum):
    """What a module is. Everything that is no convolution and no linear layer is told as a norm."""

    LAYER = "layer"
    HEAD = "head"
    NORM = "norm"


@dataclass(frozen=True)
class Place:
    """A module of a member that owns parameters or buffers, or draws its weight from the bank."""

    name: str
    kind: Kind
    module: nn.Module

    @property
    def shared(self) -> str | None:
        """The name that the bank knows the layer by, or None where its weight is its own."""
        return self.module.name if isinstance(self.module, SharedConv2d | SharedLinear) else None

    @property
    def weight(self) -> Tensor | None:
        """The weight of a layer or head, composed where it shares; None of a norm."""
        if self.kind is Kind.NORM:
            return None
        weight = self.module.weight
        assert isinstance(weight, Tensor)  # noqa: S101 - for the type checker
        return weight.detach()

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of what it computes with: of a layer its weight, of a norm all of its tensors."""
        weight = self.weight
        found = self.own if weight is None else {"weight": weight}
        return {name: tuple(tensor.shape) for name, tensor in found.items()}

    @property
    def own(self) -> dict[str, Tensor]:
        """Its own parameters and buffers."""
        module = self.module
        return {**dict(module.named_parameters(recurse=False)), **dict(module.named_buffers(recurse=False))}


def places(family: Family) -> dict[str, Place]:
    """Everything of the members that holds numbers, by ``member.path``, in the order of the members."""
    heads = _heads(family)
    found = {}
    for member, root in family.members.items():
        for path, module in root.named_modules():
            name = f"{member}.{path}" if path else member
            if isinstance(module, _LAYERS):
                kind = Kind.HEAD if name in heads else Kind.LAYER
                found[name] = Place(name, kind, module)
            elif Place(name, Kind.NORM, module).own:
                found[name] = Place(name, Kind.NORM, module)
    return found


@torch.no_grad()
def _heads(family: Family) -> set[str]:
    """The layers whose output a member returns, found by calling each member on an empty image."""
    image = next(family.parameters()).new_zeros(1, *family.input)
    found: set[str] = set()
    for member, root in family.members.items():
        found |= {f"{member}.{path}" for path in _returned(evaluation_view(root), image)}
    return found


def _returned(member: nn.Module, image: Tensor) -> set[str]:
    """The paths of the layers of a member whose output is what the member returns."""
    outputs: list[tuple[str, object]] = []

    def keep(path: str, _module: nn.Module, _inputs: object, output: object) -> None:
        outputs.append((path, output))

    handles = [
        module.register_forward_hook(partial(keep, path))
        for path, module in member.named_modules()
        if isinstance(module, _LAYERS)
    ]
    try:
        result = member(image)
    finally:
        for handle in handles:
            handle.remove()
    return {path for path, output in outputs if output is result}
