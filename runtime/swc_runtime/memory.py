"""Running out of memory, told in a sentence."""

from __future__ import annotations

import torch

from swc_runtime.problems import RuntimeProblem

_NO_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "cannot allocate memory",
    "alloc_failed",
    "unable to allocate",
)


class BatchMemoryError(RuntimeProblem, MemoryError):
    """There is not enough memory on the device for a batch."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out: some allocators, and torch.compile, say so by ordinary errors."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError | ValueError) and any(part in text for part in _NO_MEMORY)


def too_large(batch: int, device: torch.device, remedy: str) -> BatchMemoryError:
    """The problem of a batch that does not fit."""
    return BatchMemoryError(f"A batch of {batch:,} takes more memory than {device} has free: {remedy}.")
