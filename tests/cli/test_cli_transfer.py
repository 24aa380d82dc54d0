"""``swc train`` from one training to the next: --from, --freeze, more epochs, and what cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result
from safetensors.torch import load_file

from swc_runtime.checkpoint import read_metadata

Swc = Callable[..., Result]
QUICK = ("--no-search", "--data", "digits", "--limit", "128", "--accelerator", "cpu")


@pytest.fixture
def trained(swc: Swc, spec: Path) -> Path:
    """The folder of a finished run of two epochs."""
    assert swc("train", spec, *QUICK, "--quiet").exit_code == 0
    return Path("runs/tiny")


def variant(spec: Path, name: str, *changes: tuple[str, str]) -> Path:
    text = spec.read_text().replace("family tiny", f"family {name}")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = spec.with_name(f"{name}.sw")
    path.write_text(text)
    return path


def test_another_budget_is_refitted_and_said_so(swc: Swc, spec: Path, trained: Path) -> None:
    lean = variant(spec, "lean", ("60% of members", "25% of members"))
    result = swc("train", lean, *QUICK, "--from", trained, "--epochs", "1")
    assert result.exit_code == 0, result.output
    assert f"weights from {trained}/family.safetensors (family tiny, " in result.output
    assert "refitted" in result.output
    assert "% in all: conv" in result.output
    about = read_metadata(Path("runs/lean/family.safetensors"))["from"]
    assert about["family"] == "tiny"
    assert 0 < about["error"] < 1
    assert about["counts"]["head"] == {"taken": 2, "refitted": 0, "fresh": 0}
    listed = json.loads(swc("runs", "runs/lean", "--format", "json").output)["runs"][0]
    assert listed["settings"]["from"] == f"tiny {about['digest']}"
    again = swc("train", lean, *QUICK, "--from", trained, "--epochs", "1", "--resume")
    assert again.exit_code == 0, again.output
    other = swc("train", lean, *QUICK, "--from", "runs/lean", "--epochs", "1", "--resume")
    assert other.exit_code == 1
    assert "started from other weights (tiny, " in other.output


@pytest.mark.usefixtures("trained")
def test_other_classes_with_all_members_frozen_train_heads_alone(swc: Swc, spec: Path) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (96, 8, 8), dtype=np.uint8)
    labels = rng.integers(0, 3, 96)
    np.savez("three.npz", x_train=images, y_train=labels, x_test=images[:32], y_test=labels[:32])
    three = variant(spec, "three", ("classes(10)", "classes(3)"))
    options = ("--no-search", "--data", "npz:three.npz", "--accelerator", "cpu", "--epochs", "1", "--run", "runs/probe")
    result = swc("train", three, *options, "--from", "runs/tiny", "--freeze", "big,small")
    assert result.exit_code == 0, result.output
    assert "1 fresh (weight 3×64, was 10×64): small.fc" in result.output
    assert "frozen    big, small: their own layers" in result.output
    assert "2 parts of them that started fresh are trained" in result.output
    before, after = load_file("runs/tiny/family.safetensors"), load_file("runs/probe/family.safetensors")
    norms = [name for name in after if ".bn" in name or ".norm" in name]
    assert norms
    assert all(torch.equal(after[name], before[name]) for name in norms)


def test_a_finished_run_is_trained_on(swc: Swc, spec: Path, trained: Path) -> None:
    result = swc("train", spec, *QUICK, "--resume", "--epochs", "4")
    assert result.exit_code == 0, result.output
    assert "after epoch 2 of 4" in result.output
    assert read_metadata(trained / "family.safetensors")["training"]["legs"] == [2, 4]
    listed = json.loads(swc("runs", "--format", "json").output)["runs"][0]
    assert listed["epochs"] == {"done": 4, "total": 4}
    assert [epoch["epoch"] for epoch in listed["curves"]] == [1, 2, 3, 4]


def test_held_out_images_that_were_trained_on_are_told(swc: Swc, spec: Path, trained: Path) -> None:
    lean = variant(spec, "lean")
    same = swc("train", lean, *QUICK, "--from", trained, "--epochs", "1", "--run", "runs/same")
    assert "held out" not in same.output
    other = swc("train", lean, *QUICK, "--from", trained, "--epochs", "1", "--run", "runs/other", "--val", "0.2")
    assert "flatter, for it has seen them" in " ".join(other.output.split())


def test_what_cannot_be_is_told_before_anything_is_written(swc: Swc, spec: Path, trained: Path) -> None:
    before = {path: path.read_bytes() for path in trained.iterdir() if path.is_file()}
    same = swc("train", spec, *QUICK, "--from", trained)
    assert (same.exit_code, "SW0830" in same.output) == (1, True)
    for source, told in (("nowhere", "no checkpoint to start from"), ("tiny.sw", "damaged or no checkpoint")):
        result = swc("train", spec, *QUICK, "--from", source, "--run", "runs/new")
        assert result.exit_code == 1
        assert told in result.output
        assert not Path("runs/new/tiny.py").exists()
    lone = Path("lone.safetensors")
    lone.write_bytes((trained / "family.safetensors").read_bytes())
    lean = variant(spec, "lean")
    result = swc("train", lean, *QUICK, "--from", lone, "--epochs", "1")
    assert result.exit_code == 1
    assert "tiny.py, is not beside it" in " ".join(result.output.split())
    named = swc("train", lean, *QUICK, "--from", lone, "--from-file", trained / "tiny.py", "--epochs", "1", "--fresh")
    assert named.exit_code == 0, named.output
    assert not Path("lean.lock").exists()  # --fresh replaces the run, and --no-search holds
    for arguments, told in (
        (("--from-file", trained / "tiny.py"), "--from-file goes with --from"),
        (("--freeze", "big"), "--freeze goes with --from"),
    ):
        result = swc("train", lean, *QUICK, *arguments)
        assert (result.exit_code, told in result.output) == (2, True)
    for target in (lean, trained / "tiny.py"):
        unknown = swc("train", target, *QUICK, "--from", trained, "--freeze", "bog", "--run", "runs/frozen")
        assert "error[SW0832]: there is no member 'bog' to freeze" in unknown.output
        assert "did you mean big?" in unknown.output
        assert not Path("runs/frozen").exists()
    assert {path: path.read_bytes() for path in trained.iterdir() if path.is_file()} == before
