"""Two processes that share each batch train the family that one would have trained."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).with_name("distributed_run.py")


def run(devices: int, folder: Path, what: str = "run") -> list[dict]:
    folder.mkdir()
    environment = {key: value for key, value in os.environ.items() if key not in {"LOCAL_RANK", "WORLD_SIZE"}}
    command = [sys.executable, str(SCRIPT), str(devices), str(folder), what]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert result.returncode == 0, result.stderr
    return [torch.load(folder / f"rank{rank}.pt", weights_only=False) for rank in range(devices)]


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch has no distributed package")
def test_two_processes_are_as_good_as_one(tmp_path):
    (alone,) = run(1, tmp_path / "one")
    first, second = run(2, tmp_path / "two")
    assert alone["refined"].groups == {"conv3x3@0,0": (("one.a", "one.c"), ("one.b",))}
    for process in (first, second):
        assert process["groups"] == alone["groups"]
        assert process["refined"] == alone["refined"]
        assert process["loss"] == pytest.approx(alone["loss"], rel=1e-4)
        for name, value in alone["state"].items():
            torch.testing.assert_close(process["state"][name], value, rtol=1e-3, atol=1e-5)
    assert {path.name for path in (tmp_path / "two").glob("*.safetensors")} == {
        "best.safetensors",
        "last.safetensors",
        "family.safetensors",
    }


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch has no distributed package")
def test_where_the_first_process_cannot_write_all_stop(tmp_path):
    """None waits for a process that has gone: one that did would hold the pipes open until the time is up."""
    folder = tmp_path / "two"
    folder.mkdir()
    command = [sys.executable, str(SCRIPT), "2", str(folder), "fail"]
    environment = {key: value for key, value in os.environ.items() if key not in {"LOCAL_RANK", "WORLD_SIZE"}}
    subprocess.run(command, env=environment, capture_output=True, timeout=200, check=False)
    assert torch.load(folder / "rank0.pt", weights_only=False) == {"met": "the disk is full"}
