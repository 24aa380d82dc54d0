"""A finished training that goes on: its schedule begins anew, everything else is as if it had never stopped."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from train_families import Tiny, digits, tiny

from swc_runtime.checkpoint import read_checkpoint, write_checkpoint
from swc_runtime.problems import CheckpointError
from swc_runtime.recipe import Constant, Cosine, OneCycle, Steps
from swc_runtime.training import FINAL, LAST, History, TrainOptions, learning_rate, timetable, train
from swc_runtime.training.schedule import prolonged
from swc_runtime.training.watch import LossWatch

CPU = TrainOptions(accelerator="cpu", val=0.0)


class Steady(Tiny):
    """One rate, no refinement: epochs are alike."""

    recipe = replace(Tiny.recipe, schedule=Constant(), epochs=4)
    refinement = None


def steady(seed=0):
    torch.manual_seed(seed)
    return Steady()


def options(folder, **changes):
    return replace(CPU, run_dir=folder, **changes)


def tensors_of(folder):
    return {name: read_checkpoint(folder / name)[0] for name in (LAST, FINAL)}


def assert_same(found, expected):
    for name, tensors in expected.items():
        assert set(found[name]) == set(tensors)
        for key, value in tensors.items():
            assert torch.equal(found[name][key], value), (name, key)


@pytest.mark.parametrize("schedule", [OneCycle(0.3), Cosine(1.0), Steps((3,), 0.2), Constant()])
def test_the_added_epochs_follow_the_schedule_anew(schedule):
    recipe = replace(Tiny.recipe, schedule=schedule, epochs=4)
    times = prolonged(timetable(recipe, Tiny.refinement, 4), recipe, Tiny.refinement, 6)
    own = timetable(recipe, Tiny.refinement, 2)
    assert times.legs == (4, 6)
    assert times.first == 4
    assert times.refinements == (2, 5)
    for epoch in (0, 1):
        for step in range(3):
            expected = learning_rate(own.schedule, 0.1, epoch * 3 + step, 3, 2)
            assert times.rate(0.1, 4 + epoch, step, 3) == pytest.approx(expected)
    again = prolonged(times, recipe, Tiny.refinement, 7)
    assert (again.legs, again.first, again.refinements) == ((4, 6, 7), 6, (2, 5))  # too short to be refined


def test_with_one_rate_a_training_that_goes_on_is_a_longer_training_to_the_bit(tmp_path):
    train(steady(), digits(100), options(tmp_path / "long", epochs=4))
    train(steady(), digits(100), options(tmp_path / "parts", epochs=2))
    history = train(steady(5), digits(100), options(tmp_path / "parts", epochs=4, resume=True))
    assert_same(tensors_of(tmp_path / "parts"), tensors_of(tmp_path / "long"))
    assert [record.epoch for record in history.epochs] == [0, 1, 2, 3]
    assert read_checkpoint(tmp_path / "parts" / LAST)[1]["training"]["legs"] == [2, 4]


@pytest.fixture(scope="module")
def prolonged_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prolonged")
    torch.set_num_threads(1)
    first = train(tiny(), digits(150), options(folder))
    return first, train(tiny(1), digits(150), options(folder, epochs=7, resume=True)), tensors_of(folder)


def test_history_goes_on_and_refinement_parts_further(prolonged_run):
    first, whole, _ = prolonged_run
    assert [replace(e, seconds=0) for e in whole.epochs[:4]] == [replace(e, seconds=0) for e in first.epochs]
    assert [record.lr for record in whole.epochs] == pytest.approx([0.1, 0.1, 0.1, 0.02, 0.1, 0.1, 0.02])
    assert [summary.epoch for summary in whole.refinements] == [2, 6]
    assert whole.refinements[0] == first.refinement
    assert whole.refinements[1].before == first.refinement.vectors <= whole.refinements[1].vectors
    assert whole.evaluation is not None


@pytest.mark.parametrize("step", [2, 9, 11])  # four steps an epoch: in each epoch that is added, once as it begins
def test_one_that_is_killed_resumes_to_the_same_bits(prolonged_run, tmp_path, monkeypatch, step):
    train(tiny(), digits(150), options(tmp_path))
    original, count = LossWatch.see, iter(range(10**6))

    def see(self, losses):
        if next(count) == step:
            raise KeyboardInterrupt
        original(self, losses)

    with monkeypatch.context() as patch:
        patch.setattr(LossWatch, "see", see)
        with pytest.raises(KeyboardInterrupt):
            train(tiny(), digits(150), options(tmp_path, epochs=7, resume=True))
    torch.manual_seed(99)
    epochs = 7 if step < 4 else None  # nothing of the added epochs was saved yet
    history = train(tiny(3), digits(150), options(tmp_path, resume=True, epochs=epochs))
    assert_same(tensors_of(tmp_path), prolonged_run[2])
    assert history.refinements == prolonged_run[1].refinements


def test_without_a_number_a_run_keeps_the_epochs_that_it_has(tmp_path):
    train(steady(), digits(64), options(tmp_path, epochs=1))
    history = train(steady(), digits(64), options(tmp_path, resume=True))
    assert len(history.epochs) == 1


def test_what_cannot_go_on_is_told(tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    train(steady(), digits(64), options(tmp_path / "a", epochs=2))
    with pytest.raises(
        CheckpointError, match="training of 2 epochs, all of them trained: a run cannot be cut down to --epochs 1"
    ):
        train(steady(), digits(64), options(tmp_path / "a", epochs=1, resume=True))
    with pytest.raises(CheckpointError, match=r"lr was 0\.1 and is now 0\.5"):
        train(steady(), digits(64), options(tmp_path / "a", epochs=3, lr=0.5, resume=True))

    (tmp_path / "a" / LAST).unlink()
    with pytest.raises(CheckpointError, match=r"without its last state .*--from"):
        train(steady(), digits(64), options(tmp_path / "a", epochs=3, resume=True))

    with monkeypatch.context() as patch:
        patch.setattr("swc_runtime.training.loop.refine", stopped)
        with pytest.raises(KeyboardInterrupt):
            train(tiny(), digits(64), options(tmp_path / "b"))
    with pytest.raises(CheckpointError, match=r"stopped after epoch 2 of 4: finish it first \(--resume --epochs 4\)"):
        train(tiny(), digits(64), options(tmp_path / "b", epochs=9, resume=True))


@pytest.mark.parametrize("legs", [None, "x", [], [0, 4], [4, 3], [4, 4], [2.0, 4], [True, 4], [4, 10**9]])
def test_epochs_that_make_no_sense_are_refused(tmp_path, legs):
    train(steady(), digits(64), options(tmp_path, epochs=4))
    tensors, metadata = read_checkpoint(tmp_path / LAST)
    write_checkpoint(tmp_path / LAST, tensors, {**metadata, "training": {**metadata["training"], "legs": legs}})
    for epochs in (4, 5):
        with pytest.raises(CheckpointError, match="legs was"):
            train(steady(), digits(64), options(tmp_path, epochs=epochs, resume=True))


def test_patience_counts_from_where_the_training_went_on(tmp_path):
    held = {"val": 0.3, "patience": 2}
    whole = train(steady(), digits(150), options(tmp_path, epochs=2, **held))
    worse = replace(whole, epochs=tuple(replace(whole.epochs[0], epoch=n) for n in range(4)))
    assert worse.best == 0
    assert worse.waited(2)
    assert worse.waited(2, first=2)
    assert not worse.waited(2, first=3)


def test_a_training_that_patience_ended_is_not_prolonged(tmp_path, monkeypatch):
    monkeypatch.setattr(History, "waited", lambda self, patience, first=0: patience and len(self.epochs) - first >= 2)
    held = {"val": 0.3, "patience": 1}
    assert len(train(steady(), digits(150), options(tmp_path, epochs=4, **held)).epochs) == 2
    with pytest.raises(CheckpointError, match=r"ended by --patience after epoch 2 of 4: .*--from"):
        train(steady(), digits(150), options(tmp_path, epochs=6, resume=True, **held))
