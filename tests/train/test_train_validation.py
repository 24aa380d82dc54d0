"""Held-out images: scored after every epoch, apart from training and search; test images are looked at once."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import pytest
import torch
from rich.console import Console
from train_families import Tiny, digits, noise, tiny

from swc.pipeline.trained import Trained
from swc_runtime.checkpoint import read_checkpoint, read_metadata
from swc_runtime.evaluation import evaluate
from swc_runtime.problems import DataError, TrainingError
from swc_runtime.progress import reporter
from swc_runtime.recipe import GradientSearch
from swc_runtime.search import search
from swc_runtime.training import BEST, FINAL, LAST, History, TrainOptions, load_family, train
from swc_runtime.training import loop as training_loop
from swc_runtime.training.validation import Validation, held_out

CPU = TrainOptions(accelerator="cpu")


def options(folder, **changes):
    return replace(CPU, run_dir=folder, **changes)


class Watched:
    """A split that counts how often each of its images was handed out."""

    def __init__(self, split):
        self.split, self.seen = split, torch.zeros(len(split), dtype=torch.long)

    @property
    def labels(self):
        return self.split.labels

    def __len__(self):
        return len(self.split)

    def subset(self, indices):
        found = Watched(self.split.subset(indices))
        found.parent, found.indices = self, indices
        return found

    def to(self, _device):
        return self

    def stream(self, batches, device):
        for indices in batches:
            self._count(indices)
            yield from self.split.stream([indices], device)

    def _count(self, indices):
        self.seen.index_add_(0, indices, torch.ones_like(indices))
        if hasattr(self, "parent"):
            self.parent._count(self.indices[indices])


def watched(data):
    return replace(data, train=Watched(data.train), test=Watched(data.test))


def scripted(monkeypatch, losses):
    """Let the held-out NLL of the ensemble after each epoch be what is given."""
    original, left = training_loop.validate, list(losses)

    def validate(*arguments):
        found = original(*arguments)
        return replace(found, scores=(*found.scores[:-1], replace(found.scores[-1], nll=left.pop(0))))

    monkeypatch.setattr(training_loop, "validate", validate)


def test_every_held_out_image_is_scored_each_epoch_and_never_trained_on(tmp_path):
    data = watched(noise(100))
    train(tiny(), data, options(tmp_path, epochs=3, val=0.2))
    chosen = held_out(noise(100), 0.2)
    ours = {tuple(image.flatten().tolist()) for image in chosen.val.images}
    held = torch.tensor([tuple(image.flatten().tolist()) in ours for image in data.train.split.images])
    assert held.sum() == 20
    assert (data.train.seen[held] == 3).all()
    assert data.train.seen[~held].sum() == (3 + 1) * 64  # 80 images in batches of 32, and an epoch of refinement
    assert (data.test.seen == 1).all()


def test_the_search_never_sees_a_held_out_image(monkeypatch):
    monkeypatch.setattr(Tiny, "recipe", replace(Tiny.recipe, batch=16))
    data = watched(noise(100))
    search(tiny(), data, GradientSearch(0.1, 8), replace(CPU, val=0.2))
    assert (data.train.seen > 0).sum() == 80
    assert data.test.seen.sum() == 0


def test_a_resumed_run_looks_at_the_test_images_once_as_well(tmp_path, monkeypatch):
    data, whole = watched(noise(64)), options(tmp_path, epochs=2)
    with monkeypatch.context() as patch:
        patch.setattr(training_loop, "evaluate", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            train(tiny(), data, whole)
    assert data.test.seen.sum() == 0
    first = train(tiny(), data, replace(whole, resume=True))
    again = train(tiny(1), data, replace(whole, resume=True))
    assert again == first
    assert (data.test.seen == 1).all()


def test_scores_are_those_of_evaluate_on_the_held_out_images(tmp_path):
    family = tiny()
    history = train(family, digits(300), options(tmp_path, epochs=2))
    data = digits(300).held_out(0.1)
    assert len(data.val) == 30
    expected = evaluate(family, data, split="val")
    found = history.epochs[-1].val
    assert found.images == expected.images == 30
    assert found.ensemble == expected.ensemble
    assert found.members == {name: expected.score([name]) for name in ("small", "large")}
    assert (expected.split, evaluate(family, data).split) == ("val", "test")
    assert Validation.from_json(found.to_json()) == found
    with pytest.raises(DataError, match="hold some out first"):
        evaluate(family, digits(300), split="val")


def test_held_out_images_do_not_change_what_is_trained(tmp_path):
    """Scoring in between leaves no trace: the same split, scored or not, gives the same bits."""
    data = held_out(digits(150), 0.1)
    train(tiny(), data, options(tmp_path / "scored"))
    train(tiny(), replace(data, val=None), options(tmp_path / "not", val=0.0))
    tensors = [read_checkpoint(tmp_path / name / LAST)[0] for name in ("scored", "not")]
    assert all(torch.equal(value, tensors[1][name]) for name, value in tensors[0].items())
    assert not (tmp_path / "not" / BEST).exists()
    assert read_metadata(tmp_path / "not" / LAST)["data"]["val"] is None


def test_the_checkpoint_says_what_was_held_out_and_of_which_data(tmp_path):
    data = digits(200)
    train(tiny(), data, options(tmp_path, epochs=1, val=0.25, limit=100))
    for name in (LAST, BEST, FINAL):
        about = read_metadata(tmp_path / name)
        assert about["classes"] == list("0123456789")
        assert about["data"] == {
            "name": "digits",
            "identity": data.identity,
            "images": {"train": 100, "val": 50, "test": 355},
            "skipped": [],
            "alpha": "white",
            "val": {"fraction": 0.25, "seed": 0},
        }
        assert about["versions"]["torch"] == torch.__version__
        assert History.from_json(about["history"]).epochs[0].val.images == 50


@pytest.mark.parametrize("val", [0.0, 0.1])
def test_the_checkpoint_says_that_the_data_set_brought_validation_images(tmp_path, val):
    data = digits(100)
    own = replace(data, val=data.test.subset(torch.arange(20)))
    train(tiny(), own, options(tmp_path, val=val, epochs=1))
    about = read_metadata(tmp_path / FINAL)["data"]
    assert about["val"] == {"own": True}
    assert about["images"]["val"] == 20
    trained = Trained(tiny(), tmp_path / FINAL, read_metadata(tmp_path / FINAL))
    assert trained.as_in_training(own) is own
    held = Trained(
        tiny(), tmp_path / FINAL, {**trained.metadata, "data": {**about, "val": {"fraction": 0.2, "seed": 1}}}
    )
    assert held.as_in_training(data).split == (0.2, 1)


def test_the_checkpoint_says_how_a_program_held_images_out(tmp_path):
    train(tiny(), digits(100).held_out(0.25, seed=3), options(tmp_path, epochs=1))
    assert read_metadata(tmp_path / FINAL)["data"]["val"] == {"fraction": 0.25, "seed": 3}


def test_the_best_state_is_kept_and_the_first_of_equals(tmp_path, monkeypatch):
    scripted(monkeypatch, [3.0, 1.0, 1.0, 2.0])
    family = tiny()
    history = train(family, digits(150), options(tmp_path))
    assert history.best == 1
    best, last = tiny(1), tiny(2)
    about = load_family(best, tmp_path / BEST)
    assert (about["epoch"], about["chosen"], len(about["history"]["epochs"])) == (2, "best", 2)
    assert load_family(last, tmp_path / FINAL)["epoch"] == 4
    images = torch.randn(4, 1, 8, 8)
    assert torch.equal(last.predict(images), family.predict(images))
    assert not torch.equal(best.predict(images), family.predict(images))


@pytest.mark.parametrize("folder", [True, False])
def test_the_trained_family_is_the_best_one_where_that_is_asked_for(tmp_path, monkeypatch, folder):
    scripted(monkeypatch, [3.0, 1.0, 2.0, 2.0])
    family, two = tiny(), tiny()
    out = io.StringIO()
    wanted = options(tmp_path / "best" if folder else None, final="best")
    history = train(family, digits(150), wanted, reporter=reporter(Console(file=out, width=200)))
    assert (
        "the family is that of epoch 2 of 4 (--final best; lowest NLL on the held-out images: 1.000" in out.getvalue()
    )
    monkeypatch.undo()
    # The same training, stopped after its second epoch by patience: refinement comes after it.
    scripted(monkeypatch, [3.0, 1.0])
    monkeypatch.setattr(training_loop.History, "waited", lambda self, *_: len(self.epochs) == 2)
    train(two, digits(150), options(tmp_path / "two", patience=1))
    assert all(torch.equal(value, two.state_dict()[name]) for name, value in family.state_dict().items())
    assert history.evaluation == evaluate(two, digits(150))
    if folder:
        assert read_metadata(tmp_path / "best" / FINAL)["epoch"] == 2


def test_patience_stops_a_training_and_takes_the_best_of_it(tmp_path, monkeypatch):
    scripted(monkeypatch, [2.0, 1.0, math.nan, 1.0, 0.5, 0.4])
    out = io.StringIO()
    asked = options(tmp_path, epochs=6, patience=2)
    history = train(tiny(), digits(150), asked, reporter=reporter(Console(file=out, width=200)))
    assert len(history.epochs) == 4
    assert "stopped after epoch 4 of 6: no better NLL on the held-out images since epoch 2" in out.getvalue()
    assert read_metadata(tmp_path / FINAL)["epoch"] == 2
    monkeypatch.undo()
    assert train(tiny(1), digits(150), replace(asked, resume=True)).evaluation == history.evaluation


def test_only_what_is_asked_for_is_kept(tmp_path):
    train(tiny(), digits(64), options(tmp_path / "a", epochs=1, keep=("best",)))
    train(tiny(), digits(64), options(tmp_path / "b", epochs=1, keep=("last",)))
    files = [{p.name for p in (tmp_path / name).glob("*.safetensors")} for name in "ab"]
    assert files == [{BEST, FINAL}, {LAST, FINAL}]
    resumed = options(tmp_path / "a", epochs=1, keep=("best",), resume=True)
    assert train(tiny(1), digits(64), resumed).evaluation is not None


def rows(folder):
    with (folder / "curves.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_curves_are_a_table_with_a_row_an_epoch(tmp_path):
    history = train(tiny(), digits(150), options(tmp_path, epochs=3))
    table = rows(tmp_path)
    assert [row["epoch"] for row in table] == ["1", "2", "3"]
    for row, record in zip(table, history.epochs, strict=True):
        assert float(row["loss"]) == record.loss
        assert float(row["loss/small"]) + float(row["loss/large"]) == pytest.approx(record.loss)
        assert float(row["lr"]) == record.lr
        assert float(row["val/nll"]) == record.val.ensemble.nll
        assert float(row["val/top1/large"]) == record.val.members["large"].top1
        assert float(row["val/ece/small"]) == record.val.members["small"].ece
    train(tiny(), digits(64), options(tmp_path, epochs=1, val=0.0, fresh=True))
    (row,) = rows(tmp_path)
    assert row["val/nll"] == row["val/top1/large"] == ""


class Broken:
    """A split whose images cannot be read; every use is counted."""

    def __init__(self, split):
        self.split = split

    @property
    def labels(self):
        return self.split.labels

    def __len__(self):
        return len(self.split)

    def subset(self, indices):
        return self.split.subset(indices)

    def to(self, _device):
        return self

    def stream(self, *_):
        raise DataError("seven.png is not a readable image: mend it.")


def test_a_broken_test_image_costs_no_training(tmp_path):
    data, family = digits(64), tiny()
    told = r"seven\.png is not a readable image: mend it\. The training is finished, and its weights are kept in .*eval"
    with pytest.raises(DataError, match=told):
        train(family, replace(data, test=Broken(data.test)), options(tmp_path, epochs=2))
    kept = tiny(1)
    assert load_family(kept, tmp_path / FINAL)["history"]["evaluation"] is None
    images = torch.randn(4, 1, 8, 8)
    assert torch.equal(kept.predict(images), family.eval().predict(images))
    history = train(tiny(2), data, options(tmp_path, epochs=2, resume=True))
    assert history.evaluation == evaluate(kept, data)
    assert len(history.epochs) == 2


def test_a_broken_held_out_image_costs_no_epoch(tmp_path):
    whole = train(tiny(), digits(150), options(tmp_path / "whole"))
    data = held_out(digits(150), 0.1)
    with pytest.raises(DataError, match=r"Epoch 1 is trained and kept: mend what is said here, then go on with"):
        train(tiny(), replace(data, val=Broken(data.val)), options(tmp_path / "parts"))
    assert read_metadata(tmp_path / "parts" / LAST)["history"]["epochs"][0]["val"] is None
    resumed = train(tiny(1), digits(150), options(tmp_path / "parts", resume=True))
    assert [replace(e, seconds=0) for e in resumed.epochs] == [replace(e, seconds=0) for e in whole.epochs]
    for name in (LAST, BEST, FINAL):
        ours, theirs = (read_checkpoint(tmp_path / run / name)[0] for run in ("whole", "parts"))
        assert all(torch.equal(value, theirs[key]) for key, value in ours.items())


def test_too_little_memory_in_the_end_costs_no_training(tmp_path, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr("swc_runtime.evaluation.predictions", full)
    with pytest.raises(TrainingError, match=r"too little memory \(CUDA out of memory.*weights are kept in"):
        train(tiny(), digits(64), options(tmp_path, epochs=1, val=0.0))
    assert (tmp_path / FINAL).is_file()


def test_too_few_images_to_hold_out_are_told(tmp_path):
    with pytest.raises(DataError, match="--val 0"):
        train(tiny(), noise(3), options(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_patience_and_the_best_epoch_survive_being_killed(tmp_path, monkeypatch):
    """Whenever it is killed, a run stops after the same epoch and takes the same family."""
    losses = {1: 2.0, 2: 1.0, 3: 1.5, 4: 1.2, 5: 0.1}
    original, trained = training_loop.validate, training_loop.Session.train_epoch

    def validate(family, data, *rest):
        found = original(family, data, *rest)
        done = int(family.members["small"].bn0.num_batches_tracked) // 4  # steps an epoch
        return replace(found, scores=(*found.scores[:-1], replace(found.scores[-1], nll=losses[done])))

    monkeypatch.setattr(training_loop, "validate", validate)
    asked = options(tmp_path / "whole", epochs=6, patience=2)
    whole = train(tiny(), digits(150), asked)
    assert len(whole.epochs) == 4
    for killed in (1, 2, 3):
        parts = replace(asked, run_dir=tmp_path / str(killed))

        def train_epoch(self, epoch, *rest, killed=killed):
            if epoch == killed:
                raise KeyboardInterrupt
            return trained(self, epoch, *rest)

        with monkeypatch.context() as patch:
            patch.setattr(training_loop.Session, "train_epoch", train_epoch)
            with pytest.raises(KeyboardInterrupt):
                train(tiny(), digits(150), parts)
        resumed = train(tiny(9), digits(150), replace(parts, resume=True))
        assert [replace(e, seconds=0) for e in resumed.epochs] == [replace(e, seconds=0) for e in whole.epochs]
        for name in (LAST, BEST, FINAL):
            ours, theirs = (read_checkpoint(run / name)[0] for run in (tmp_path / "whole", tmp_path / str(killed)))
            assert all(torch.equal(value, theirs[key]) for key, value in ours.items())
        assert read_metadata(tmp_path / str(killed) / FINAL)["epoch"] == 2
