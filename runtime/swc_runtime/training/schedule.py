"""Learning rates in closed form: a function of the step, so that a resumed run needs no scheduler's memory."""

from __future__ import annotations

import math
from dataclasses import dataclass

from swc_runtime.recipe import Constant, Cosine, GradientRefinement, OneCycle, Recipe, Schedule, Steps

_FIRST = 25.0
"""OneCycle starts at the peak divided by this (Smith & Topin 2019)."""


def learning_rate(schedule: Schedule, peak: float, step: int, steps_per_epoch: int, epochs: int) -> float:
    """The rate of a step (counted from 0 over the whole training) under a schedule whose highest rate is ``peak``.

    Constant: peak. Steps: peak x gamma^(milestones reached). Cosine: peak (t + 1) / w during the w warm-up steps,
    then peak (1 + cos(pi (t - w) / (T - w))) / 2. OneCycle: half a cosine from peak / 25 up to peak over the first
    ``warmup`` x T steps, then half a cosine down, to 0 after the last step.
    """
    total = max(1, epochs * steps_per_epoch)
    match schedule:
        case Constant():
            return peak
        case Steps(milestones, gamma):
            epoch = step // steps_per_epoch
            return float(peak * gamma ** sum(milestone <= epoch for milestone in milestones))
        case Cosine(warmup):
            rising = round(warmup * steps_per_epoch)
            if step < rising:
                return peak * (step + 1) / rising
            return peak * _fall((step - rising) / max(1, total - rising))
        case OneCycle(warmup):
            rising = round(warmup * total)
            if step < rising:
                low = peak / _FIRST
                return low + (peak - low) * (1 - _fall(step / rising))
            return peak * _fall((step - rising) / max(1, total - rising))


def _fall(progress: float) -> float:
    """Half a cosine from 1 (at 0) to 0 (at 1 and after)."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


@dataclass(frozen=True)
class Timetable:
    """When things happen in a training of ``epochs`` epochs; ``refine_after`` is None without refinement.

    A training that was finished and goes on has the timetable that it had as ``before``: its schedule begins anew where
    that one ended, and ``epochs`` and ``refine_after`` are counted from the very beginning.
    """

    epochs: int
    schedule: Schedule
    refine_after: int | None
    before: Timetable | None = None

    @property
    def first(self) -> int:
        """The epoch that its schedule begins with, counted from 0."""
        return self.before.epochs if self.before else 0

    @property
    def legs(self) -> tuple[int, ...]:
        """After how many epochs each training was finished, or will be."""
        return (*(self.before.legs if self.before else ()), self.epochs)

    @property
    def refinements(self) -> tuple[int, ...]:
        """After how many epochs coefficients are refined, in all trainings."""
        own = (self.refine_after,) if self.refine_after is not None and self.refine_after < self.epochs else ()
        return (*(self.before.refinements if self.before else ()), *own)

    def rate(self, peak: float, epoch: int, step: int, steps_per_epoch: int) -> float:
        """The rate of a step of an epoch (counted from 0 over all trainings)."""
        at = (epoch - self.first) * steps_per_epoch + step
        return learning_rate(self.schedule, peak, at, steps_per_epoch, self.epochs - self.first)


def timetable(recipe: Recipe, refinement: GradientRefinement | None, epochs: int | None) -> Timetable:
    """The recipe's timetable, or, for another number of epochs, the same one stretched to it.

    Milestones, warm-up and the epoch of the refinement keep their places relative to the whole (rounded to epochs, the
    refinement at 1 at least), so that a short trial run goes through the same phases as the real one.
    """
    after = refinement.after if refinement else None
    if epochs is None or epochs == recipe.epochs:
        return Timetable(recipe.epochs, recipe.schedule, after)
    scale = epochs / recipe.epochs
    schedule = recipe.schedule
    if isinstance(schedule, Steps):
        schedule = Steps(tuple(round(milestone * scale) for milestone in schedule.milestones), schedule.gamma)
    elif isinstance(schedule, Cosine):
        schedule = Cosine(schedule.warmup * scale)
    if after:
        after = max(1, round(after * scale))
    return Timetable(epochs, schedule, after)


def prolonged(before: Timetable, recipe: Recipe, refinement: GradientRefinement | None, epochs: int) -> Timetable:
    """The timetable of a finished training that goes on to ``epochs`` epochs in all.

    The epochs that are added follow the recipe's timetable, stretched to their number: a warm restart. The rate rises
    to its peak again, and coefficients are refined again, within their groups.
    """
    added = timetable(recipe, refinement, epochs - before.epochs)
    after = None if added.refine_after is None else before.epochs + added.refine_after
    return Timetable(epochs, added.schedule, after, before)
