"""A run as its folder tells it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from attrs import frozen


class State(StrEnum):
    """How far a run is. One that goes on at this moment is unfinished."""

    FINISHED = "finished"
    UNFINISHED = "unfinished"
    UNREADABLE = "unreadable"


@frozen
class Scores:
    """How good all members together are, and each alone: fractions, and nats per image."""

    top1: float
    nll: float
    ece: float
    members: Mapping[str, float]
    """Top-1 of each member."""


@frozen
class Epoch:
    """One row of a run's curves; ``val`` is of all members together on the held-out images."""

    number: int
    loss: float
    lr: float
    seconds: float
    val: Scores | None


@frozen
class Run:
    """A training, from the header of the checkpoint that is furthest, and the generated file beside it.

    Attributes:
        folder: where it lies.
        state: how far it is.
        changed: when it was last written to, in seconds since 1970.
        family: the family's name.
        total: how many epochs it was to have.
        epochs: those that were trained.
        parameters: trainable numbers.
        budget: how many the spec allowed, where the generated file is there to say.
        members: their names.
        val: on the held-out images, of the epoch that was best there.
        best: which epoch that was, counted from 1.
        test: on the test images, of the trained family.
        settings: everything that was chosen, and what it was applied to, flat, for comparing.
        trouble: why it is unreadable.
    """

    folder: Path
    state: State
    changed: float
    family: str = ""
    total: int = 0
    epochs: tuple[Epoch, ...] = ()
    parameters: int = 0
    budget: int | None = None
    members: tuple[str, ...] = ()
    val: Scores | None = None
    best: int | None = None
    test: Scores | None = None
    settings: Mapping[str, object] = {}
    trouble: str = ""

    @property
    def seconds(self) -> float:
        """How long its epochs took."""
        return sum(epoch.seconds for epoch in self.epochs)
