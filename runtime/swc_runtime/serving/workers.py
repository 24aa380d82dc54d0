"""Threads that run members for callers who wait no longer than they said; one pool for the whole process."""

from __future__ import annotations

import _thread
import atexit
import heapq
import os
import threading
import time
from itertools import count
from typing import Protocol

from swc_runtime.cancellation import Cancellable

_IDLE_SECONDS = 10.0
"""After which a thread without work ends."""
_STAND_INS = 4
"""Threads beyond those that may be at work: they take the places of those that cannot be stopped in an operation."""
_FOR_OTHERS = 2
"""Threads that members cannot have which hold some already: were they stuck in all, nobody would be answered."""
_PRUNED = 64
"""Waiting calls among which nobody looks for those that are overdue."""
_FAREWELL_SECONDS = 5.0
"""How long the end of the program waits for members at work: a thread stopped within torch's code takes it down."""


class Call(Cancellable, Protocol):
    """What one caller waits for: some members, each run in whichever thread is free."""

    due: float
    """When the caller stops waiting (``time.perf_counter()``)."""
    limit: int
    """How many threads may be at work at once."""
    started: int
    """How many of its members were handed out."""

    def take(self, now: float, *, scarce: bool) -> str | None:
        """The next member to run, None when there is none that may be done in time. Called by one thread at a time.

        Where threads are ``scarce``, a member that holds one whose caller is gone does not get another.
        """

    def more(self) -> bool:
        """Whether there may be a member to take."""

    def run(self, member: str) -> None:
        """Run a member; raises nothing."""

    def done(self) -> None:
        """A member that was taken has been run. Called by one thread at a time, as ``take``."""


class Workers:
    """Threads that take members from calls: first from those that have the fewest so far, then from the most urgent.

    Threads are started when there is work for them, end when there is none for a while, and do not keep the program
    from ending. No more of them are at work at once than ``limit`` of the call allows, apart from those whose caller
    has stopped waiting.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew without threads: after a fork, they are not there."""
        self._changed = threading.Condition(threading.Lock())
        self._waiting: list[tuple[int, float, int, Call]] = []
        self._prune_at = _PRUNED
        self._numbers = count()
        self._at_work: dict[int, Call] = {}
        self._idle = 0
        self._closed = False
        self.threads = 0

    def submit(self, call: Call) -> bool:
        """Have a call's members run; False if that could not even be asked for before it is due."""
        if not self._changed.acquire(timeout=max(0.0, call.due - time.perf_counter())):
            return False
        try:
            if not self._closed:
                self._push(call)
            return not self._closed
        finally:
            self._changed.release()

    def close(self) -> None:
        """Give up all work, and wait for the threads to end, though not for ever."""
        until = time.perf_counter() + _FAREWELL_SECONDS
        with self._changed:
            self._closed = True
            self._waiting.clear()
            for call in self._at_work.values():
                call.cancelled = True
            self._changed.notify_all()
            while self.threads and (left := until - time.perf_counter()) > 0:
                self._changed.wait(left)

    def _push(self, call: Call) -> None:
        """Let a call wait for a thread, and see that there is one: to work, or to stand in when one is stuck."""
        now = time.perf_counter()
        if len(self._waiting) >= self._prune_at:
            self._waiting = [entry for entry in self._waiting if not overdue(entry[3], now)]
            heapq.heapify(self._waiting)
            self._prune_at = 2 * len(self._waiting) + _PRUNED
        heapq.heappush(self._waiting, (call.started, call.due, next(self._numbers), call))
        if self._idle:
            if self._free_at(call.limit, now) <= now:
                self._changed.notify()
        elif self.threads < call.limit + _STAND_INS:
            self.threads += 1
            # Not threading.Thread: its start() waits for the new thread, and that may take longer than there is time.
            _thread.start_new_thread(self._serve, ())

    def _serve(self) -> None:
        me, changed = threading.get_ident(), self._changed
        while True:
            with changed:
                taken = self._next(me)
                if taken is None:
                    self.threads -= 1
                    changed.notify_all()
                    return
            call, member = taken
            call.run(member)
            with changed:
                del self._at_work[me]
                call.done()
            del call, taken  # a thread that waits keeps no images alive

    def _next(self, me: int) -> tuple[Call, str] | None:
        """Wait for a member to run; None when it is time to go."""
        idle_until = time.perf_counter() + _IDLE_SECONDS
        while not self._closed:
            now = time.perf_counter()
            wake_at = idle_until
            if self._waiting:
                call = self._waiting[0][3]
                wake_at = self._free_at(call.limit, now)
                if wake_at <= now:
                    heapq.heappop(self._waiting)
                    member = None if overdue(call, now) else call.take(now, scarce=self._scarce(call.limit, now))
                    if member is None:
                        continue
                    self._at_work[me] = call
                    if call.more():
                        self._push(call)
                    return call, member
            elif now >= idle_until:
                return None
            self._idle += 1
            self._changed.wait(wake_at - now)
            self._idle -= 1
        return None

    def _scarce(self, limit: int, now: float) -> bool:
        """Whether hardly any threads are left besides those whose caller is gone."""
        late = sum(overdue(call, now) for call in self._at_work.values())
        return limit + _STAND_INS - late <= _FOR_OTHERS

    def _free_at(self, limit: int, now: float) -> float:
        """When another thread may be at work: now, or when the first of those that are is overdue."""
        dues = [call.due for call in self._at_work.values() if not overdue(call, now)]
        return now if len(dues) < limit else min(dues)


def overdue(call: Call, now: float) -> bool:
    """Whether the caller has stopped waiting."""
    return call.cancelled or now >= call.due


WORKERS = Workers()
"""The pool of this process."""

atexit.register(WORKERS.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=WORKERS.reset)
