"""Data sets on the command line: options, messages, and families on images of other channels."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from swc.cli.datasets import data_help, kinds
from swc_runtime.checkpoint import read_metadata
from swc_runtime.datasets import NAMES
from swc_runtime.datasets.catalogue import KINDS

Swc = Callable[..., Result]
QUICK = ("--quiet", "--accelerator", "cpu", "--no-search", "--workers", "0", "--val", "0.25")


def family_spec(path: Path, channels: int, classes: int = 2) -> Path:
    path.write_text(
        textwrap.dedent(f"""\
            sw 1

            family few {{
                input  image({channels}, 8, 8)
                output classes({classes})
                budget 80% of members
                member one = wrn(depth=10, widen=1)
                member two = wrn(depth=10, widen=1)
                train {{ epochs 1  batch 8  sgd(lr=0.05)  augment crop(1), flip }}
            }}
            """)
    )
    return path


def write_images(root: Path, channels: int, parts: tuple[str, ...] = ("train", "val"), count: int = 8) -> None:
    generator = np.random.default_rng(0)
    for part in parts:
        for name in ("cat", "dog"):
            (root / part / name).mkdir(parents=True)
            for n in range(count):
                values = generator.integers(0, 256, (9, 8, channels)).astype(np.uint8)
                Image.fromarray(values[:, :, 0] if channels == 1 else values).save(root / part / name / f"{n}.png")


def test_the_help_tells_of_every_kind_without_loading_it() -> None:
    assert [kind.usage for kind in kinds()] == list(NAMES)
    assert [kind.about for kind in kinds()] == [kind.about for kind in KINDS.values()]
    assert all(name in data_help() for name in NAMES)
    code = "import sys; from swc.cli import main; main.get_help; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_alpha_is_a_channel_from_files_to_scores(swc: Swc, tmp_path: Path) -> None:
    spec = family_spec(tmp_path / "few.sw", 4)
    write_images(tmp_path / "pets", 4)
    result = swc("train", spec, "--data", "imagefolder:pets", *QUICK)
    assert result.exit_code == 0, result.output
    about = read_metadata(tmp_path / "runs/few/family.safetensors")
    assert len(about["normalisation"]["mean"]) == 4
    assert about["classes"] == ["cat", "dog"]
    assert about["data"]["name"] == "imagefolder:pets"
    scored = swc(
        "eval", spec, "--data", f"imagefolder:{tmp_path}/pets", "--quiet", "--format", "json", "--workers", "0"
    )
    assert json.loads(scored.stdout)["images"] == 16


@pytest.mark.parametrize("channels", [2, 7])
def test_arrays_of_other_channels_train(swc: Swc, tmp_path: Path, channels: int) -> None:
    spec = family_spec(tmp_path / "few.sw", channels)
    generator = np.random.default_rng(0)
    arrays = {
        f"x_{part}": generator.integers(0, 256, (16, 8, 8, channels)).astype(np.uint8) for part in ("train", "test")
    }
    np.savez(tmp_path / "set.npz", **arrays, y_train=np.arange(16) % 2, y_test=np.arange(16) % 2)
    result = swc("train", spec, "--data", "npz:set.npz", *QUICK)
    assert result.exit_code == 0, result.output
    assert len(read_metadata(tmp_path / "runs/few/family.safetensors")["normalisation"]["std"]) == channels


def test_a_resumed_run_may_find_its_data_elsewhere(swc: Swc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = family_spec(tmp_path / "few.sw", 3)
    write_images(tmp_path / "pets", 3)
    assert swc("train", spec, "--data", "imagefolder:pets", *QUICK).exit_code == 0
    monkeypatch.setenv("HOME", str(tmp_path))
    for place in ("~/pets", tmp_path / "pets"):
        resumed = swc("train", spec, "--data", f"imagefolder:{place}", *QUICK, "--resume")
        assert resumed.exit_code == 0, resumed.output
    (tmp_path / "pets/train/cat/3.png").unlink()
    resumed = swc("train", spec, "--data", "imagefolder:pets", *QUICK, "--resume")
    assert resumed.exit_code == 1
    assert "data" in resumed.output


def test_options_reach_the_reader(swc: Swc, tmp_path: Path) -> None:
    spec = family_spec(tmp_path / "few.sw", 3)
    write_images(tmp_path / "pets", 4)
    (tmp_path / "pets/train/cat/0.png").write_bytes(b"damaged")
    plain = swc("train", spec, "--data", "imagefolder:pets", *QUICK)
    assert plain.exit_code == 1
    assert "1 of 32 images cannot be used" in plain.output
    assert "Traceback" not in plain.output
    skipped = swc("train", spec, "--data", "imagefolder:pets", *QUICK, "--skip-unreadable", "--alpha", "black")
    assert skipped.exit_code == 0, skipped.output
    assert read_metadata(tmp_path / "runs/few/family.safetensors")["data"]["skipped"] == ["train/cat/0.png"]
    again = "swc eval runs/few/few.py --data imagefolder:pets --alpha black --skip-unreadable"
    assert again in skipped.output
    assert swc(*again.split()[1:], "--quiet", "--workers", "0").exit_code == 0
    refused = swc("train", spec, "--data", "imagefolder:pets", *QUICK, "--alpha", "refuse", "--run", "new")
    assert refused.exit_code == 1
    assert "has transparent pixels" in refused.output
    for n in range(8):
        (tmp_path / f"pets/val/dog/{n}.png").unlink()
    arguments = ("train", spec, "--data", "imagefolder:pets", *QUICK, "--skip-unreadable", "--run", "other")
    missing = swc(*arguments)
    assert "none of dog in val" in missing.output
    allowed = swc(*arguments, "--allow-missing-classes")
    assert allowed.exit_code == 0, allowed.output


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("imagefolder", "--data imagefolder needs to know which: write imagefolder:PATH"),
        ("imagefolder:", "needs to know which"),
        ("imgfolder:pets", "did you mean imagefolder:pets?"),
        ("digits:8", "There is no data set 'digits:8' (did you mean digits?)"),
        ("fashion_mnist", "did you mean fashion-mnist?"),
        ("cifar", "did you mean cifar10?"),
        ("pets", "did you mean imagefolder:pets?"),
        ("set.npz", "did you mean npz:set.npz?"),
        ("shards", "did you mean webdataset:shards?"),
        ("nothing-like-it", "the choice is cifar10, cifar100, digits, fashion-mnist, imagefolder:PATH, npz:PATH"),
    ],
)
def test_names_that_are_none_are_told(swc: Swc, tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "pets").mkdir()
    (tmp_path / "set.npz").touch()
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards/train-0.tar").touch()
    result = swc("train", family_spec(tmp_path / "few.sw", 3), "--data", name, *QUICK)
    assert result.exit_code == 1
    assert told in " ".join(result.output.split())


def test_too_many_processes_are_told(swc: Swc, tmp_path: Path) -> None:
    result = swc("train", family_spec(tmp_path / "few.sw", 3), "--data", "imagefolder:x", "--workers", "1000000")
    assert result.exit_code == 1
    assert "1000000 processes to read images (--workers) make no sense" in result.output


@pytest.mark.parametrize("limit", ["1", "2"])
def test_few_images_are_told_or_trained_on(swc: Swc, tmp_path: Path, limit: str) -> None:
    spec = family_spec(tmp_path / "few.sw", 1)
    write_images(tmp_path / "pets", 1)
    result = swc("train", spec, "--data", "imagefolder:pets", *QUICK, "--limit", limit)
    assert "Traceback" not in result.output
    assert result.exit_code == 0 or "--limit" in result.output or "--val" in result.output, result.output


SLOW = """
    import time
    import torch

    class Slow(torch.utils.data.Dataset):
        def __len__(self):
            return 1000

        def __getitem__(self, index):
            if index > 10 and torch.utils.data.get_worker_info() is not None:
                open("started", "w").close()
                time.sleep(0.2)
            return torch.full((3, 8, 8), index % 256, dtype=torch.uint8), index % 2

    def pair():
        return Slow(), Slow()
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a training on slow images; ends what is left of it."""
    processes: list[subprocess.Popen[str]] = []

    def started(*arguments: str) -> subprocess.Popen[str]:
        processes.append(_started(tmp_path, *arguments))
        _wait_for(tmp_path / "started", processes[-1])
        return processes[-1]

    yield started
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _started(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    spec = family_spec(tmp_path / "few.sw", 3)
    (tmp_path / "slow.py").write_text(textwrap.dedent(SLOW))
    command = [sys.executable, "-m", "swc", "train", str(spec), "--no-search", "--accelerator", "cpu", *arguments]
    return subprocess.Popen(
        command, cwd=tmp_path, text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )


def _wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        if path.exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    assert process.poll() is None, process.communicate()


def test_an_interrupt_while_images_are_checked_is_clean(start: Callable[..., subprocess.Popen[str]]) -> None:
    """Ctrl-C reaches every process of the terminal's group."""
    process = start("--data", "python:slow:pair", "--workers", "2")
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # nobody of the group is left


def test_a_reader_that_is_killed_is_one_sentence(start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start("--data", "python:slow:pair", "--workers", "1")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("the system does not tell who the children of a process are")
    for child in children.read_text().split():
        os.kill(int(child), signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "error: A process that reads images died (Killed)" in said
    assert "Traceback" not in said
