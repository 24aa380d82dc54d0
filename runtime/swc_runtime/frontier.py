"""The anytime frontier: what each subset of members achieves, and what it costs on the machine it was measured on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class FrontierPoint:
    """One subset of members at one batch size: milliseconds per batch, and quality on held-out data.

    ``top1`` is a fraction, ``nll`` in nats per example, ``ece`` a fraction.
    """

    members: tuple[str, ...]
    batch: int
    latency_ms: float
    top1: float
    nll: float
    ece: float


@dataclass(frozen=True)
class Frontier:
    """All measured subsets on one device."""

    device: str
    entries: tuple[FrontierPoint, ...]

    def choose(self, batch: int, budget_ms: float) -> tuple[str, ...]:
        """Return the members of the most accurate subset that answers ``batch`` examples within ``budget_ms``.

        The latency of a subset is the one measured at the smallest batch size that is at least ``batch``. Ties in
        top-1 go to the lower NLL, then to the lower latency.

        Raises:
            ValueError: no batch size as large was measured, or no subset fits.
        """
        nearest: dict[tuple[str, ...], FrontierPoint] = {}
        for point in sorted(self.entries, key=lambda p: p.batch, reverse=True):
            if point.batch >= batch:
                nearest[point.members] = point
        if not nearest:
            largest = max((point.batch for point in self.entries), default=0)
            raise ValueError(
                f"the frontier was measured for batches of at most {largest}, not {batch}: measure it for larger "
                "ones (swc anytime) or predict in smaller batches"
            )
        fitting = [point for point in nearest.values() if point.latency_ms <= budget_ms]
        if not fitting:
            fastest = min(nearest.values(), key=lambda p: p.latency_ms)
            raise ValueError(
                f"no subset of the members answers {batch} examples within {budget_ms:g} ms on {self.device}: the "
                f"fastest, {' + '.join(fastest.members)}, takes {fastest.latency_ms:.3g} ms"
            )
        return min(fitting, key=lambda p: (-p.top1, p.nll, p.latency_ms)).members

    def to_json(self) -> dict[str, Any]:
        """Return the frontier as plain lists, dicts, strings and numbers."""
        return {
            "device": self.device,
            "entries": [asdict(point) | {"members": list(point.members)} for point in self.entries],
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Frontier:
        """Return the frontier that ``to_json`` wrote.

        Raises:
            ValueError: ``value`` has other keys than a frontier.
        """
        try:
            points = (FrontierPoint(**{**entry, "members": tuple(entry["members"])}) for entry in value["entries"])
            return Frontier(str(value["device"]), tuple(points))
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no frontier as swc anytime writes it: {error}") from error
