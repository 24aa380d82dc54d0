"""``swc train``, ``search``, ``eval`` and ``anytime`` from a spec to a measured family, on digits."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import Result
from safetensors.torch import load_file

from swc.lock import read_lock

Swc = Callable[..., Result]
LOOK = ("--data", "digits", "--quiet", "--accelerator", "cpu")
QUICK = (*LOOK, "--limit", "256")


def test_a_spec_is_searched_locked_compiled_trained_and_measured(swc: Swc, spec: Path, tmp_path: Path) -> None:
    result = swc("train", spec, *QUICK)
    assert result.exit_code == 0, result.output
    for part in ("ensemble of all", "small", "swc eval runs/tiny/tiny.py", "anytime.png"):
        assert part in result.output
    run = tmp_path / "runs" / "tiny"
    assert (run / "anytime.png").read_bytes().startswith(b"\x89PNG")
    lock = read_lock(tmp_path / "tiny.lock", "tiny.lock")
    assert (lock.epochs, lock.seed, lock.data) == (1, 0, "digits")
    baked = (run / "tiny.py").read_text()
    assert all(f'"{cluster}"' in baked for cluster in lock.clusters)
    assert swc("compile", "--check", spec, "-o", run).exit_code == 0

    again = json.loads(swc("eval", run / "tiny.py", *LOOK, "--format", "json").output)
    assert [score["members"] for score in again["scores"]] == [["big"], ["small"], ["big", "small"]]
    from_spec = json.loads(swc("eval", spec, *LOOK, "--format", "json").output)
    assert from_spec["scores"] == again["scores"]
    curve = swc("anytime", run / "tiny.py", *LOOK, "--batches", "1,4", "--repeats", "3")
    assert curve.exit_code == 0, curve.output
    assert "batch 4" in curve.output
    frontier = json.loads((run / "frontier.json").read_text())
    assert {entry["batch"] for entry in frontier["entries"]} == {1, 4}

    grown = tmp_path / "grown.sw"
    grown.write_text(spec.read_text().replace("depth=10, widen=1", "depth=16, widen=1"))
    stale = swc("eval", grown, *LOOK)
    assert stale.exit_code == 1
    assert "SW0805" in stale.output

    before = (tmp_path / "tiny.lock").read_bytes()
    regrouped = swc("search", spec, *QUICK, "--threshold", "-1")
    assert regrouped.exit_code == 0, regrouped.output
    assert set(read_lock(tmp_path / "tiny.lock", "tiny.lock").clusters) == {"conv1x1", "conv3x3"}
    swc("search", spec, *QUICK, "--threshold", str(lock.threshold))
    assert (tmp_path / "tiny.lock").read_bytes() == before


def test_the_search_is_the_same_from_the_same_seed(swc: Swc, spec: Path, tmp_path: Path) -> None:
    assert swc("search", spec, *QUICK, "--lock", "one.lock").exit_code == 0
    assert swc("search", spec, *QUICK, "--lock", "two.lock").exit_code == 0
    assert (tmp_path / "one.lock").read_bytes() == (tmp_path / "two.lock").read_bytes()
    assert (tmp_path / "one.similarities.json").read_bytes() == (tmp_path / "two.similarities.json").read_bytes()


def test_a_search_of_other_epochs_than_the_spec_says_is_told(swc: Swc, spec: Path) -> None:
    quick = (*LOOK, "--limit", "64")
    assert "SW07" not in swc("search", spec, *quick).output
    searched = swc("search", spec, *quick, "--epochs", "2")
    assert searched.exit_code == 0, searched.output
    trained = swc("train", spec, *quick, "--epochs", "1")
    assert trained.exit_code == 0, trained.output
    for output in (searched.output, trained.output):
        assert "SW0709" in output


def test_a_finished_run_resumes_to_the_same_checkpoint(swc: Swc, spec: Path, tmp_path: Path) -> None:
    swc("compile", spec, "-o", "out", "--no-lock")
    module = tmp_path / "out" / "tiny.py"
    whole = swc("train", module, *QUICK, "--run", "whole")
    assert whole.exit_code == 0, whole.output
    assert swc("train", module, *QUICK, "--run", "parts", "--epochs", "2").exit_code == 0
    last = tmp_path / "parts" / "last.safetensors"
    assert last.exists()
    (tmp_path / "parts" / "family.safetensors").unlink()
    resumed = swc("train", module, *QUICK, "--run", "parts", "--resume")
    assert resumed.exit_code == 0, resumed.output
    tensors = [load_file(tmp_path / name / "family.safetensors") for name in ("whole", "parts")]
    assert tensors[0].keys() == tensors[1].keys()
    assert all(torch.equal(tensors[0][name], tensors[1][name]) for name in tensors[0])


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("train", "tiny.sw", "--data", "digit"), ("digit", "digits")),
        (("train", "tiny.sw", "--data", "cifar10", "--no-search"), ("CIFAR-10", "--download")),
        (("train", "nowhere.py", "--data", "digits"), ("nowhere.py", "SW0803")),
        (("train", "tiny.txt", "--data", "digits"), ("tiny.txt", "SW0803")),
        (("eval", "tiny.sw", "--data", "digits"), ("SW0804", "swc train")),
        (("search", "tiny.sw", "--data", "digits", "--threshold", "0.3"), ("SW0705", "swc search")),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(
    swc: Swc, spec: Path, tmp_path: Path, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    assert spec.parent == tmp_path
    result = swc(*arguments, "--quiet")
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    for part in parts:
        assert part in result.output
    assert not list(tmp_path.glob("*.lock"))


def test_a_spec_that_needs_no_search_is_trained_without_one(swc: Swc, spec: Path, tmp_path: Path) -> None:
    spec.write_text(spec.read_text().replace("clusters gradient(threshold=0.1, epochs=1)", "clusters single"))
    assert "SW0704" in swc("search", spec, *QUICK).output
    assert swc("train", spec, *QUICK, "--epochs", "1").exit_code == 0
    assert not (tmp_path / "tiny.lock").exists()


def test_a_family_that_shares_nothing_is_trained_without_a_search(swc: Swc, spec: Path, tmp_path: Path) -> None:
    spec.write_text(spec.read_text().replace("private  *.stem", "private  *").replace("60%", "100%"))
    assert "fewer than two layers" in swc("search", spec, *QUICK).output
    trained = swc("train", spec, *QUICK)
    assert trained.exit_code == 0, trained.output
    assert not (tmp_path / "tiny.lock").exists()


def test_contradicting_options_are_usage_errors(swc: Swc, spec: Path) -> None:
    assert swc("train", spec, *QUICK, "--fresh", "--resume").exit_code == 2
    assert swc("train", spec, *QUICK, "--no-search", "--lock", "a.lock").exit_code == 2
    assert swc("anytime", spec, *LOOK, "--batches", "1,x").exit_code == 2


def test_what_to_run_next_names_the_run(swc: Swc, spec: Path) -> None:
    assert swc("compile", spec, "-o", "gen").exit_code == 0
    result = swc("train", "gen/tiny.py", *LOOK, "--limit", "64", "--epochs", "1", "--run", "mine")
    assert "swc eval gen/tiny.py --data digits --run mine " in result.output
    assert "swc anytime gen/tiny.py --data digits --run mine --batches 1,8 " in result.output
    assert swc("eval", "gen/tiny.py", *LOOK, "--run", "mine").exit_code == 0
