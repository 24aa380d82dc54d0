"""What weights were composed from: tells in a few microseconds whether any of it was changed since."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import Any, Self

import torch
from torch import Tensor, nn

from swc_runtime.templates import TemplateBank

_WORDS = (ctypes.c_int64, ctypes.c_int32, ctypes.c_int16, ctypes.c_int8)

_data_ptr = Tensor.data_ptr


class Sources:
    """Templates, coefficients and assignments of some template banks as they were when this was made.

    A tensor counts as unchanged while it is the same object with the same version, and templates and coefficients lie
    where they did: optimizers, averaging, ``load_state_dict``, moves and casts change one of these. Writes through
    ``.data`` (or by another process) change none. On the CPU the first numbers of templates and coefficients are
    compared as well, which whatever updates a whole tensor changes; elsewhere that would wait for the device, and such
    writes are not noticed.
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
            _first_numbers(tensor) for tensor in self._large if tensor.device.type == "cpu" and tensor.numel()
        ]
        self._content = [sample.value for sample in self._samples]

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
            and [sample.value for sample in self._samples] == self._content
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


def _first_numbers(tensor: Tensor) -> Any:
    """What lies at the beginning of a tensor's memory, as an integer: its ``value`` is read there each time."""
    size = tensor.element_size() * (tensor.numel() if tensor.is_contiguous() else 1)
    word = next(word for word in _WORDS if ctypes.sizeof(word) <= size)
    return word.from_address(tensor.data_ptr())
