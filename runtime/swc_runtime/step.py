"""A step: the stretch of computation within which nothing is composed twice."""

from __future__ import annotations

from torch import Tensor


class Step:
    """Remembers what was composed until the outermost ``with`` block ends, however it ends. Re-entrant.

    Keys hold whether gradients were recorded: weights without a graph are not mistaken for weights with one.
    """

    def __init__(self) -> None:
        self.depth = 0
        self.mixtures: dict[tuple[str, bool], tuple[Tensor, ...]] = {}
        self.weights: dict[tuple[int, bool], Tensor] = {}

    def __enter__(self) -> None:
        self.begin()

    def __exit__(self, *_: object) -> None:
        self.end()

    def begin(self) -> None:
        """Enter, where ``torch.compile`` looks on: older releases do not trace ``with`` on an object like this one."""
        self.depth += 1

    def end(self) -> None:
        """Leave; with the outermost level everything is forgotten."""
        self.depth -= 1
        if self.depth == 0:
            self.forget()

    def forget(self) -> None:
        """Forget what was composed."""
        self.mixtures.clear()
        self.weights.clear()

    def __reduce__(self) -> tuple[type[Step], tuple[()]]:
        return Step, ()  # a copy of a bank starts outside of any step: what is composed belongs to another graph
