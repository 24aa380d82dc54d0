"""A lock file says what fraction its search held out, and ``swc train`` warns where the search saw held-out images."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from swc.pipeline import measure
from swc.pipeline import search as searching
from swc_runtime.problems import TrainingError
from swc_runtime.training import Session

Swc = Callable[..., Result]
LOOK = ("--data", "digits", "--quiet", "--accelerator", "cpu", "--limit", "64", "--epochs", "1")


def words(result: Result) -> str:
    return " ".join(result.output.split())


def test_held_out_images_that_a_search_has_seen_are_warned_of(swc: Swc, spec: Path, tmp_path: Path) -> None:
    assert swc("search", spec, *LOOK, "--val", "0").exit_code == 0
    lock = tmp_path / "tiny.lock"
    assert json.loads(lock.read_text())["val"] == 0
    warned = swc("train", spec, *LOOK)
    assert warned.exit_code == 0, warned.output
    assert "SW0722" in warned.output
    assert "comes of a search with --val 0, and the training has --val 0.1" in words(warned)
    for same in (("--val", "0"), ("--no-search",)):
        assert "SW0722" not in swc("train", spec, *LOOK, "--fresh", "--run", "other", *same).output
    assert swc("search", spec, "--data", "digits", "--quiet", "--threshold", "0.2").exit_code == 0
    assert json.loads(lock.read_text())["val"] == 0  # grouped again from what was measured
    assert swc("search", spec, *LOOK).exit_code == 0
    assert json.loads(lock.read_text())["val"] == 0.1
    assert "SW0722" not in swc("train", spec, *LOOK, "--run", "third").output


def test_lock_files_and_similarities_that_do_not_say_it_are_good_all_the_same(
    swc: Swc, spec: Path, tmp_path: Path
) -> None:
    assert swc("search", spec, *LOOK).exit_code == 0
    for path in (tmp_path / "tiny.lock", tmp_path / "tiny.similarities.json"):
        content = json.loads(path.read_text())
        assert content.pop("val") == 0.1
        path.write_text(json.dumps(content))
    trained = swc("train", spec, *LOOK, "--val", "0.2")
    assert trained.exit_code == 0, trained.output
    assert "SW0722" not in trained.output
    assert swc("search", spec, "--data", "digits", "--quiet", "--threshold", "0.2").exit_code == 0
    assert "val" not in json.loads((tmp_path / "tiny.lock").read_text())


@pytest.mark.parametrize("value", ["1", "-0.1", '"a tenth"', "true", "NaN"])
def test_fractions_that_make_no_sense_are_refused(swc: Swc, spec: Path, tmp_path: Path, value: str) -> None:
    assert swc("search", spec, *LOOK).exit_code == 0
    lock = tmp_path / "tiny.lock"
    lock.write_text(lock.read_text().replace('"val": 0.1', f'"val": {value}'))
    refused = swc("compile", spec)
    assert refused.exit_code == 1
    assert "SW0701" in refused.output
    assert "`val`" in refused.output


def test_a_search_that_is_interrupted_says_that_nothing_is_kept(
    swc: Swc, spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "train_epoch", interrupted)
    stopped = swc("search", spec, *LOOK)
    assert stopped.exit_code == 130
    assert "interrupted before the search was done: nothing of it is kept" in words(stopped)
    assert not list(tmp_path.glob("*.lock"))
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(searching, "write_lock", interrupted)
    assert "files that were already written are whole" in words(swc("search", spec, *LOOK))


@pytest.mark.parametrize("problem", [TrainingError("No room."), OSError(28, "No space left on device")])
def test_measuring_that_fails_says_that_the_training_is_finished(
    swc: Swc, spec: Path, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    def fail(*_: object) -> None:
        raise problem

    monkeypatch.setattr(measure, "measure", fail)
    result = swc("train", spec, *LOOK, "--no-search")
    assert result.exit_code == 1
    assert "error: No" in result.output
    assert "The training is finished, and its family is runs/tiny/family.safetensors" in words(result)
