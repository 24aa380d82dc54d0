"""Which members to run under a deadline, and what to make of those that are done, from what was measured."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swc_runtime.serving.frontier import FrontierPoint


class Subsets:
    """The measured subsets of one batch size.

    Args:
        points: the subsets, each once.
        chance: NLL of an answer that knows nothing, in nats: the logarithm of the number of classes.
    """

    def __init__(self, points: tuple[FrontierPoint, ...], chance: float) -> None:
        self.points = points
        self._chance = chance
        self._by_members = {frozenset(point.members): point for point in points}
        self._best_first = sorted(points, key=lambda p: (-p.top1, p.nll, p.p50_ms))

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The members in the order in which to run them when time may be up at any moment.

        Each is the one that takes off most NLL per millisecond (p50) from the average of those before it; the first
        takes it off an answer that knows nothing, so that a fast member that is hardly better than that does not come
        first. The order ends where the best of all subsets is complete.
        """
        left = list(dict.fromkeys(name for point in self.points for name in point.members))
        done: list[str] = []
        nll = self._chance
        wanted = set(self._best_first[0].members) if self._best_first else set()
        while left and not (done and wanted <= set(done)):
            following = [(n, self._by_members[key]) for n in left if (key := frozenset((*done, n))) in self._by_members]
            if following:
                before = nll  # bound now, not when the key is looked at
                name, point = max(following, key=lambda pair: self._gain(pair[0], before - pair[1].nll))
                nll = point.nll
            else:  # no larger subset was measured: by what each takes off alone
                name = max(left, key=self._alone)
            done.append(name)
            left.remove(name)
        return tuple(done)

    def _alone(self, name: str) -> float:
        """Nats per millisecond that a member takes off an answer that knows nothing; those not measured come last."""
        point = self._by_members.get(frozenset((name,)))
        return -1e9 if point is None else self._gain(name, self._chance - point.nll)

    def _gain(self, name: str, nats: float) -> float:
        """What ``nats`` come to per millisecond of a member; losses count the more, the more time they take."""
        point = self._by_members.get(frozenset((name,)))
        time = 1.0 if point is None else max(point.p50_ms, 1e-6)
        return nats / time if nats > 0 else nats * time

    def best_of(self, done: AbstractSet[str]) -> tuple[str, ...] | None:
        """The most accurate measured subset of the members that are ``done``; None if none of theirs was measured."""
        return next((point.members for point in self._best_first if done >= set(point.members)), None)
