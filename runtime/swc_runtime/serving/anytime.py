"""Measuring the anytime frontier (sec. 4.2.1): what ``predict`` takes here for each subset of members, and achieves.

What is timed is what will run: ``family.predict(x, members=subset)``, called by as many threads at once as will serve.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier

import torch
from torch import Tensor

from swc_runtime.evaluation import Evaluation, Score
from swc_runtime.family import Family
from swc_runtime.machine import device_name, torch_threads, wait_for
from swc_runtime.memory import is_out_of_memory, too_large
from swc_runtime.progress import Reporter, Silent
from swc_runtime.serving.frontier import Frontier, FrontierPoint

MOST = 64
"""Subsets that are timed at most; where there are more, those that could be on the frontier."""
SLACK = 0.25
"""How much faster than the sum of its members a subset may turn out, when it is judged by that sum."""
_BURST = 5
"""Calls in a row before the next subset has its turn: as in service, where one subset is called again and again."""
_WARM_UP = 2
"""Bursts before those that count."""


@dataclass(frozen=True)
class Measuring:
    """How latencies are measured.

    Attributes:
        batches: batch sizes, each at least 1.
        callers: threads that call ``predict`` at the same time.
        repeats: calls timed per subset and batch size, over all callers together, at least.
        seconds: after which a subset at a batch size gets no more than the calls it has had (one burst at least).
        most: subsets timed at most per batch size, members alone and the ensemble always among them.
    """

    batches: Sequence[int] = (1,)
    callers: int = 1
    repeats: int = 100
    seconds: float = 10.0
    most: int = MOST


@dataclass(frozen=True)
class Scored:
    """Scores of subsets, and of what data they are; see ``Frontier`` for the attributes."""

    evaluation: Evaluation
    classes: tuple[str, ...]
    identity: str = ""


@dataclass
class _Timings:
    """Milliseconds of the calls of one subset, and the seconds that it took to get them."""

    calls: list[float] = field(default_factory=list)
    spent: float = 0.0


def measure(
    family: Family, scored: Scored, measuring: Measuring | None = None, *, reporter: Reporter | None = None
) -> Frontier:
    """Time the subsets of a family where it is now, and join that with their scores.

    Where there are more than ``most`` subsets, members are timed alone first, then the subsets which no other with a
    score as good undercuts, judged by the sum of their members with some slack.

    Args:
        family: on the device, and with the number of torch threads, that it will serve with.
        scored: the scores of all subsets.
        measuring: batch sizes, callers and effort.
        reporter: shows the phase ``measure``.

    Raises:
        BatchMemoryError: a batch does not fit into the memory of the device.
    """
    measuring = measuring or Measuring()
    scores = scored.evaluation.scores
    device = next(family.parameters()).device
    points: list[FrontierPoint] = []
    reporter = reporter or Silent()
    with ThreadPoolExecutor(measuring.callers, thread_name_prefix="swc-caller") as threads:
        callers = _Callers(family, device, threads, measuring)
        for batch in dict.fromkeys(measuring.batches):
            timed: dict[tuple[str, ...], list[float]] = {}
            alone = [(name,) for name in family.members]
            if len(scores) > measuring.most:
                timed |= callers.time(alone, batch, reporter)
                medians = {members[0]: percentile(calls, 50) for members, calls in timed.items()}
                chosen = candidates(scores, medians, measuring.most)
            else:
                chosen = [score.members for score in scores]
            timed |= callers.time([members for members in chosen if members not in timed], batch, reporter)
            points += [_point(score, batch, timed[score.members]) for score in scores if score.members in timed]
    return Frontier(
        device=device_name(device),
        threads=torch_threads(device),
        callers=measuring.callers,
        scored_on=scored.evaluation.split,
        classes=scored.classes,
        entries=tuple(points),
        data=scored.evaluation.data,
        identity=scored.identity,
        images=scored.evaluation.images,
    )


def _point(score: Score, batch: int, calls: list[float]) -> FrontierPoint:
    p50, p95, p99 = (percentile(calls, share) for share in (50, 95, 99))
    return FrontierPoint(score.members, batch, p50, p95, p99, score.top1, score.nll, score.ece, len(calls))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of ``values`` that ``share`` percent of them do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values) / 100) - 1)]


def candidates(scores: Sequence[Score], alone: Mapping[str, float], most: int = MOST) -> list[tuple[str, ...]]:
    """The subsets that are worth timing, ``most`` of them: every member, the ensemble, and what may be on the frontier.

    A subset is judged by the sum of what its members take alone. It is left out if another that scores as well (top-1,
    then NLL) would be faster even if this one came out faster than its sum by ``SLACK``. Of those that remain, the ones
    nearest to the frontier are taken.
    """
    ensemble = max(scores, key=lambda score: len(score.members))
    always = {score.members for score in scores if len(score.members) == 1} | {ensemble.members}
    times = {score.members: sum(alone[name] for name in score.members) for score in scores}
    excess: dict[tuple[str, ...], float] = {}
    fastest = math.inf  # of all subsets that score better
    for score in sorted(scores, key=lambda s: (-s.top1, s.nll, times[s.members])):
        time = times[score.members]
        excess[score.members] = time / fastest
        fastest = min(fastest, time)
    near = sorted((members for members in excess if excess[members] <= 1 + SLACK), key=lambda m: excess[m])
    chosen = set(list(dict.fromkeys((*always, *near)))[: max(most, len(always))])
    return [score.members for score in scores if score.members in chosen]


class _Callers:
    """Threads that call ``predict`` at the same time, and time it."""

    def __init__(self, family: Family, device: torch.device, threads: ThreadPoolExecutor, measuring: Measuring) -> None:
        self._family = family
        self._device = device
        self._threads = threads
        self._count = measuring.callers
        self._repeats = measuring.repeats
        self._seconds = measuring.seconds

    def time(
        self, subsets: Sequence[tuple[str, ...]], batch: int, reporter: Reporter
    ) -> dict[tuple[str, ...], list[float]]:
        """Milliseconds of each call, by subset; the subsets take turns, so that a disturbance meets all of them."""
        per_turn = _BURST * self._count
        turns = math.ceil(self._repeats / per_turn)
        timings = {members: _Timings() for members in subsets}
        try:
            images = torch.randn(batch, *self._family.input, device=self._device)
            with reporter.phase("measure", (_WARM_UP + turns) * len(subsets)) as phase:
                for turn in range(_WARM_UP + turns):
                    for members, timing in timings.items():
                        if timing.spent < self._seconds or not timing.calls:
                            began = time.perf_counter()
                            calls = self._turn(images, members)
                            timing.spent += time.perf_counter() - began
                            # A family so slow that one turn takes all the time is not warmed up.
                            if turn >= _WARM_UP or timing.spent >= self._seconds:
                                timing.calls += calls
                        phase.advance(note=f"batch {batch}")
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                raise too_large(batch, self._device, "measure smaller batches (`--batches`)") from None
            raise
        return {members: timing.calls for members, timing in timings.items()}

    def _turn(self, images: Tensor, members: tuple[str, ...]) -> list[float]:
        """One burst of every caller."""
        if self._count == 1:
            return self._burst(images, members, None)
        start = Barrier(self._count)
        running = [self._threads.submit(self._burst, images, members, start) for _ in range(self._count)]
        return [milliseconds for caller in running for milliseconds in caller.result()]

    def _burst(self, images: Tensor, members: tuple[str, ...], start: Barrier | None) -> list[float]:
        calls = []
        if start is not None:
            start.wait()
        for _ in range(_BURST):
            began = time.perf_counter()
            self._family.predict(images, members=members)
            wait_for(self._device)
            calls.append(1000 * (time.perf_counter() - began))
        return calls
