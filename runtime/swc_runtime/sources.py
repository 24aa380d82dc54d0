"""What weights were composed from: tells in a few microseconds whether any of it was changed since."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import Any, Self

import torch
from torch import Tensor, nn

from swc_runtime.templates import TemplateBank

_SMALL = 2048
"""Bytes up to which all of a tensor is compared: coefficients mostly are no more."""
_PLACES = 5
_PLACE = 32
"""In how many places larger tensors are looked at, and how many bytes there: each place takes some 30 ns."""

_data_ptr = Tensor.data_ptr
_joined = b"".join


class Sources:
    """Templates, coefficients and assignments of some template banks as they were when this was made.

    A tensor counts as unchanged while it is the same object with the same version, and templates and coefficients lie
    where they did: optimizers, averaging, ``load_state_dict``, moves and casts change one of these. Writes through
    ``.data`` (or by another process) change none. On the CPU samples of what templates and coefficients hold are
    compared as well, beginning, end and places between, which an update of a whole tensor, or of all but a slice,
    changes. A write to a few numbers between them is not noticed; nor is any on another device, which would have to be
    waited for.
    """

    def __init__(self, banks: Iterable[TemplateBank]) -> None:
        self._places: list[tuple[dict[str, Any], dict[str, Any], Any, Any, Any]] = []
        self._hooks: list[dict[int, Any]] = []
        for bank in banks:
            parameters, buffers = bank._parameters, bank._buffers  # noqa: SLF001 - attributes of modules are slow
            place = (parameters, buffers, parameters["templates"], parameters["coefficients"], buffers["rows"])
            self._places.append(place)
            self._hooks += [bank._forward_hooks, bank._forward_pre_hooks]  # noqa: SLF001
        self._tensors: list[Tensor] = [tensor for place in self._places for tensor in place[2:]]
        self._versions = [tensor._version for tensor in self._tensors]  # noqa: SLF001 - the only sign of a write
        self._large: list[Tensor] = [tensor for place in self._places for tensor in place[2:4]]
        self._addresses = [tensor.data_ptr() for tensor in self._large]
        # Memory that is replaced (tensor.data = ...) must not be given out again while it is told apart by its address.
        self._memory = [tensor.detach() for tensor in self._large]
        self._samples = [
            sample
            for tensor in self._large
            if tensor.device.type == "cpu" and tensor.numel()
            for sample in _samples(tensor)
        ]
        self._content = _joined(self._samples)

    @classmethod
    def of(cls, banks: Iterable[TemplateBank]) -> Self | None:
        """Return the sources of ``banks``, or None where what they compose cannot be told from these tensors.

        That is so for tensors on the meta device, inference tensors, subclasses of tensors (fake or distributed ones),
        and templates that something else computes (pruning, parametrizations, hooks).
        """
        kept = list(banks)
        return cls(kept) if all(map(_tells_all, kept)) else None

    def unchanged(self) -> bool:
        """Whether every tensor is what and where it was, and was not written to."""
        try:
            for parameters, buffers, templates, coefficients, rows in self._places:
                if (
                    parameters["templates"] is not templates
                    or parameters["coefficients"] is not coefficients
                    or buffers["rows"] is not rows
                ):
                    return False
        except KeyError:  # something else computes them now
            return False
        return (
            [tensor._version for tensor in self._tensors] == self._versions  # noqa: SLF001
            and list(map(_data_ptr, self._large)) == self._addresses
            and _joined(self._samples) == self._content
            and not any(self._hooks)
        )


def _tells_all(bank: TemplateBank) -> bool:
    tensors = [bank._parameters.get("templates"), bank._parameters.get("coefficients"), bank._buffers.get("rows")]  # noqa: SLF001
    hooked = bank._forward_hooks or bank._forward_pre_hooks  # noqa: SLF001
    return not hooked and all(map(_tells, tensors))


def _tells(tensor: Tensor | None) -> bool:
    return (
        type(tensor) in (Tensor, nn.Parameter)
        and tensor is not None
        and tensor.layout is torch.strided
        and not (tensor.is_meta or tensor.is_inference())
    )


def _samples(tensor: Tensor) -> list[memoryview]:
    """Views of the memory of a tensor: all of a small one, otherwise ``_PLACES`` from the beginning to the end."""
    span = 1 + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
    begin, size = tensor.data_ptr(), span * tensor.element_size()
    if size <= _SMALL:
        return [_memory(begin, size)]
    last = (size - _PLACE) // 8
    return [_memory(begin + last * place // (_PLACES - 1) * 8, _PLACE) for place in range(_PLACES)]


def _memory(begin: int, size: int) -> memoryview:
    return memoryview((ctypes.c_char * size).from_address(begin)).cast("B")
