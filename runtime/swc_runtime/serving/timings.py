"""How long members have taken so far in a running program, and how late answers were."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from swc_runtime.serving.workers import Call, overdue

_FALL, _RISE = 0.5, 0.1
"""Weights of a call that took less, or more, than expected."""
_LONGER = 1.1
"""What a member that was never done may take, in terms of the longest that it was waited for."""
_HALF_LIFE = 10.0
"""Seconds without a call after which a member is hoped to take half as long."""
_KEPT = 128
"""Late answers that the reserve is chosen by."""
_LEAST_RESERVE = 0.0005
_FIRST_SHARE = 0.05


class _Learned(NamedTuple):
    """What a member takes, whether it was ever done, and when it was last called."""

    seconds: float
    done: bool
    at: float


class _Running(NamedTuple):
    """A member at work since ``began`` for a call, on a batch of an order of size."""

    member: str
    order: int
    began: float
    call: Call


class Timings:
    """Seconds that each member of a family may take, learned while it serves; by member and order of the batch size.

    An expectation is hopeful: it falls fast and rises slowly, since it is there to leave out what cannot be done in
    time, not what may be. It shrinks while a member is left out, so that one that was slow is tried again.

    A member still at work after its caller has left is expected to take longer than it has so far: one that is stuck is
    not begun again and again.
    """

    def __init__(self) -> None:
        self._learned: dict[tuple[str, int], _Learned] = {}
        self._running: dict[object, _Running] = {}

    def expected(self, member: str, batch: int) -> float | None:
        """Seconds that a member may take now; None before its first call."""
        learned, now = self._before(member, batch), time.perf_counter()
        seconds = None if learned is None else learned.seconds * math.exp2((learned.at - now) / _HALF_LIFE)
        late = [now - run.began for run in self._late(member, now) if run.order <= batch.bit_length()]
        return max(_LONGER * max(late), seconds or 0.0) if late else seconds

    def stuck(self, member: str) -> bool:
        """Whether a member is still at work after its caller has left."""
        return bool(self._late(member, time.perf_counter()))

    @contextmanager
    def running(self, member: str, batch: int, call: Call) -> Iterator[None]:
        """Know of a member that it is at work for ``call`` while the context lasts."""
        key = object()
        self._running[key] = _Running(member, batch.bit_length(), time.perf_counter(), call)
        try:
            yield
        finally:
            del self._running[key]

    def _late(self, member: str, now: float) -> list[_Running]:
        """What is at work of a member for nobody any more."""
        if not self._running:
            return []
        return [run for run in list(self._running.values()) if run.member == member and overdue(run.call, now)]

    def took(self, member: str, batch: int, seconds: float) -> None:
        """A member was done after ``seconds``."""
        before = self._before(member, batch)
        if before is not None and before.done:
            seconds = before.seconds + (_FALL if seconds < before.seconds else _RISE) * (seconds - before.seconds)
        self._note(member, batch, seconds, done=True)

    def given_up(self, member: str, batch: int, seconds: float) -> None:
        """A member was not yet done after ``seconds``."""
        before = self._before(member, batch)
        if before is None or not before.done:  # not to be tried again with as much time, if others can be
            self._note(member, batch, max(_LONGER * seconds, before.seconds if before else 0.0), done=False)
        else:
            self._note(member, batch, before.seconds + _RISE * max(0.0, seconds - before.seconds), done=True)

    def _before(self, member: str, batch: int) -> _Learned | None:
        return self._learned.get((member, batch.bit_length()))

    def _note(self, member: str, batch: int, seconds: float, *, done: bool) -> None:
        self._learned[member, batch.bit_length()] = _Learned(seconds, done, time.perf_counter())

    def __reduce__(self) -> tuple[type[Timings], tuple[()]]:
        return Timings, ()  # a copy of a family may serve elsewhere


class Reserve:
    """Seconds to stop waiting before a deadline, by how late this process has woken up of late.

    The reserve is the most that any of the last answers was late by, and never more than half of the time there is.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._late: deque[float] = deque(maxlen=_KEPT)
        self._learned = 0.0

    def seconds(self, given: float) -> float:
        """The reserve for an answer that is given so many seconds."""
        wanted = self._learned if self._late else _FIRST_SHARE * given
        return min(max(_LEAST_RESERVE, wanted), given / 2)

    def late(self, seconds: float) -> None:
        """An answer was ready so long after its caller stopped waiting."""
        if self._lock.acquire(blocking=False):  # who answers does not wait: another one is noting the same
            try:
                self._late.append(seconds)
                self._learned = max(self._late)
            finally:
                self._lock.release()
