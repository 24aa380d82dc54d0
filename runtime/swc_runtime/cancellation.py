"""Giving up work whose result nobody waits for any more: layers look here before they compute."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch.overrides import TorchFunctionMode


class Cancellable(Protocol):
    """What is being computed, and may be given up."""

    cancelled: bool


class Cancelled(BaseException):
    """The computation was given up. No ``Exception``, so that a network that handles those does not keep it."""


class _Here(threading.local):
    work: Cancellable | None = None


_here = _Here()


@contextmanager
def cancellable(work: Cancellable) -> Iterator[None]:
    """Let layers that this thread calls while the context lasts look whether ``work`` is cancelled."""
    outer, _here.work = _here.work, work
    try:
        yield
    finally:
        _here.work = outer


def work_here() -> Cancellable | None:
    """What this thread computes, if it can be cancelled."""
    return _here.work


class AtEveryOperation(TorchFunctionMode):
    """Look at every operation of torch, for networks without shared layers; takes about a microsecond for each."""

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Compute ``func``, unless nobody waits for it."""
        del types
        checkpoint()
        return func(*args, **(kwargs or {}))


def checkpoint() -> None:
    """Raise ``Cancelled`` if what this thread computes is cancelled; traced code has no such points."""
    if torch.compiler.is_compiling():
        return
    work = _here.work
    if work is not None and work.cancelled:
        raise Cancelled
