"""The anytime frontier: what each subset of members achieves, and what it costs on the machine it was measured on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from swc_runtime.serving.arguments import milliseconds
from swc_runtime.serving.subsets import Subsets

Percentile = Literal[50, 95, 99]
"""Which share of calls, in percent, is to be as fast as promised."""


@dataclass(frozen=True)
class FrontierPoint:
    """One subset of members at one batch size: milliseconds that ``predict`` takes, and quality on held-out images.

    Attributes:
        members: their names, in the spec's order.
        batch: examples per call.
        p50_ms: half of the calls took at most this long; likewise ``p95_ms`` and ``p99_ms``.
        top1: a fraction.
        nll: in nats per example.
        ece: a fraction.
        timings: how many calls the percentiles rest on; of fewer than 100, ``p99_ms`` is the slowest.
    """

    members: tuple[str, ...]
    batch: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    top1: float
    nll: float
    ece: float
    timings: int = 1

    def latency_ms(self, percentile: Percentile) -> float:
        """How long a call takes at most in ``percentile`` percent of all cases.

        Raises:
            ValueError: a percentile that was not measured.
        """
        if percentile == 50:
            return self.p50_ms
        if percentile == 95:
            return self.p95_ms
        if percentile == 99:
            return self.p99_ms
        raise ValueError(f"latencies are measured at the percentiles 50, 95 and 99, not {percentile!r}")


@dataclass(frozen=True)
class Frontier:
    """All measured subsets on one device, as it was used: with so many threads of torch and callers at once.

    Attributes:
        device: the machine, for people, and to notice another one.
        threads: of torch, within an operation (``torch.get_num_threads()``); 0 where the device is no CPU.
        callers: threads that called ``predict`` at the same time.
        scored_on: the images that scores are from: ``val`` (training images that were held out) or ``test``.
        classes: their names, in the order of the probabilities.
        entries: the subsets, at each batch size.
        data: name of the data set.
        identity: of its content, see ``Dataset``; empty where it is not known.
        images: how many images the scores are from.
    """

    device: str
    threads: int
    callers: int
    scored_on: str
    classes: tuple[str, ...]
    entries: tuple[FrontierPoint, ...]
    data: str = ""
    identity: str = ""
    images: int = 0

    @cached_property
    def batches(self) -> tuple[int, ...]:
        """The batch sizes that were measured, ascending."""
        return tuple(sorted({point.batch for point in self.entries}))

    @cached_property
    def _levels(self) -> dict[int, Subsets]:
        chance = math.log(max(2, len(self.classes)))
        return {b: Subsets(tuple(p for p in self.entries if p.batch == b), chance) for b in self.batches}

    def at(self, batch: int) -> Subsets | None:
        """The subsets at the smallest measured batch size that is at least ``batch``, if there is one."""
        for measured in self.batches:
            if measured >= batch:
                return self._levels[measured]
        return None

    def nearest(self, batch: int) -> Subsets | None:
        """The subsets ``at`` a batch size, else at the largest one; None if nothing was measured."""
        return self.at(batch) or (self._levels[self.batches[-1]] if self.batches else None)

    def choose(self, batch: int, budget_ms: float, percentile: Percentile = 95) -> tuple[str, ...]:
        """Return the members of the most accurate subset that answers ``batch`` examples within ``budget_ms``.

        The latency of a subset is the one measured at the smallest batch size that is at least ``batch``, at the given
        percentile. Ties in top-1 go to the lower NLL, then to the lower latency.

        Raises:
            ValueError: no batch size as large was measured, no subset fits, or the budget or percentile is none.
        """
        budget_ms = milliseconds("budget_ms", budget_ms)
        if budget_ms <= 0:
            raise ValueError(f"budget_ms is a time in milliseconds, more than 0, not {budget_ms!r}")
        subsets = self.at(batch)
        if subsets is None:
            largest = self.batches[-1] if self.batches else 0
            raise ValueError(
                f"the frontier was measured for batches of at most {largest}, not {batch}: measure it for larger "
                f"ones (swc anytime --batches {batch}) or predict in smaller batches"
            )
        fitting = [point for point in subsets.points if point.latency_ms(percentile) <= budget_ms]
        if not fitting:
            fastest = min(subsets.points, key=lambda p: p.latency_ms(percentile))
            raise ValueError(
                f"no subset of the members answers {batch} examples within {budget_ms:g} ms on {self.device}: the "
                f"fastest, {' + '.join(fastest.members)}, takes {fastest.latency_ms(percentile):.3g} ms in "
                f"{percentile}% of all calls"
            )
        return min(fitting, key=lambda p: (-p.top1, p.nll, p.latency_ms(percentile))).members


def pareto(points: Sequence[FrontierPoint], percentile: Percentile = 95) -> tuple[FrontierPoint, ...]:
    """The points that no other beats: faster ones are all less accurate. By latency, each more accurate than the last.

    Of points that are equal in latency and top-1, the one with the lower NLL (then the first) stands for all.
    """
    best: list[FrontierPoint] = []
    for point in sorted(points, key=lambda p: (p.latency_ms(percentile), -p.top1, p.nll)):
        if not best or point.top1 > best[-1].top1:
            best.append(point)
    return tuple(best)
