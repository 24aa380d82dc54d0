"""Learning rates against formulas written out, and against torch's own schedulers where they mean the same."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from train_families import Tiny

from swc_runtime.recipe import Constant, Cosine, GradientRefinement, OneCycle, Steps
from swc_runtime.training import learning_rate, timetable


def rates(schedule, steps, epochs, peak=0.1):
    return [learning_rate(schedule, peak, step, steps, epochs) for step in range(steps * epochs)]


def test_constant():
    assert set(rates(Constant(), 3, 4)) == {0.1}


def test_steps_fall_at_the_start_of_their_epochs():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    theirs = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 4], gamma=0.2)
    found = rates(Steps((2, 4), 0.2), 5, 6)
    for epoch in range(6):
        assert found[5 * epoch : 5 * epoch + 5] == pytest.approx([optimizer.param_groups[0]["lr"]] * 5)
        optimizer.step()
        theirs.step()


def test_cosine_warms_up_linearly_and_falls_to_zero():
    found = rates(Cosine(warmup=2), 10, 8)
    assert found[:20] == pytest.approx([0.1 * (step + 1) / 20 for step in range(20)])
    assert found[20:] == pytest.approx([0.05 * (1 + math.cos(math.pi * t / 60)) for t in range(60)])
    assert rates(Cosine(), 10, 2) == pytest.approx([0.05 * (1 + math.cos(math.pi * t / 20)) for t in range(20)])


def test_one_cycle_rises_for_its_fraction_and_falls_to_zero():
    found = rates(OneCycle(warmup=0.3), 10, 10)
    rising = [0.004 + (0.1 - 0.004) * (1 - math.cos(math.pi * t / 30)) / 2 for t in range(30)]
    falling = [0.05 * (1 + math.cos(math.pi * t / 70)) for t in range(70)]
    assert found == pytest.approx(rising + falling)
    assert max(found) == found[30] == pytest.approx(0.1)


@pytest.mark.parametrize("schedule", [Cosine(warmup=9), OneCycle(warmup=1.0), OneCycle(warmup=0.0)])
def test_extremes_stay_in_range(schedule):
    assert all(0 <= rate <= 0.1 for rate in rates(schedule, 4, 3))


def test_another_number_of_epochs_stretches_the_timetable():
    recipe = replace(Tiny.recipe, epochs=200, schedule=Steps((60, 120, 160), 0.2))
    refinement = GradientRefinement(after=10)
    assert timetable(recipe, refinement, None).refine_after == 10
    short = timetable(recipe, refinement, 20)
    assert (short.epochs, short.schedule, short.refine_after) == (20, Steps((6, 12, 16), 0.2), 1)
    assert timetable(recipe, refinement, 4).refine_after == 1
    assert timetable(recipe, None, 20).refine_after is None
    assert timetable(replace(recipe, schedule=Cosine(5)), None, 100).schedule == Cosine(2.5)
    assert timetable(replace(recipe, schedule=OneCycle(0.3)), None, 7).schedule == OneCycle(0.3)
