"""The training recipe of a family, as the ``train`` section states it."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


@frozen
class Sgd:
    """Stochastic gradient descent: ``sgd(lr=0.1, momentum=0.9, nesterov, decay=5e-4)``."""

    lr: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False
    decay: float = 0.0


class ScheduleKind(StrEnum):
    """The learning-rate schedules."""

    CONSTANT = "constant"
    STEPS = "steps"
    COSINE = "cosine"
    ONECYCLE = "onecycle"


@frozen
class Schedule:
    """``steps(60, 120, gamma=0.2)``, ``cosine(warmup=5)`` or ``onecycle(warmup=0.3)``.

    ``milestones`` are epochs; ``warmup`` counts epochs for cosine and is the rising fraction of all steps for
    onecycle, whose peak is the optimizer's learning rate.
    """

    kind: ScheduleKind = ScheduleKind.CONSTANT
    milestones: tuple[int, ...] = ()
    gamma: float = 0.1
    warmup: float = 0.0


class AugmentKind(StrEnum):
    """The augmentations of training images."""

    CROP = "crop"
    FLIP = "flip"
    CUTOUT = "cutout"


@frozen
class Augment:
    """``crop(4)`` (pixels of padding), ``flip`` (horizontal, half of the time) or ``cutout(16)`` (pixels a side)."""

    kind: AugmentKind
    size: int = 0


@frozen
class Recipe:
    """How the family is trained. ``smoothing`` is the label smoothing of the cross-entropy loss."""

    epochs: int = 200
    batch: int = 128
    optimizer: Sgd = Sgd()
    schedule: Schedule = Schedule()
    augment: tuple[Augment, ...] = ()
    smoothing: float = 0.0
