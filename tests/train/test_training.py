"""Training as a whole: it learns, refines, resumes bit for bit, and stops with a sentence when it goes wrong."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import pytest
import torch
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.nn import functional as F  # noqa: N812 - the field's name for it
from train_families import Tiny, digits, tiny

from swc_runtime.checkpoint import read_checkpoint
from swc_runtime.problems import CheckpointError, TrainingError
from swc_runtime.progress import reporter
from swc_runtime.recipe import Cosine, OneCycle, Sgd
from swc_runtime.training import FINAL, LAST, History, Session, TrainOptions, load_family, open_fabric, timetable, train
from swc_runtime.training.watch import LossWatch

CPU = TrainOptions(accelerator="cpu")


def options(folder, **changes):
    return replace(CPU, run_dir=folder, **changes)


class Killed(BaseException):
    """What happens to a process."""


def kill_at(monkeypatch, step):
    """Stop at the n-th step that is taken, counted over epochs."""
    original, count = LossWatch.see, iter(range(10**6))

    def see(self, losses):
        if next(count) == step:
            raise Killed
        original(self, losses)

    monkeypatch.setattr(LossWatch, "see", see)


def final_tensors(folder):
    return {name: read_checkpoint(folder / name)[0] for name in (LAST, FINAL)}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    torch.set_num_threads(1)
    return train(tiny(), digits(150), options(folder)), final_tensors(folder)


# 150 images in batches of 32: 4 steps an epoch, 4 epochs, refinement after 2.
@pytest.mark.parametrize("step", [5, 8, 9, 15])
def test_a_killed_run_resumes_to_the_same_bits(uninterrupted, tmp_path, monkeypatch, step):
    with monkeypatch.context() as patch:
        kill_at(patch, step)
        with pytest.raises(Killed):
            train(tiny(), digits(150), options(tmp_path))
    torch.manual_seed(12345)  # nothing in the new process is as it was
    torch.rand(7)
    history = train(tiny(seed=99), digits(150), options(tmp_path, resume=True))
    whole, tensors = uninterrupted
    for name, expected in tensors.items():
        found = final_tensors(tmp_path)[name]
        assert set(found) == set(expected)
        for key, value in expected.items():
            assert torch.equal(found[key], value), (name, key)
    assert history.refinement == whole.refinement
    assert history.evaluation == whole.evaluation
    assert [replace(e, seconds=0) for e in history.epochs] == [replace(e, seconds=0) for e in whole.epochs]


def test_the_run_refined_and_momentum_was_saved(uninterrupted):
    history, tensors = uninterrupted
    assert history.refinement is not None
    assert history.refinement.epoch == 2
    assert history.refinement.vectors > history.refinement.shared
    assert any(name.startswith("optimizer/momentum_buffer/bank.") for name in tensors[LAST])
    assert [record.lr for record in history.epochs] == pytest.approx([0.1, 0.1, 0.1, 0.02])


def test_training_is_reproducible_and_follows_its_seed(uninterrupted, tmp_path):
    train(tiny(), digits(150), options(tmp_path / "same"))
    same = final_tensors(tmp_path / "same")[FINAL]
    assert all(torch.equal(same[name], value) for name, value in uninterrupted[1][FINAL].items())
    train(tiny(), digits(150), options(tmp_path / "other", seed=1))
    other = final_tensors(tmp_path / "other")[FINAL]
    assert any(not torch.equal(other[name], value) for name, value in uninterrupted[1][FINAL].items())


def test_the_first_step_is_sgd_on_the_sum_of_losses():
    family, reference = tiny(), tiny()
    session = Session(family, digits(32), CPU, open_fabric(CPU), timetable(family.recipe, None, None))
    images, labels = next(session.batches(0, "train"))
    session.train_epoch(0, reporter(quiet=True).phase("x", 1).__enter__())
    loss = sum(F.cross_entropy(logits, labels) for logits in reference(images))
    loss.backward()
    trained = dict(family.named_parameters())
    for name, parameter in reference.named_parameters():
        decay = 0.0 if "coefficients" in name else 5e-4
        gradient = parameter.grad + decay * parameter.detach()
        torch.testing.assert_close(trained[name], parameter - 0.1 * (gradient + 0.9 * gradient), rtol=1e-4, atol=1e-6)


def test_it_learns(tmp_path):
    Tidy = type("Tidy", (Tiny,), {"recipe": replace(Tiny.recipe, schedule=OneCycle(0.3), epochs=6)})  # noqa: N806
    torch.manual_seed(0)
    family = Tidy()
    history = train(family, digits(), options(tmp_path))
    assert history.epochs[-1].loss < 0.5 * history.epochs[0].loss
    assert history.evaluation.ensemble.top1 > 0.85
    assert all(record.val.images == 144 for record in history.epochs)
    fresh = Tidy()
    metadata = load_family(fresh, tmp_path / FINAL)
    images = torch.randn(3, 1, 8, 8)
    assert torch.equal(fresh.predict(images), family.predict(images))
    assert History.from_json(metadata["history"]) == history
    assert metadata["normalisation"]["mean"] == list(digits().normalise.mean)
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("train/loss")] == [1, 2, 3, 4, 5, 6]
    assert [event.step for event in events.Scalars("test/top1")] == [6]
    assert [event.step for event in events.Scalars("val/nll")] == [1, 2, 3, 4, 5, 6]
    assert events.Scalars("val/nll")[2].value == pytest.approx(history.epochs[2].val.ensemble.nll)
    assert {"train/lr", "train/loss/small", "val/top1/small", "test/ece/large"} <= set(events.Tags()["scalars"])


def test_label_smoothing_and_member_losses():
    family = tiny()
    session = Session(family, digits(32), CPU, open_fabric(CPU), timetable(family.recipe, None, None))
    logits, labels = torch.randn(2, 5, 10), torch.tensor([1, 2, 3, 4, 5])
    session.smoothing = 0.1
    expected = [F.cross_entropy(each, labels, label_smoothing=0.1) for each in logits]
    torch.testing.assert_close(session.member_losses(logits, labels), torch.stack(expected))


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint(tmp_path, monkeypatch):
    family, original = tiny(), Session.member_losses
    calls = iter(range(10**6))

    def poisoned(self, logits, labels):
        losses = original(self, logits, labels)
        return losses * torch.tensor([1.0, math.nan]) if next(calls) == 6 else losses

    monkeypatch.setattr(Session, "member_losses", poisoned)
    with pytest.raises(TrainingError, match=r"epoch 2 of 4, step 3 of 4 \(small: .*, large: nan; .* 0\.1\).*lower"):
        train(family, digits(150), options(tmp_path))
    assert all(parameter.isfinite().all() for parameter in family.parameters())
    assert read_checkpoint(tmp_path / LAST)[1]["history"]["epochs"][-1]["epoch"] == 0
    monkeypatch.undo()
    train(tiny(), digits(150), options(tmp_path, resume=True))


def test_divergence_is_told(tmp_path):
    with pytest.raises(TrainingError, match="not a finite number"):
        train(tiny(), digits(150), options(tmp_path, lr=1e30, epochs=2))


def test_another_training_s_checkpoint_is_not_resumed(tmp_path):
    train(tiny(), digits(64), options(tmp_path, epochs=1))
    with pytest.raises(CheckpointError, match=r"seed was 0 and is now 5; batch was 32 and is"):
        train(tiny(), digits(64), options(tmp_path, epochs=1, seed=5, batch=16, resume=True))
    (tmp_path / LAST).write_bytes((tmp_path / FINAL).read_bytes())
    with pytest.raises(CheckpointError, match="holds a trained family"):
        train(tiny(), digits(64), options(tmp_path, epochs=1, resume=True))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"epochs": 0}, "--epochs must be at least 1"),
        ({"batch": 0}, "--batch"),
        ({"lr": 0.0}, "--lr must be above 0"),
        ({"lr": math.nan}, "--lr must be above 0"),
        ({"lr": math.inf}, "--lr must be above 0 and finite"),
        ({"devices": 0}, "--devices"),
        ({"limit": 0}, "--limit must be at least 1"),
        ({"epochs": 10**400}, "--epochs must be at most 100,000, not a number of more than 24 digits"),
        ({"seed": 2**64}, r"--seed must be from 0 to 18446744073709551615 \(64 bits\), not 18446744073709551616"),
        ({"seed": -1}, "--seed"),
        ({"val": 1.0}, "--val must be from 0"),
        ({"val": math.nan}, "--val must be from 0"),
        ({"patience": 0}, "--patience"),
        ({"patience": 1, "val": 0.0}, "--patience needs held-out images"),
        ({"keep": ("best",), "val": 0.0}, "--keep best needs held-out images"),
        ({"keep": ("best", "worst")}, "--keep must name `best`, `last` or both"),
        ({"keep": ()}, "--keep must name"),
        ({"keep": ("last",), "final": "best"}, "say --keep best,last"),
        ({"resume": True}, "folder"),
        ({"precision": "8-bit"}, "no precision '8-bit'"),
        ({"accelerator": "abacus"}, "'abacus' is not possible here"),
        pytest.param(
            {"accelerator": "cuda"},
            "no CUDA device here",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is one"),
        ),
    ],
)
def test_impossible_options_are_told(changes, told):
    with pytest.raises(TrainingError, match=told):
        train(tiny(), digits(64), replace(CPU, **changes))


def test_nesterov_without_momentum_is_told(monkeypatch):
    monkeypatch.setattr(Tiny, "recipe", replace(Tiny.recipe, optimizer=Sgd(0.1, 0.0, nesterov=True)))
    with pytest.raises(TrainingError, match="Nesterov"):
        train(tiny(), digits(64), CPU)


def test_bf16_channels_last_and_cosine_run(monkeypatch):
    monkeypatch.setattr(Tiny, "recipe", replace(Tiny.recipe, schedule=Cosine(1), epochs=3))
    history = train(tiny(), digits(), replace(CPU, precision="bf16-mixed", channels_last=True))
    assert history.refinement is not None
    assert history.epochs[-1].loss < history.epochs[0].loss


def test_phases_are_told_in_lines_where_there_is_no_terminal():
    out = io.StringIO()
    train(tiny(), digits(64), CPU, reporter=reporter(Console(file=out, width=200)))
    lines = out.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == [
        *["train", "train", "refine", "refine", "train", "train", "evaluate", "the"]
    ]
    assert "epoch 1/4  loss " in lines[0]
    assert "val top-1 " in lines[0]
    assert "to go)" in lines[0]


def test_phases_have_bars_on_a_terminal_and_quiet_says_nothing():
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=160)
    train(tiny(), digits(64), CPU, reporter=reporter(console))
    for word in ("train", "refine", "val", "evaluate", "epoch 4/4", "ETA"):
        assert word in out.getvalue()
    silent = io.StringIO()
    train(tiny(), digits(64), replace(CPU, epochs=1), reporter=reporter(Console(file=silent), quiet=True))
    assert silent.getvalue() == ""
