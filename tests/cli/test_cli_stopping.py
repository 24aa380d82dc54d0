"""Processes that are stopped from outside, and two runs that want one folder: for real, in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

Swc = Callable[..., Result]
LOOK = ("--data", "digits", "--accelerator", "cpu", "--limit", "128")
LONG = ("--epochs", "2000")


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts swc in a process of its own, in ``tmp_path``."""
    processes = []

    def start(*arguments: str | Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "swc", *map(str, arguments)]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.05)


def stop(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix == ".tmp"]


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interr")]
)
def test_a_training_that_is_stopped_says_how_to_go_on(
    swc: Swc, spec: Path, tmp_path: Path, started: Callable[..., subprocess.Popen[str]], number, code, word
) -> None:
    run = tmp_path / "runs" / "tiny"
    process = started("train", spec, *LOOK, *LONG, "--no-search")
    wait_for(run / "last.safetensors", process)
    in_use = swc("train", spec, *LOOK, "--no-search", "--quiet", "--resume")
    assert in_use.exit_code == 1
    without = swc("train", spec, *LOOK, "--no-search", "--quiet")  # it says neither --resume nor --fresh: neither helps
    assert "runs/tiny is in use: another run of swc" in without.output
    assert "--resume" not in without.output
    assert "runs/tiny is in use: another run of swc" in in_use.output
    assert "name another folder with --run" in in_use.output
    returned, errors = stop(process, number)
    assert returned == code, errors
    assert word in errors
    assert f"go on with: swc train {spec} --data digits" in errors
    assert errors.rstrip().endswith("--resume")
    assert "Traceback" not in errors
    assert not leftovers(run)
    free = swc("train", spec, *LOOK, "--no-search", "--quiet")
    assert "was stopped after epoch" in free.output
    assert "of 2000. Add --resume" in free.output
    shorter = swc("train", spec, *LOOK, "--no-search", "--quiet", "--resume", "--epochs", "1")
    assert "a training of 2,000 epochs, " in shorter.output
    assert "a run cannot be cut down to --epochs 1. Leave --epochs out" in " ".join(shorter.output.split())


def test_a_run_that_was_killed_lets_its_folder_go(
    swc: Swc, spec: Path, tmp_path: Path, started: Callable[..., subprocess.Popen[str]]
) -> None:
    process = started("train", spec, *LOOK, *LONG, "--no-search")
    wait_for(tmp_path / "runs" / "tiny" / "last.safetensors", process)
    stop(process, signal.SIGKILL)
    assert "was stopped after epoch" in swc("train", spec, *LOOK, "--no-search", "--quiet").output
    fresh = swc("train", spec, *LOOK, "--no-search", "--quiet", "--fresh", "--epochs", "1")
    assert fresh.exit_code == 0, fresh.output


def test_a_search_that_is_terminated_leaves_no_lock_file(
    swc: Swc, spec: Path, tmp_path: Path, started: Callable[..., subprocess.Popen[str]]
) -> None:
    process = started("train", spec, *LOOK, "--search-epochs", "2000")
    wait_for(tmp_path / "runs" / "tiny" / "search" / "tiny.py", process)
    for command in (("train", spec, *LOOK, "--no-search"), ("search", spec, *LOOK)):
        refused = swc(*command, "--quiet")
        assert refused.exit_code == 1
        assert "is in use: another run of swc" in refused.output
    returned, errors = stop(process, signal.SIGTERM)
    assert returned == 143, errors
    assert "terminated before the training began: nothing of it is kept" in errors
    assert not list(tmp_path.glob("*.lock"))
    assert not (tmp_path / "runs" / "tiny" / "tiny.py").exists()
