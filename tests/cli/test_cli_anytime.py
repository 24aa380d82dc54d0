"""``swc anytime``: what it measures, what its scores are from, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result

Swc = Callable[..., Result]
LOOK = ("--data", "digits", "--quiet", "--accelerator", "cpu")
FEW = ("--repeats", "5")


@pytest.fixture
def trained(swc: Swc, spec: Path, tmp_path: Path) -> Callable[..., Path]:
    def train(*options: str) -> Path:
        result = swc("train", spec, *LOOK, "--no-search", "--epochs", "1", "--run", "run", *options)
        assert result.exit_code == 0, result.output
        return tmp_path / "run" / "tiny.py"

    return train


def frontier(module: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((module.parent / "frontier.json").read_text())
    return found


def test_subsets_are_scored_on_what_the_training_held_out(swc: Swc, trained: Callable[..., Path]) -> None:
    module = trained("--val", "0.2")
    after_training = frontier(module)
    result = swc("anytime", module, *LOOK, *FEW, "--batches", "1,4")
    assert result.exit_code == 0, result.output
    measured = frontier(module)
    for found in (after_training, measured):
        assert found["scored_on"] == "val"
        assert found["data"]["name"] == "digits"
        assert 280 <= found["data"]["images"] <= 290  # a fifth of 1442
        assert found["classes"] == [str(digit) for digit in range(10)]
    assert [e["top1"] for e in after_training["entries"]] == [e["top1"] for e in measured["entries"][:3]]
    assert "held-out training images" in " ".join(result.output.split())
    assert [(e["members"], e["batch"], e["timings"]) for e in measured["entries"]] == [
        (members, batch, 5) for batch in (1, 4) for members in (["big"], ["small"], ["big", "small"])
    ]
    for column in ("p50", "p95", "p99"):
        assert column in result.output


def test_without_held_out_images_the_test_images_are_scored_and_it_is_said(
    swc: Swc, trained: Callable[..., Path]
) -> None:
    module = trained("--val", "0")
    result = swc("anytime", module, *LOOK, *FEW)
    assert result.exit_code == 0, result.output
    assert frontier(module)["scored_on"] == "test"
    assert "test images: the run held none out" in " ".join(result.output.split())


def test_it_is_measured_as_it_will_be_served(swc: Swc, trained: Callable[..., Path]) -> None:
    module, before = trained(), torch.get_num_threads()
    try:
        result = swc("anytime", module, *LOOK, "--repeats", "10", "--threads", "3", "--callers", "2")
    finally:
        torch.set_num_threads(before)
    assert result.exit_code == 0, result.output
    measured = frontier(module)
    assert (measured["threads"], measured["callers"]) == (3, 2)
    assert "3 threads, 2 callers at once" in " ".join(result.output.split())


def test_renamed_classes_are_noticed(swc: Swc, trained: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from swc_runtime.datasets.kinds import digits  # noqa: PLC0415 - torch is loaded for running only

    module = trained()
    loaded = digits.tensor_dataset
    names = tuple("1234567890")
    monkeypatch.setattr(digits, "tensor_dataset", lambda *given, classes: loaded(*given, classes, class_names=names))
    result = swc("anytime", module, *LOOK, *FEW)
    assert result.exit_code == 1
    assert "other classes" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("batches", ["1,x", "0", "", "1,,2", "-1", "1.5", "9999999", "٣"])
def test_batches_that_are_none(swc: Swc, spec: Path, batches: str) -> None:
    result = swc("anytime", spec, *LOOK, "--batches", batches)
    assert result.exit_code == 2
    assert "--batches" in result.output


@pytest.mark.parametrize("option", ["--threads", "--callers", "--repeats", "--seconds", "--subsets"])
def test_efforts_that_are_none(swc: Swc, spec: Path, option: str) -> None:
    assert swc("anytime", spec, *LOOK, option, "0").exit_code == 2
