"""Weights for compiled evaluation: composed by an operator that does nothing while they are what they should be.

A compiled graph cannot look into a dictionary of weights that comes and goes. It takes one flat tensor per member as an
input, which the operator ``swc::keep`` fills; traces see an operator that writes to that tensor, whatever it then does.
Everything that differs between a bank and its copy comes as a tensor, so that code compiled for one serves all.
"""

from __future__ import annotations

import math
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


class CompiledWeights:
    """The flat tensors of a bank's members on the CPU.

    Attributes:
        handle: a tensor () with the number by which the operator finds these weights again.
        flats: the flat tensor of each member, of the type of the bank's parameters; what it holds is only right after
            ``keep``. Memory that is not written to takes none. Empty on other devices.
        places: where the weight of each layer lies.
    """

    def __init__(self, bank: SuperWeightBank, lock: RLock) -> None:
        key = next(_keys)
        self.places: dict[str, Place] = {}
        self._bank = bank
        self._lock = lock
        self._sizes: dict[str, int] = {}
        self._sources: dict[str, Sources | None] = {}  # what the tensors were filled from
        for name, layer in bank.layers.items():
            member = name.partition(".")[0]
            place = Place(self._sizes.get(member, 0), layer.shape)
            self.places[name] = place
            self._sizes[member] = -(-place.end // _ALIGNED) * _ALIGNED
        with torch.inference_mode(mode=False), torch.device("cpu"):
            self.handle = torch.tensor(key)
        self.flats: dict[str, Tensor] = {}
        self.place()
        _by_key[key] = self

    def place(self) -> None:
        """Follow the bank's parameters to another type or device."""
        like = next(self._bank.parameters(), None)
        if like is None or like.device.type != "cpu":
            self.flats = {}
        elif not self.fits(like):
            with torch.inference_mode(mode=False):
                self.flats = {
                    member: torch.empty(size, dtype=like.dtype, device="cpu") for member, size in self._sizes.items()
                }
        self.forget()

    def fits(self, like: Tensor) -> bool:
        """Whether the flat tensors are where and what ``like``, a parameter of the bank, is."""
        return (
            like.device.type == "cpu"
            and len(self.flats) == len(self._sizes)
            and all(flat.dtype == like.dtype for flat in self.flats.values())
        )

    def keep(self, flat: Tensor, member: str) -> None:
        """Fill ``flat``, the tensor of ``member``, with the member's weights, unless they are there.

        Some compilers (for debugging) let the operator work on a copy, and write that back in the end, when another
        thread may have filled the tensor anew: copies are filled each time, and what is written back is not relied on.
        """
        own = self.flats.get(member)
        if own is None or flat.data_ptr() != own.data_ptr():
            self._sources[member] = None
            with self._lock:
                self._fill(flat, member)
        elif not self._holds(member):
            with self._lock:
                if not self._holds(member):  # another thread may have been faster
                    self._sources[member] = self._fill(flat, member)

    def forget(self) -> None:
        """Fill each tensor anew before it is used again."""
        self._sources = dict.fromkeys(self._sizes)

    def _holds(self, member: str) -> bool:
        """Whether the tensor of a member holds what would be composed now."""
        sources = self._sources[member]
        return sources is not None and sources.unchanged()

    def _fill(self, flat: Tensor, member: str) -> Sources | None:
        self._bank.refresh(everything=True)
        sources = Sources.of(self._bank.template_banks())
        for name, weight in self._bank.composer.composed(member).items():
            place = self.places[name]
            flat[place.start : place.end].view(place.shape).copy_(weight.view(place.shape))
        return sources


_keys = count()
_by_key: WeakValueDictionary[int, CompiledWeights] = WeakValueDictionary()


torch.library.define("swc::keep", "(Tensor(a!) flat, Tensor handle, str member) -> ()")


@torch.library.impl("swc::keep", "cpu")
def _keep(flat: Tensor, handle: Tensor, member: str) -> None:
    """See to it that ``flat`` holds the weights of ``member`` as they are now."""
    with torch.no_grad():
        _by_key[int(handle)].keep(flat, member)


@torch.library.register_fake("swc::keep")  # type: ignore[untyped-decorator]
def _keep_nothing(flat: Tensor, handle: Tensor, member: str) -> None:
    del flat, handle, member


def weight_in_graph(weights: CompiledWeights, name: str, flats: dict[str, Tensor]) -> Tensor:
    """The weight of a layer, while a compiler looks on; ``flats`` remembers which members' weights were seen to."""
    member, place = name.partition(".")[0], weights.places[name]
    flat = flats.get(member)
    if flat is None:
        flat = flats[member] = weights.flats[member]
        torch.ops.swc.keep(flat, weights.handle, member)
    return flat[place.start : place.end].view(place.shape)
