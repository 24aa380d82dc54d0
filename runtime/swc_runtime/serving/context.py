"""What a computation finds in the thread that asks for it, taken to the thread that does it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor

from swc_runtime.machine import wait_for


class _Streams(threading.local):
    """A stream per device for each thread: what is late there does not hold up what the caller does next."""

    def __init__(self) -> None:
        self.by_device: dict[torch.device, torch.cuda.Stream] = {}


_streams = _Streams()


class Context:
    """What the thread that makes it has set, for work on ``x`` in another: autocast, torch's threads, the stream."""

    def __init__(self, x: Tensor) -> None:
        self._x = x
        self._device = x.device
        kind = x.device.type
        self._threads = torch.get_num_threads()
        self._autocast = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None
        self._stream = torch.cuda.current_stream(x.device) if kind == "cuda" else None
        self._ready = None if self._stream is None else self._stream.record_event()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Compute without gradients as the thread would that made this; on CUDA, after what it had asked for."""
        if torch.get_num_threads() != self._threads:  # a thread keeps the number that was set when it began
            torch.set_num_threads(self._threads)
        with ExitStack() as stack:
            stack.enter_context(torch.no_grad())
            if self._autocast is not None:
                stack.enter_context(torch.autocast(self._device.type, self._autocast))
            if self._stream is not None and self._ready is not None:
                stream = _streams.by_device.get(self._device)
                if stream is None:
                    stream = _streams.by_device[self._device] = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]  # torch's
                stack.enter_context(torch.cuda.stream(stream))
                stream.wait_event(self._ready)
                self._x.record_stream(stream)
            yield

    def finish(self, result: Tensor) -> None:
        """Wait until ``result`` is there for the thread that made this."""
        wait_for(self._device)
        if self._stream is not None:
            result.record_stream(self._stream)
