"""Checkpoints are written whole or not at all, and say what is wrong with them when they are read."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from train_families import CLUSTERS, Net, Tiny, tiny

from swc_runtime.checkpoint import read_checkpoint, read_metadata, write_atomically, write_checkpoint
from swc_runtime.plan import Layers, Plan
from swc_runtime.problems import CheckpointError, RuntimeProblem
from swc_runtime.training import load_family, save_family
from swc_runtime.training.state import identity


def test_tensors_and_metadata_come_back(tmp_path):
    path = tmp_path / "new" / "x.safetensors"
    last = torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last)
    tensors = {"a": torch.randn(3, 4).T, "b": torch.arange(5), "c": last, "d": torch.zeros(2, dtype=torch.bfloat16)}
    write_checkpoint(path, tensors, {"family": "x", "numbers": [1, 2.5, None]})
    found, metadata = read_checkpoint(path)
    assert set(found) == set(tensors)
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)
    assert metadata == {"family": "x", "numbers": [1, 2.5, None], "format_version": 1} == read_metadata(path)


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, moment):
    path = tmp_path / "x.safetensors"
    write_atomically(path, b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, moment, full)
    with pytest.raises(CheckpointError, match=r"x\.safetensors could not be written: No space left.*is unchanged"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fills_while_writing_leaves_the_old_file(tmp_path):
    """For real: the process may write no file beyond 100 bytes."""
    path = tmp_path / "x.bin"
    path.write_bytes(b"old")
    code = (
        "import resource, signal, sys; from pathlib import Path; from swc_runtime.checkpoint import write_atomically\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "write_atomically(Path(sys.argv[1]), b'n' * 1000)"
    )
    result = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert "CheckpointError" in result.stderr
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "x.bin"
    write_atomically(path, b"old")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(CheckpointError, match="could not be written"):
        write_atomically(tmp_path / "run" / "x", b"")


def test_damage_is_told(tmp_path):
    path = tmp_path / "x.safetensors"
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        read_checkpoint(path)
    write_checkpoint(path, {"a": torch.zeros(1000)}, {})
    content = path.read_bytes()
    for damaged in (b"", content[:4], content[:50], content[:-1], b"\xff" * 100, content + b"x"):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="damaged"):
            read_checkpoint(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="no checkpoint of swc"):
        read_checkpoint(path)
    save_file({"a": torch.zeros(1)}, path, metadata={"swc": "{"})
    with pytest.raises(CheckpointError, match="metadata"):
        read_checkpoint(path)
    save_file({"a": torch.zeros(1)}, path, metadata={"swc": '{"format_version": 7}'})
    with pytest.raises(CheckpointError, match="format 7"):
        read_checkpoint(path)


def test_a_family_comes_back_with_its_assignment(tmp_path):
    family, other = tiny(0), tiny(1)
    users = family.bank.superweights["conv3x3@0,0"].users
    family.bank.split("conv3x3@0,0", [users[:1], users[1:]])
    save_family(family, tmp_path / "f", {"note": 1})
    assert load_family(other, tmp_path / "f")["note"] == 1
    images = torch.randn(4, 1, 8, 8)
    assert torch.equal(family.predict(images), other.predict(images))
    assert other.bank.groups("conv3x3@0,0") == family.bank.groups("conv3x3@0,0")


def test_another_family_s_checkpoint_is_refused(tmp_path, monkeypatch):
    save_family(tiny(), tmp_path / "f", {})
    plan = Tiny.plan
    monkeypatch.setattr(Tiny, "plan", Plan("tiny", "structure-2", 0, 0, plan.clusters))
    with pytest.raises(CheckpointError, match="structure-1, the family's structure-2"):
        load_family(tiny(), tmp_path / "f")
    monkeypatch.setattr(Tiny, "plan", Plan("huge", "structure-1", 0, 0, plan.clusters))
    with pytest.raises(CheckpointError, match="family tiny, not of huge"):
        load_family(tiny(), tmp_path / "f")


def test_other_clusters_are_refused_although_every_tensor_fits(tmp_path, monkeypatch):
    def pairs(*groups):
        superweight = CLUSTERS["conv3x3"].superweights[0]
        return {
            f"conv3x3-{letter}": replace(
                CLUSTERS["conv3x3"],
                layers=(Layers((6, 6), names),),
                superweights=(replace(superweight, id=f"conv3x3-{letter}@0,0", vectors=2),),
            )
            for letter, names in zip("ab", groups, strict=True)
        }

    layers = [f"{member}.conv{n}" for member in ("one", "two") for n in (1, 2)]
    narrow = {"one": lambda weights: Net(weights, 6), "two": lambda weights: Net(weights, 6)}
    monkeypatch.setattr(Tiny, "architectures", narrow)
    monkeypatch.setattr(Tiny, "plan", Plan("tiny", "s", 0, 0, pairs(tuple(layers[:2]), tuple(layers[2:]))))
    trained = tiny()
    save_family(trained, tmp_path / "f", {})
    load_family(tiny(1), tmp_path / "f")
    monkeypatch.setattr(Tiny, "plan", Plan("tiny", "s", 0, 0, pairs(tuple(layers[::2]), tuple(layers[1::2]))))
    regrouped = tiny(1)
    regrouped.load_state_dict(trained.state_dict())  # nothing in the tensors tells
    with pytest.raises(CheckpointError, match="other clusters or templates than tiny has now: the lock file"):
        load_family(tiny(1), tmp_path / "f")


def test_tensors_that_do_not_fit_are_refused(tmp_path):
    family = tiny()
    write_checkpoint(tmp_path / "f", {"model/x": torch.zeros(1)}, identity(family))
    with pytest.raises(CheckpointError, match="does not fit the family tiny"):
        load_family(family, tmp_path / "f")
    assert issubclass(CheckpointError, RuntimeProblem)
