"""Running out of memory, told in a sentence."""

from __future__ import annotations

import torch

from swc_runtime.problems import RuntimeProblem


class BatchMemoryError(RuntimeProblem, MemoryError):
    """There is not enough memory on the device for a batch."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out; on the CPU, torch says so by an ordinary ``RuntimeError``."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def too_large(batch: int, device: torch.device, remedy: str) -> BatchMemoryError:
    """The problem of a batch that does not fit."""
    return BatchMemoryError(f"A batch of {batch:,} takes more memory than {device} has free: {remedy}.")
