"""A logarithmic axis, for the curves in the terminal and in files."""

from __future__ import annotations

from math import ceil, floor, log10

from attrs import frozen


@frozen
class Axis:
    """A logarithmic axis: where values lie between 0 and 1, and which round values to mark."""

    low: float
    high: float

    @classmethod
    def around(cls, values: list[float]) -> Axis:
        """An axis that holds all the values (above zero) with a little room."""
        low, high = log10(min(values)), log10(max(values))
        room = max(0.03 * (high - low), 0.05)
        return cls(low - room, high + room)

    def place(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high one."""
        return (log10(value) - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> list[float]:
        """Round values to mark: powers of ten, with 2 and 5 between them where the axis is short."""
        for steps in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)):
            powers = range(floor(self.low) - 1, ceil(self.high) + 1)
            found = [s * 10.0**p for p in powers for s in steps if self.low <= log10(s) + p <= self.high]
            if len(found) >= 3:
                break
        return found
