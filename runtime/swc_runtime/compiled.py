"""Weights for compiled evaluation: composed by an operator that does nothing while they are what they should be.

A compiled graph cannot look into a dictionary of weights that comes and goes. It reads one flat tensor per member,
which the operator ``swc::keep`` fills; traces see an operator that writes to that tensor, whatever it then does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from threading import RLock
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from swc_runtime.sources import Sources

if TYPE_CHECKING:
    from swc_runtime.bank import SuperWeightBank

_ALIGNED = 64
"""Numbers between the beginnings of two weights are a multiple of this: kernels expect aligned memory."""


@dataclass(frozen=True)
class Place:
    """Where a weight lies in the flat tensor of its member."""

    start: int
    shape: tuple[int, ...]

    @property
    def end(self) -> int:
        """The first number after it."""
        return self.start + math.prod(self.shape)


class Filled:
    """The flat tensor of one member, and what it was filled from."""

    def __init__(self, flat: Tensor) -> None:
        self.flat = flat
        self.sources: Sources | None = None

    def holds(self) -> bool:
        """Whether the tensor holds what would be composed now."""
        sources = self.sources
        return sources is not None and sources.unchanged()


class CompiledWeights:
    """The flat tensors of a bank's members; graphs know them by ``key``."""

    def __init__(self, bank: SuperWeightBank, lock: RLock) -> None:
        self.key = next(_keys)
        self.places: dict[str, Place] = {}
        self._bank = bank
        self._lock = lock
        self._sizes: dict[str, int] = {}
        self._filled: dict[str, Filled] = {}
        for name, layer in bank.layers.items():
            member = name.partition(".")[0]
            place = Place(self._sizes.get(member, 0), layer.shape)
            self.places[name] = place
            self._sizes[member] = -(-place.end // _ALIGNED) * _ALIGNED
        self.providers = {member: _provider(self.key, member) for member in self._sizes}
        _by_key[self.key] = self

    def flat(self, member: str) -> Tensor:
        """The flat tensor of a member, as the bank's parameters are; what it holds is only right after ``keep``."""
        like = next(self._bank.parameters())
        filled = self._filled.get(member)
        if filled is None or filled.flat.dtype != like.dtype or filled.flat.device != like.device:
            with torch.inference_mode(mode=False):
                flat = torch.zeros(self._sizes[member], dtype=like.dtype, device=like.device)
            filled = self._filled[member] = Filled(flat)
        return filled.flat

    def keep(self, flat: Tensor, member: str) -> None:
        """Fill ``flat``, the tensor of ``member``, with the member's weights, unless they are there.

        Some compilers (for debugging) let the operator work on a copy, and write that back in the end, when another
        thread may have filled the tensor anew: copies are filled each time, and what is written back is not relied on.
        """
        filled = self._filled[member]
        if flat.data_ptr() != filled.flat.data_ptr():
            filled.sources = None
            with self._lock:
                self._fill(flat, member)
        elif not filled.holds():
            with self._lock:
                if not filled.holds():  # another thread may have been faster
                    filled.sources = self._fill(flat, member)

    def _fill(self, flat: Tensor, member: str) -> Sources | None:
        self._bank.refresh(everything=True)
        sources = Sources.of(self._bank.template_banks())
        for name, weight in self._bank.composer.composed(member).items():
            place = self.places[name]
            flat[place.start : place.end].view(place.shape).copy_(weight.view(place.shape))
        return sources

    def forget(self) -> None:
        """Fill each tensor anew before it is used again."""
        for filled in self._filled.values():
            filled.sources = None


_keys = count()
_by_key: WeakValueDictionary[int, CompiledWeights] = WeakValueDictionary()


torch.library.define("swc::keep", "(Tensor(a!) flat, int key, str member) -> ()")


@torch.library.impl("swc::keep", "cpu")
def _keep(flat: Tensor, key: int, member: str) -> None:
    """See to it that ``flat`` holds the weights of ``member`` as they are now."""
    with torch.no_grad():
        _by_key[key].keep(flat, member)


@torch.library.register_fake("swc::keep")  # type: ignore[untyped-decorator]
def _keep_nothing(flat: Tensor, key: int, member: str) -> None:
    del flat, key, member


def _provider(key: int, member: str) -> Callable[[], Tensor]:
    """A function that a compiler calls while it looks on, and whose result it takes as a constant of the graph."""

    def flat() -> Tensor:
        return _by_key[key].flat(member)

    flat.__code__ = flat.__code__.replace(co_name=f"swc_flat_{key}_{member}")  # graphs name their constants by it
    flat._dynamo_marked_constant = True  # type: ignore[attr-defined]  # noqa: SLF001 - without the import of torch._dynamo
    return flat


def weight_in_graph(weights: CompiledWeights, name: str, flats: dict[str, Tensor]) -> Tensor:
    """The weight of a layer, while a compiler looks on; ``flats`` remembers which members' weights were seen to."""
    member, place = name.partition(".")[0], weights.places[name]
    flat = flats.get(member)
    if flat is None:
        flat = flats[member] = weights.providers[member]()
        torch.ops.swc.keep(flat, weights.key, member)
    return flat[place.start : place.end].view(place.shape)
