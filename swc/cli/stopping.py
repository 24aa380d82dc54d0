"""Stopped from outside: SIGTERM ends a command as an interrupt from the keyboard does, cleanly and in a sentence."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from swc.pipeline.ready import leads


class Terminated(KeyboardInterrupt):
    """SIGTERM: raised where the program stands, so that files stay whole and folders are let go."""


def exit_code(stop: KeyboardInterrupt) -> int:
    """What shells make of the signal: 143 for SIGTERM, 130 for SIGINT."""
    return 128 + (signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT)


def word(stop: KeyboardInterrupt) -> str:
    """What happened, in a word."""
    return "terminated" if isinstance(stop, Terminated) else "interrupted"


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise ``Terminated`` at the first SIGTERM while the context lasts; the second one ends the process at once.

    Only where a handler can be set, and only in the process that speaks for all: the others end with it.
    """
    if threading.current_thread() is not threading.main_thread() or not leads():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
