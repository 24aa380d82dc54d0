"""How long members have taken so far in a running program, and how late answers were."""

from __future__ import annotations

import threading
from collections import deque

_RISE = 0.1
"""Weight of a call that took longer than expected."""
_LONGER = 1.1
"""What a member that was never done may take, in terms of the longest that it was waited for."""
_SKIPPED = 0.98
"""What is left of an expectation each time that a member was not run because of it."""
_KEPT = 128
"""Late answers that the reserve is chosen by."""
_LEAST_RESERVE = 0.0005
_FIRST_SHARE = 0.05


class Timings:
    """Seconds that each member of a family may take, learned while it serves; by member and order of the batch size.

    An expectation is hopeful: it falls at once and rises slowly, since it is there to leave out what cannot be done in
    time, not what may be. It shrinks whenever a member is left out, so that a member that was slow once is tried again.
    """

    def __init__(self) -> None:
        self._expected: dict[tuple[str, int], float] = {}
        self._done: set[tuple[str, int]] = set()  # what was done at least once

    def expected(self, member: str, batch: int) -> float | None:
        """Seconds that a member may take; None before its first call."""
        return self._expected.get((member, batch.bit_length()))

    def took(self, member: str, batch: int, seconds: float) -> None:
        """A member was done after ``seconds``."""
        key = (member, batch.bit_length())
        before = self._expected.get(key)
        if before is None or seconds < before or key not in self._done:
            self._expected[key] = seconds
        else:
            self._expected[key] = before + _RISE * (seconds - before)
        self._done.add(key)

    def given_up(self, member: str, batch: int, seconds: float) -> None:
        """A member was not yet done after ``seconds``."""
        key = (member, batch.bit_length())
        before = self._expected.get(key, 0.0)
        if key not in self._done:  # longer than this: not to be tried again with as much time, if others can be
            self._expected[key] = max(before, _LONGER * seconds)
        elif seconds > before:
            self._expected[key] = before + _RISE * (seconds - before)

    def left_out(self, member: str, batch: int) -> None:
        """A member was not run because of what it was expected to take."""
        before = self.expected(member, batch)
        if before is not None:
            self._expected[member, batch.bit_length()] = _SKIPPED * before

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
