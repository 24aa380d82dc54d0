"""An answer in time: members run in threads of their own, and what is done when time is up is averaged.

The caller only waits, and takes what was averaged last. What is late is given up at the next layer (``cancellation``).
"""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from swc_runtime.cancellation import Cancelled, cancellable
from swc_runtime.machine import processors
from swc_runtime.serving.context import Context
from swc_runtime.serving.timings import Reserve, Timings
from swc_runtime.serving.workers import WORKERS

if TYPE_CHECKING:
    from swc_runtime.family import Family
    from swc_runtime.serving.subsets import Subsets


class Timely(NamedTuple):
    """What ``predict(deadline_ms=...)`` answers.

    Attributes:
        probabilities: (batch, classes), averaged over ``members``; uniform if no member was done in time.
        members: those that the answer rests on, in the spec's order; none if no member was done in time.
    """

    probabilities: Tensor
    members: tuple[str, ...]


Run = Callable[[str], Tensor]
"""Logits (batch, classes) of a member."""
Average = Callable[[Tensor], Tensor]
"""Probabilities (batch, classes) from logits (members, batch, classes)."""


class PendingAnswer:
    """One call of ``predict(deadline_ms=...)`` (see ``workers.Call``): members to run, and the best answer so far."""

    def __init__(
        self, plan: Plan, run: Run, average: Average, context: Context, timings: Timings, due: float, limit: int
    ) -> None:
        self.due = due
        self.limit = limit
        self.started = 0
        self.cancelled = False
        self.error: BaseException | None = None
        self.answer: Timely | None = None
        self.finished = threading.Event()
        self._plan = plan
        self._pending = list(plan.order)
        self._spare = list(plan.spare)
        self._running = 0
        self._run = run
        self._average = average
        self._context = context
        self._timings = timings
        self._done: dict[str, Tensor] = {}
        self._averaging = threading.Lock()

    def more(self) -> bool:
        """Whether there is a member that was not taken."""
        return bool(self._pending)

    def take(self, now: float, *, scarce: bool = False) -> str | None:
        """The first member in order that may be done in time; if there is nothing to answer yet, the fastest anyway.

        Then also members that are not in the order may be the fastest.
        """
        left = self.due - now
        if scarce:
            self._pending = [name for name in self._pending if not self._timings.stuck(name)]
            self._spare = [name for name in self._spare if not self._timings.stuck(name)]
        expected = {name: self._expected(name) for name in self._pending}
        fitting = (name for name, seconds in expected.items() if seconds is None or seconds <= left)
        name = next(fitting, None)
        if name is None and not self._running and self.answer is None:
            expected |= {name: self._expected(name) for name in self._spare}
            name = min(expected, key=lambda n: expected[n] or 0.0, default=None)
        if name is None:
            self._pending.clear()
            self._end()
            return None
        (self._pending if name in self._pending else self._spare).remove(name)
        self._running += 1
        self.started += 1
        return name

    def _expected(self, member: str) -> float | None:
        return self._timings.expected(member, self._plan.batch)

    def run(self, member: str) -> None:
        """Run a member, and average it with those that are done already."""
        with self._timings.running(member, self._plan.batch, self):
            self._try(member)

    def _try(self, member: str) -> None:
        began = time.perf_counter()
        try:
            with cancellable(self), self._context.entered():
                logits = self._run(member)
                self._publish(member, logits)
            self._timings.took(member, self._plan.batch, time.perf_counter() - began)
        except Cancelled:
            self._timings.given_up(member, self._plan.batch, time.perf_counter() - began)
        except BaseException as error:  # noqa: BLE001 - raised where the call was made
            if self.cancelled and self.error is None:
                _tell_late(member, error)
            self.error = error
            self.finished.set()

    def done(self) -> None:
        """A member that was taken is done, or will not be."""
        self._running -= 1
        self._end()

    def _end(self) -> None:
        if not self._pending and not self._running:
            self.finished.set()

    def _publish(self, member: str, logits: Tensor) -> None:
        with self._averaging:
            self._done[member] = logits
            names = self._plan.best_of(self._done)
            probabilities = self._average(torch.stack([self._done[name] for name in names]))
            self._context.finish(probabilities)
            self.answer = Timely(probabilities, names)


def _tell_late(member: str, error: BaseException) -> None:
    """Tell of an error that nobody waited for: a member that always fails too late would else never be noticed."""
    with suppress(RuntimeWarning):  # where warnings are errors: there is nobody to raise it to
        warnings.warn(
            f"{member} failed after the deadline of its call: {type(error).__name__}: {error}",
            RuntimeWarning,
            stacklevel=1,
        )


class Plan:
    """Which members to run for a call, in which order, and which of those that are done to average.

    Args:
        family: whose frontier says so; without one, cheap members come first and all that are done are averaged.
        members: the members that were asked for; None for all that are of use.
        batch: examples in the call.

    Attributes:
        order: the members to run, one after the other.
        spare: members that were asked for and make nothing better, for calls that else would have no answer.
    """

    def __init__(self, family: Family, members: Sequence[str] | None, batch: int) -> None:
        self.batch = batch
        self._names = tuple(family.members)
        self._measured: Subsets | None = None if family.frontier is None else family.frontier.nearest(batch)
        wanted = self._names if members is None else tuple(members)
        measured = [] if self._measured is None else [name for name in self._measured.order if name in wanted]
        if members is not None or not measured:
            measured += sorted((name for name in wanted if name not in measured), key=self._cost(family))
        self.order = tuple(measured)
        self.spare = tuple(name for name in wanted if name not in measured)

    def _cost(self, family: Family) -> Callable[[str], float]:
        expected = {name: family.timings.expected(name, self.batch) for name in self._names}
        if all(seconds is not None for seconds in expected.values()):
            return lambda name: expected[name] or 0.0
        return lambda name: float(family.weights_alone[name])

    def best_of(self, done: dict[str, Tensor]) -> tuple[str, ...]:
        """The most accurate subset of what is done as far as measured, else all of it; in the spec's order."""
        best = None if self._measured is None else self._measured.best_of(done.keys())
        return tuple(name for name in self._names if name in (done if best is None else best))


RESERVE = Reserve()
_SHORT = 0.005
"""Seconds below which members are not worth running at the same time."""
_FOR_EVER = 1e6
"""Seconds that stand for an infinite deadline: as long as waiting is possible everywhere."""


def answer_in_time(
    family: Family,
    x: Tensor,
    members: Sequence[str] | None,
    deadline_ms: float,
    began: float,
    run: Run,
    average: Average,
) -> Timely:
    """Wait for members until shortly before the deadline, and return the best answer that there is by then.

    Args:
        family: whose members run.
        x: a checked batch (batch, ...).
        members: checked names, None for all that are of use.
        deadline_ms: milliseconds from ``began`` to the return of this function.
        began: when the call was made (``time.perf_counter()``).
        run: gives the logits of a member for ``x``; called in other threads.
        average: gives probabilities from stacked logits.

    Raises:
        BaseException: whatever a member raised before time was up.
    """
    given = deadline_ms / 1000
    due = began + (given - RESERVE.seconds(given) if given < _FOR_EVER else _FOR_EVER)
    plan = Plan(family, members, len(x))
    limit = _at_once(x, [family.timings.expected(name, plan.batch) for name in plan.order])
    call = PendingAnswer(plan, run, average, Context(x), family.timings, due, limit)
    try:
        if due > time.perf_counter() and WORKERS.submit(call):
            call.finished.wait(due - time.perf_counter())
    finally:
        call.cancelled = True  # also when the wait is interrupted
    if call.error is not None:
        raise call.error
    answer = call.answer or _knows_nothing(family, x)
    lateness = time.perf_counter() - due
    if lateness > 0:
        RESERVE.late(lateness)
    return answer


def _at_once(x: Tensor, expected: Sequence[float | None]) -> int:
    """How many members run at the same time: as many as there are processors for their threads.

    One, where a member is ``expected`` to take so little that most of it is Python between short operations: threads
    would only wait for each other (measured: docs/serving.md).
    """
    if x.device.type != "cpu":
        return 2  # one asks while the other waits for what it has asked
    if any(seconds is not None and seconds < _SHORT for seconds in expected):
        return 1
    return max(1, processors() // torch.get_num_threads())


def _knows_nothing(family: Family, x: Tensor) -> Timely:
    dtype = torch.promote_types(x.dtype, torch.float32)
    return Timely(torch.full((len(x), family.classes), 1 / family.classes, dtype=dtype, device=x.device), ())
