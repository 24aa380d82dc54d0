"""What ``--resume`` reads is checked: a state that lacks something, or is another training's, is never gone on from."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from rich.console import Console
from train_families import Tiny, digits, tiny

from swc_runtime.checkpoint import read_checkpoint, read_metadata, write_checkpoint
from swc_runtime.problems import CheckpointError, DataError, TrainingError
from swc_runtime.progress import reporter
from swc_runtime.recipe import Sgd
from swc_runtime.training import BEST, FINAL, LAST, Session, TrainOptions, check_free, keeping, train

CPU = TrainOptions(accelerator="cpu")


def options(folder, **changes):
    return replace(CPU, run_dir=folder, **changes)


class Killed(BaseException):
    """What happens to a process."""


def stopped_after(folder, epochs, monkeypatch, **changes):
    """Train, and be killed in the epoch after ``epochs``."""
    original = Session.train_epoch

    def train_epoch(self, epoch, *rest):
        if epoch == epochs:
            raise Killed
        return original(self, epoch, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "train_epoch", train_epoch)
        with pytest.raises(Killed):
            train(tiny(), digits(150), options(folder, **changes))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The last state of a run that was stopped after three of four epochs, past its refinement."""
    folder = tmp_path_factory.mktemp("stopped")
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        stopped_after(folder, 3, patch)
    return folder


def resume_changed(saved, tmp_path, change):
    """Resume from the state with its tensors or metadata changed."""
    for name in (LAST, BEST):
        (tmp_path / name).write_bytes((saved / name).read_bytes())
    tensors, metadata = read_checkpoint(tmp_path / LAST)
    change(tensors, metadata)
    write_checkpoint(tmp_path / LAST, tensors, metadata)
    family = tiny(7)
    before = {name: value.clone() for name, value in family.state_dict().items()}
    try:
        return train(family, digits(150), options(tmp_path, resume=True))
    except CheckpointError:
        assert all(torch.equal(value, before[name]) for name, value in family.state_dict().items())
        raise


MOMENTUM = "optimizer/momentum_buffer/members.small.bn0.weight"


def test_unchanged_it_is_gone_on_from(saved, tmp_path):
    assert len(resume_changed(saved, tmp_path, lambda *_: None).epochs) == 4


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.pop(MOMENTUM), r"the optimizer's state of members\.small\.bn0\.weight is missing"),
        (
            lambda t: [t.pop(name) for name in list(t) if name.startswith("optimizer/")],
            "the optimizer's state of .* is missing",
        ),
        (lambda t: t.update({MOMENTUM: torch.zeros(5)}), r"float32 \(5,\), which does not fit .* float32 \(6,\)"),
        (lambda t: t.update({MOMENTUM: t[MOMENTUM].double()}), "float64"),
        (lambda t: t.update({"optimizer/exp_avg/members.small.bn0.weight": t[MOMENTUM].clone()}), "does not fit"),
        (lambda t: t.pop("random/cpu"), "random numbers there is missing"),
        (lambda t: t.update({"random/cpu": torch.zeros(3, dtype=torch.uint8)}), "random numbers of cpu as uint8"),
        (lambda t: t.pop("model/members.small.bn0.weight"), r"members\.small\.bn0\.weight is missing"),
    ],
)
def test_tensors_that_are_missing_or_of_another_kind_are_told(saved, tmp_path, change, told):
    with pytest.raises(CheckpointError, match=told):
        resume_changed(saved, tmp_path, lambda tensors, _: change(tensors))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda m: m.pop("without_momentum"), "which parameters have no momentum"),
        (lambda m: m.pop("training"), "does not say how it was trained"),
        (lambda m: m.update(training="well"), "does not say how it was trained"),
        (lambda m: m.pop("history"), "its history cannot be read"),
        (lambda m: m["history"].pop("epochs"), "its history cannot be read"),
        (lambda m: m["history"]["epochs"][1].pop("lr"), "its history cannot be read"),
        (lambda m: m["history"]["epochs"][1].update(loss="low"), "its history cannot be read"),
        (lambda m: m["history"]["epochs"][1].update(members=[1]), "its history cannot be read"),
        (lambda m: m["history"]["epochs"].pop(1), "not numbered one after the other"),
        (lambda m: m["history"].update(epochs=[]), "written after 0 of 4 epochs"),
        (
            lambda m: m["history"]["epochs"].extend(
                {**m["history"]["epochs"][0], "epoch": epoch} for epoch in range(3, 9)
            ),
            "written after 9 of 4 epochs",
        ),
        (lambda m: m["history"].update(refinements=[]), "says that coefficients were refined after no epoch"),
        (lambda m: m.pop("kind"), "not a training that can go on"),
        (lambda m: m.update(kind="family"), "not a training that can go on"),
        (lambda m: m.pop("classes"), "does not name its classes"),
        (lambda m: m["classes"].reverse(), "another order: label 0 was `9` and is now `0`"),
        (lambda m: m["classes"].__setitem__(3, "three"), "`three` of the training is not among them; `3` is new"),
        (lambda m: m.pop("data"), "does not say what it was trained on"),
        (lambda m: m["data"].update(identity="0" * 16), "trained on other images: on digits with the content 0000"),
        (lambda m: m["training"].update(val=0.2), r"val was 0\.2 and is now 0\.1"),
        (lambda m: m["training"].update(patience=3), "patience was 3 and is now not given"),
    ],
)
def test_metadata_that_are_missing_damaged_or_another_training_s_are_told(saved, tmp_path, change, told):
    with pytest.raises(CheckpointError, match=told):
        resume_changed(saved, tmp_path, lambda _, metadata: change(metadata))


def test_a_state_that_forgot_all_momentum_is_refused_by_the_recipe(saved, tmp_path):
    def change(tensors, metadata):
        for name in [name for name in tensors if name.startswith("optimizer/")]:
            del tensors[name]
        metadata["without_momentum"] = [name for name, _ in tiny().named_parameters()]

    with pytest.raises(CheckpointError, match="holds no momentum, and the recipe's optimizer has"):
        resume_changed(saved, tmp_path, change)


def test_a_recipe_without_momentum_resumes_without_any(tmp_path, monkeypatch):
    monkeypatch.setattr(Tiny, "recipe", replace(Tiny.recipe, optimizer=Sgd(0.1, 0.0)))
    train(tiny(), digits(150), options(tmp_path / "whole"))
    stopped_after(tmp_path / "parts", 2, monkeypatch)
    assert not any(name.startswith("optimizer/") for name in read_checkpoint(tmp_path / "parts" / LAST)[0])
    train(tiny(1), digits(150), options(tmp_path / "parts", resume=True))
    ours, theirs = (read_checkpoint(tmp_path / run / FINAL)[0] for run in ("whole", "parts"))
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())


def test_a_frozen_parameter_has_no_momentum_and_needs_none(tmp_path, monkeypatch):
    def family(seed):
        made = tiny(seed)
        made.members["small"].stem.weight.requires_grad = False
        return made

    with monkeypatch.context() as patch:
        original = Session.train_epoch
        patch.setattr(
            Session, "train_epoch", lambda self, epoch, *rest: original(self, epoch, *rest) if epoch < 2 else 1 / 0
        )
        with pytest.raises(ZeroDivisionError):
            train(family(0), digits(150), options(tmp_path))
    assert read_metadata(tmp_path / LAST)["without_momentum"] == ["members.small.stem.weight"]
    assert len(train(family(1), digits(150), options(tmp_path, resume=True)).epochs) == 4


def heard(folder, **changes):
    out = io.StringIO()
    history = train(tiny(), digits(150), options(folder, **changes), reporter=reporter(Console(file=out, width=400)))
    return history, out.getvalue()


def test_where_nothing_was_saved_a_resumed_run_begins_and_says_so(tmp_path):
    history, text = heard(tmp_path / "new", epochs=1, resume=True)
    assert len(history.epochs) == 1
    assert f"nothing was saved in {tmp_path / 'new'} yet: the training begins" in text


def test_a_run_is_never_replaced_unasked(tmp_path, monkeypatch):
    stopped_after(tmp_path, 1, monkeypatch)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.*")}
    with pytest.raises(
        CheckpointError, match=r"was stopped after epoch 1 of 4. Add --resume to go on .*--fresh to repl"
    ):
        train(tiny(), digits(150), options(tmp_path))
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.*")} == before
    train(tiny(), digits(150), options(tmp_path, resume=True))
    with pytest.raises(CheckpointError, match=r"holds a finished training of tiny\. Add --fresh .* --run"):
        train(tiny(), digits(150), options(tmp_path))
    (tmp_path / LAST).unlink()
    with pytest.raises(CheckpointError, match=r"holds a finished training of tiny\. Add --fresh .* --run"):
        train(tiny(), digits(150), options(tmp_path))
    with pytest.raises(CheckpointError, match="without its last state"):  # nor by going on from nowhere
        train(tiny(), digits(150), options(tmp_path, epochs=5, resume=True))
    with pytest.raises(CheckpointError, match="holds a finished training"):
        train(tiny(), digits(150), options(tmp_path, final="best", resume=True))


@pytest.mark.parametrize("name", [LAST, FINAL])
def test_a_damaged_checkpoint_is_not_replaced_unasked(tmp_path, name):
    (tmp_path / name).write_bytes(b"damaged")
    with pytest.raises(CheckpointError, match=rf"cannot be gone on with: .*{name} is damaged.* Add --fresh"):
        train(tiny(), digits(64), options(tmp_path))
    train(tiny(), digits(64), options(tmp_path, epochs=1, fresh=True))


def test_a_fresh_run_leaves_nothing_of_the_one_before(tmp_path, monkeypatch):
    train(tiny(), digits(150), options(tmp_path, epochs=2))
    (tmp_path / "frontier.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("mine")
    with monkeypatch.context() as patch:
        patch.setattr(Session, "train_epoch", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train(tiny(), digits(150), options(tmp_path, fresh=True))
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "tensorboard", ".swc.lock"}
    assert not list((tmp_path / "tensorboard").iterdir())


def test_a_run_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="cannot be used for a run"):
        train(tiny(), digits(64), options(tmp_path / "file"))


def test_killed_between_the_last_and_the_best_state_a_run_makes_up_for_it(tmp_path, monkeypatch):
    whole = tmp_path / "whole"
    history = train(tiny(), digits(150), options(whole))
    assert history.best == 3
    parts = tmp_path / "parts"
    with monkeypatch.context() as patch:
        original = keeping.save_family

        def save_family(family, path, metadata):
            if metadata["epoch"] == 3:
                raise Killed
            original(family, path, metadata)

        patch.setattr(keeping, "save_family", save_family)
        with pytest.raises(Killed):
            train(tiny(), digits(150), options(parts))
    assert (read_metadata(parts / LAST)["epoch"], read_metadata(parts / BEST)["epoch"]) == (3, 2)
    (parts / "curves.csv").unlink()
    monkeypatch.setattr(Session, "train_epoch", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train(tiny(1), digits(150), options(parts, resume=True))
    assert read_metadata(parts / BEST)["epoch"] == 3
    assert len((parts / "curves.csv").read_text().splitlines()) == 1 + 3


def test_a_best_state_that_is_gone_or_another_is_told(tmp_path, monkeypatch):
    from swc_runtime.training import loop  # noqa: PLC0415 - patched here only

    original, losses = loop.validate, [1.0, 2.0, 3.0, 4.0]

    def validate(*arguments):
        found = original(*arguments)
        return replace(found, scores=(*found.scores[:-1], replace(found.scores[-1], nll=losses.pop(0))))

    monkeypatch.setattr(loop, "validate", validate)
    stopped_after(tmp_path, 2, monkeypatch)
    kept = (tmp_path / BEST).read_bytes()
    (tmp_path / BEST).unlink()
    with pytest.raises(CheckpointError, match=r"that of epoch 1, the best so far, and is missing: .*--keep last"):
        train(tiny(), digits(150), options(tmp_path, resume=True))
    (tmp_path / BEST).write_bytes(b"damaged")
    with pytest.raises(CheckpointError, match="damaged"):
        train(tiny(), digits(150), options(tmp_path, resume=True))
    (tmp_path / BEST).write_bytes(kept)
    tensors, metadata = read_checkpoint(tmp_path / BEST)
    write_checkpoint(tmp_path / BEST, tensors, {**metadata, "run": "another"})  # of the same epoch and the same options
    with pytest.raises(CheckpointError, match=r"that of epoch 1, the best so far, and is another run's: put it back"):
        train(tiny(), digits(150), options(tmp_path, resume=True, final="best"))
    (tmp_path / BEST).write_bytes(kept)
    train(tiny(), digits(150), options(tmp_path, resume=True))
    assert read_metadata(tmp_path / BEST)["epoch"] == 1


def test_a_run_s_checkpoints_say_that_they_belong_together(tmp_path, monkeypatch):
    for folder in (tmp_path / "one", tmp_path / "other"):
        stopped_after(folder, 2, monkeypatch)
        train(tiny(1), digits(150), options(folder, resume=True))
    runs = [{read_metadata(tmp_path / run / name)["run"] for name in (LAST, BEST, FINAL)} for run in ("one", "other")]
    assert [len(each) for each in runs] == [1, 1]
    assert runs[0] != runs[1]


def test_a_trained_family_of_another_run_is_not_taken_for_this_one_s(tmp_path):
    train(tiny(), digits(150), options(tmp_path, epochs=1))
    tensors, metadata = read_checkpoint(tmp_path / FINAL)
    strange = {name: value + 1 if "fc" in name or "head" in name else value for name, value in tensors.items()}
    write_checkpoint(tmp_path / FINAL, strange, {**metadata, "run": "another"})
    train(tiny(), digits(150), options(tmp_path, epochs=1, resume=True))
    again, about = read_checkpoint(tmp_path / FINAL)
    assert about["run"] == metadata["run"]
    assert all(torch.equal(value, tensors[name]) for name, value in again.items())


def test_a_reader_that_dies_leaves_a_way_on_once_an_epoch_is_kept(tmp_path, monkeypatch):
    original = Session.train_epoch

    def train_epoch(self, epoch, *rest):
        if epoch == dies:
            raise DataError("A process that reads images died.")
        return original(self, epoch, *rest)

    monkeypatch.setattr(Session, "train_epoch", train_epoch)
    dies = 0
    with pytest.raises(DataError, match=r"^A process that reads images died\.$"):
        train(tiny(), digits(150), options(tmp_path))
    assert not (tmp_path / "tensorboard").exists()  # as there is nothing to draw
    dies = 1
    with pytest.raises(DataError, match=r"died\. Epoch 1 is trained and kept: .* go on with --resume\."):
        train(tiny(), digits(150), options(tmp_path))


def test_a_run_that_still_trains_is_told_before_what_it_has_left(tmp_path, monkeypatch):
    stopped_after(tmp_path, 1, monkeypatch)
    holder = (
        "import sys; from pathlib import Path; from swc_runtime.training import occupied\n"
        "with occupied(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holder, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(TrainingError, match="is in use: another run of swc"):
            check_free(tmp_path)
        process.stdin.close()
    with pytest.raises(CheckpointError, match="was stopped after epoch 1"):
        check_free(tmp_path)


def test_a_best_state_that_was_damaged_since_costs_no_training(tmp_path, monkeypatch):
    from swc_runtime.training import loop  # noqa: PLC0415 - patched here only

    original, losses = loop.validate, [1.0, 2.0, 3.0, 4.0]

    def validate(*arguments):
        found = original(*arguments)
        if len(losses) == 1:
            (tmp_path / BEST).write_bytes(b"damaged")
        return replace(found, scores=(*found.scores[:-1], replace(found.scores[-1], nll=losses.pop(0))))

    with monkeypatch.context() as patch:
        patch.setattr(loop, "validate", validate)
        with pytest.raises(CheckpointError, match=r"best\.safetensors is damaged.*All epochs are .*--final last"):
            train(tiny(), digits(150), options(tmp_path, final="best"))
    resumed = options(tmp_path, resume=True, final="last", keep=("last",))
    assert train(tiny(), digits(150), resumed).evaluation is not None
    assert {path.name for path in tmp_path.glob("*.safetensors")} == {LAST, FINAL}


def test_a_state_that_is_not_finite_is_not_kept(tmp_path, monkeypatch):
    original = Session.train_epoch

    def train_epoch(self, epoch, *rest):
        record = original(self, epoch, *rest)
        if epoch == 1:
            self.family.members["large"].bn1.running_var[2] = torch.inf
        return record

    monkeypatch.setattr(Session, "train_epoch", train_epoch)
    with pytest.raises(TrainingError, match=r"After epoch 2, members\.large\.bn1\.running_var holds .* lower learning"):
        train(tiny(), digits(150), options(tmp_path))
    monkeypatch.undo()
    assert read_metadata(tmp_path / LAST)["epoch"] == 1
    train(tiny(), digits(150), options(tmp_path, resume=True))


def test_data_that_lie_elsewhere_are_the_same_data(tmp_path, monkeypatch):
    stopped_after(tmp_path, 1, monkeypatch)
    history = train(tiny(), replace(digits(150), name="moved"), options(tmp_path, resume=True))
    assert len(history.epochs) == Tiny.recipe.epochs
    assert read_metadata(tmp_path / FINAL)["data"]["name"] == "moved"


def test_a_checkpoint_of_training_fits_what_loads_families(saved):
    family = tiny(3)
    from swc_runtime.training import load_family  # noqa: PLC0415 - beside what it shows

    about = load_family(family, saved / LAST)
    assert about["epoch"] == 3
    assert len(family.bank.groups("conv3x3@0,0")) > 1


def test_without_locks_a_run_goes_on_and_says_so(tmp_path, monkeypatch):
    def none(*_, **__):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("filelock.FileLock.acquire", none)
    _, text = heard(tmp_path, epochs=1)
    assert f"{tmp_path} lies on a file system without locks: see to it that no other run uses it" in text
