"""What ``swc train`` keeps, what it refuses before it writes anything, and which classes ``eval`` and others take."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result
from PIL import Image

from swc_runtime.training import EpochRecord, Session

Swc = Callable[..., Result]
QUICK = ("--data", "digits", "--quiet", "--accelerator", "cpu", "--limit", "64", "--epochs", "1", "--no-search")


def test_a_run_s_folder_holds_what_the_documentation_says(swc: Swc, spec: Path, tmp_path: Path) -> None:
    result = swc("train", spec, *QUICK, "--val", "0.2")
    assert result.exit_code == 0, result.output
    run = tmp_path / "runs" / "tiny"
    python_s_own = {"__pycache__"}  # where the interpreter keeps bytecode, if it is let
    assert {path.name for path in run.iterdir()} - python_s_own == {
        *("tiny.py", "best.safetensors", "last.safetensors", "family.safetensors", "curves.csv", "tensorboard"),
        *("frontier.json", "anytime.png", ".swc.lock"),
    }
    with (run / "curves.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert float(row["val/nll"]) > 0
    assert json.loads(swc("eval", spec, *QUICK[:5], "--format", "json").output)["split"] == "test"
    held_out = json.loads(swc("eval", spec, *QUICK[:5], "--format", "json", "--split", "val").output)
    assert (held_out["split"], held_out["images"]) == ("val", 288)
    assert held_out["scores"][-1]["nll"] == pytest.approx(float(row["val/nll"]), rel=1e-6)
    assert json.loads((run / "frontier.json").read_text())["scored_on"] == "val"
    before = {path.name: path.read_bytes() for path in run.glob("*.*")}
    again = swc("train", spec, *QUICK)
    assert again.exit_code == 1
    assert "runs/tiny holds a finished training of tiny. Add --fresh to replace it, or name another" in again.output
    assert {path.name: path.read_bytes() for path in run.glob("*.*")} == before
    done = swc("train", spec, *QUICK, "--val", "0.2", "--resume")
    assert done.exit_code == 0, done.output
    assert (run / "family.safetensors").read_bytes() == before["family.safetensors"]
    fresh = swc("train", spec, *QUICK, "--fresh", "--keep", "last", "--val", "0")
    assert fresh.exit_code == 0, fresh.output
    assert not (run / "best.safetensors").exists()
    assert json.loads((run / "frontier.json").read_text())["scored_on"] == "test"
    none = swc("eval", spec, *QUICK[:5], "--split", "val")
    assert none.exit_code == 1
    assert "held none out" in " ".join(none.output.split())


def test_resume_begins_where_nothing_was_saved(swc: Swc, spec: Path) -> None:
    arguments = [argument for argument in QUICK if argument != "--quiet"]
    result = swc("train", spec, *arguments, "--resume")
    assert result.exit_code == 0, result.output
    assert "nothing was saved in runs/tiny yet: the training begins" in result.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--data", "digit"), "no data set 'digit'"),
        (("--data", "fashion-mnist"), "Fashion-MNIST is not in"),
        (("--data", "imagefolder:nowhere"), "nowhere is no image data set"),
        (("--data", "digits", "--accelerator", "cuda"), "no CUDA device here"),
        (("--data", "digits", "--val", "0", "--patience", "3"), "--patience needs held-out images"),
        (("--data", "digits", "--keep", "first"), "--keep must name"),
        (("--data", "digits", "--keep", "last", "--final", "best"), "--keep best,last"),
        (("--data", "digits", "--epochs", "9" * 40), "--epochs must be at most 100,000"),
        (("--data", "digits", "--val", "0.0001"), "none to validate on"),
    ],
)
@pytest.mark.parametrize("search", [("--no-search",), ()])
def test_what_is_wrong_is_told_before_anything_is_written(
    swc: Swc, spec: Path, tmp_path: Path, arguments: tuple[str, ...], told: str, search: tuple[str, ...]
) -> None:
    if "cuda" in arguments and torch.cuda.is_available():
        pytest.skip("there is one")
    result = swc("train", spec, *arguments, *search)
    assert result.exit_code == 1, result.output
    assert told in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == [spec]


@pytest.mark.parametrize(
    "arguments", [("--seed", str(2**64)), ("--seed", "-1"), ("--val", "1"), ("--lr", "inf"), ("--patience", "0")]
)
def test_numbers_out_of_range_are_usage_errors(
    swc: Swc, spec: Path, tmp_path: Path, arguments: tuple[str, str]
) -> None:
    assert swc("train", spec, *QUICK, *arguments).exit_code == 2
    assert list(tmp_path.iterdir()) == [spec]


def test_the_largest_seed_trains(swc: Swc, spec: Path) -> None:
    assert swc("train", spec, *QUICK, "--seed", str(2**64 - 1)).exit_code == 0


def images(folder: Path, names: tuple[str, ...]) -> None:
    for half in ("train", "val"):
        for shade, name in enumerate(names):
            (folder / half / name).mkdir(parents=True)
            for number in range(4):
                pixels = Image.new("L", (8, 8), 20 * shade + number)
                pixels.putpixel((number, shade % 8), 255)
                pixels.save(folder / half / name / f"{number}.png")


def test_other_classes_than_the_training_s_are_refused(swc: Swc, spec: Path, tmp_path: Path) -> None:
    names = tuple("abcdefghij")
    images(tmp_path / "pictures", names)
    arguments = ("--data", "imagefolder:pictures", *QUICK[2:], "--workers", "0")
    result = swc("train", spec, *arguments, "--val", "0.25")
    assert result.exit_code == 0, result.output
    (tmp_path / "pictures").rename(tmp_path / "moved")
    moved = ("--data", f"imagefolder:{tmp_path / 'moved'}", "--quiet", "--accelerator", "cpu", "--workers", "0")
    assert swc("eval", spec, *moved).exit_code == 0
    resumed = swc("train", spec, *moved, *QUICK[5:], "--val", "0.25", "--resume")
    assert resumed.exit_code == 0, resumed.output
    for half in ("train", "val"):
        (tmp_path / "moved" / half / "a").rename(tmp_path / "moved" / half / "z")
    for command in (
        ("eval", spec, *moved),
        ("anytime", spec, *moved),
        ("train", spec, *moved, *QUICK[5:], "--val", "0.25", "--resume"),
    ):
        refused = swc(*command)
        assert refused.exit_code == 1, refused.output
        assert "`a` of the training is not among them; `z` is new" in " ".join(refused.output.split())


def test_a_test_image_that_breaks_while_training_costs_no_training(
    swc: Swc, spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images(tmp_path / "pictures", tuple("abcdefghij"))
    victim = tmp_path / "pictures" / "val" / "c" / "1.png"
    whole, original = victim.read_bytes(), Session.train_epoch

    def train_epoch(self: Session, *arguments: Any) -> EpochRecord:
        victim.write_bytes(whole[:40])
        return original(self, *arguments)

    monkeypatch.setattr(Session, "train_epoch", train_epoch)
    look = ("--data", "imagefolder:pictures", *QUICK[2:5], "--workers", "0")
    broken = swc("train", spec, *look, *QUICK[5:], "--val", "0.25")
    assert broken.exit_code == 1
    said = " ".join(broken.output.split())
    assert "val/c/1.png" in said
    assert "its weights are kept in runs/tiny/family.safetensors" in said
    assert "`swc eval`" in said
    victim.write_bytes(whole)
    scored = swc("eval", spec, *look)
    assert scored.exit_code == 0, scored.output
