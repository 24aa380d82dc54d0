"""A step: the stretch of one thread's computation within which nothing is composed twice."""

from __future__ import annotations

from torch import Tensor

from swc_runtime.cancellation import Cancellable
from swc_runtime.kept import Kept
from swc_runtime.resolution import Resolution


class Step:
    """What one thread has composed since it entered the outermost level.

    Keys hold whether gradients were recorded: weights without a graph are not mistaken for weights with one.

    Attributes:
        task: the backward pass that the step is part of, -1 outside of any.
        outer: the step that is interrupted meanwhile.
        training: whether it is part of a training.
        resolution: the assignment that it composes under; None where a compiler looks on, which has that of the moment.
        kept: weights of evaluation that are valid for it.
        work: what is computed, where it may be given up (see ``cancellation``).
        graphless: whether ``kept`` are right also while gradients are recorded, as nothing shared needs any.
    """

    def __init__(self, resolution: Resolution | None, task: int = -1, outer: Step | None = None) -> None:
        self.task = task
        self.outer = outer
        self.depth = 0
        self.training = False
        self.resolution = resolution
        self.kept: Kept | None = None
        self.graphless = False
        self.work: Cancellable | None = None
        self.mixtures: dict[tuple[str, bool], tuple[Tensor, ...]] = {}
        self.weights: dict[tuple[int, bool], Tensor] = {}
        self.flats: dict[str, Tensor] = {}  # by member, while a compiler looks on

    def forget(self) -> None:
        """Forget what was composed."""
        self.mixtures.clear()
        self.weights.clear()
        self.flats.clear()
