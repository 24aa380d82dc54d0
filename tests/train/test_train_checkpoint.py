"""Checkpoints are written whole or not at all, and say what is wrong with them when they are read."""

from __future__ import annotations

import errno
import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from train_families import CLUSTERS, Net, Tiny, tiny

from swc_runtime.checkpoint import not_finite, read_checkpoint, read_metadata, write_checkpoint
from swc_runtime.durable import write_atomically
from swc_runtime.plan import Layers, Plan
from swc_runtime.problems import CheckpointError, RuntimeProblem
from swc_runtime.training import load_family, save_family
from swc_runtime.training.agreement import identity


def test_tensors_and_metadata_come_back(tmp_path):
    path = tmp_path / "new" / "x.safetensors"
    last = torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last)
    tensors = {"a": torch.randn(3, 4).T, "b": torch.arange(5), "c": last, "d": torch.zeros(2, dtype=torch.bfloat16)}
    write_checkpoint(path, tensors, {"family": "x", "numbers": [1, 2.5, None]})
    found, metadata = read_checkpoint(path)
    assert set(found) == set(tensors)
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)
    assert metadata == {"family": "x", "numbers": [1, 2.5, None], "format_version": 2} == read_metadata(path)


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
        "import resource, signal, sys; from pathlib import Path; from swc_runtime.durable import write_atomically\n"
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


def test_format_1_is_refused_by_name(tmp_path):
    save_file({"model/a": torch.zeros(1)}, tmp_path / "x", metadata={"swc": '{"family": "tiny", "format_version": 1}'})
    for read in (read_checkpoint, read_metadata):
        with pytest.raises(CheckpointError, match=r"x has format 1; this version of swc reads format 2.*train again"):
            read(tmp_path / "x")


def several():
    """Tensors of many kinds, an empty one and one without dimensions among them."""
    return {
        "a": torch.randn(40, 9),
        "twin": torch.randn(40, 9),
        "b": torch.arange(5),
        "half": torch.randn(3, 5).to(torch.bfloat16),
        "one": torch.tensor(3.0),
        "none": torch.zeros(0, 4),
        "bytes": torch.randint(0, 256, (33,), dtype=torch.uint8),
    }


def test_a_flipped_bit_anywhere_is_refused(tmp_path):
    path = tmp_path / "x"
    write_checkpoint(path, several(), {"history": [0.1, 1e-5, "é"], "classes": ["cat", "dog"]})
    content = path.read_bytes()
    dice = random.Random(0)
    header = range(8 + int.from_bytes(content[:8], "little"))
    places = [*dice.sample(header, 400), *(dice.randrange(len(content)) for _ in range(800)), len(content) - 1]
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= 1 << dice.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError):
            read_checkpoint(path)


def body_of(content):
    return 8 + int.from_bytes(content[:8], "little")


def test_zeroed_and_swapped_blocks_are_refused_by_the_name_of_the_tensor(tmp_path):
    path = tmp_path / "x"
    write_checkpoint(path, {"one": torch.randn(1000), "two": torch.randn(1000)}, {})
    content, start = path.read_bytes(), body_of(path.read_bytes())
    zeroed = content[: start + 4096] + bytes(512) + content[start + 4608 :]
    swapped = content[:start] + content[start + 4000 :] + content[start : start + 4000]
    for damaged, name in ((zeroed, "two"), (swapped, "one")):
        assert len(damaged) == len(content)
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=f"x is damaged: the numbers of the tensor {name} are not those"):
            read_checkpoint(path)


def rewritten(path, change):
    """Write a checkpoint's tensors again by other means than swc's, changed, under the metadata that they had."""
    with safe_open(path, framework="pt") as file:
        note = file.metadata()
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata=note)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.pop("a"), "the tensor a is missing"),
        (lambda t: t.update(more=torch.zeros(2)), "the tensor more does not belong to it"),
        (lambda t: t.update(a=t["a"].double()), "the numbers of the tensor a are not"),
        (lambda t: t.update(a=t["a"].view(9, 40)), "the numbers of the tensor a are not"),
        (lambda t: t.update(a=t["twin"], twin=t["a"]), "the numbers of the tensor a are not"),
        (lambda t: t.update(bytes=t["bytes"].view(torch.int8)), "the numbers of the tensor bytes are not"),
    ],
)
def test_tensors_that_were_taken_out_put_in_or_exchanged_are_told(tmp_path, change, told):
    path = tmp_path / "x"
    write_checkpoint(path, several(), {})
    rewritten(path, lambda _: None)
    assert set(read_checkpoint(path)[0]) == set(several())  # written again as it was, it is as good as before
    rewritten(path, change)
    with pytest.raises(CheckpointError, match=told):
        read_checkpoint(path)


def test_metadata_that_were_changed_are_told(tmp_path):
    path = tmp_path / "x"
    write_checkpoint(path, {"a": torch.zeros(2)}, {"epochs": 4})
    with safe_open(path, framework="pt") as file:
        note = json.loads(file.metadata()["swc"])
    for changed in ({**note, "epochs": 5}, {**note, "more": 1}, {n: v for n, v in note.items() if n != "seal"}):
        save_file({"a": torch.zeros(2)}, path, metadata={"swc": json.dumps(changed, sort_keys=True)})
        with pytest.raises(CheckpointError, match="its metadata are not those that were written"):
            read_metadata(path)


def test_what_is_not_finite_is_neither_written_nor_read(tmp_path, monkeypatch):
    path = tmp_path / "x"
    write_checkpoint(path, {"a": torch.ones(3)}, {})
    before = path.read_bytes()
    for value in (float("nan"), float("inf"), -float("inf")):
        with pytest.raises(CheckpointError, match=r"x was not written: b holds values that are no finite.*unchanged"):
            write_checkpoint(path, {"a": torch.ones(3), "b": torch.tensor([1.0, value])}, {})
        assert path.read_bytes() == before
    monkeypatch.setattr("swc_runtime.checkpoint.not_finite", lambda _: None)
    write_checkpoint(path, {"b": torch.tensor([torch.nan])}, {})
    monkeypatch.undo()
    assert not_finite({"b": torch.tensor([torch.nan])}) == "b"
    with pytest.raises(CheckpointError, match="x is of no use: b holds"):
        read_checkpoint(path)


def test_parts_that_killed_processes_left_are_removed(tmp_path):
    """For real: a process is killed while it writes."""
    code = (
        "import os, signal, sys; from pathlib import Path; from swc_runtime.durable import write_atomically\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_atomically(Path(sys.argv[1]), b'n' * 1000)"
    )
    path, other = tmp_path / "x.bin", tmp_path / ".x.bin.another-machine.1.0.tmp"
    other.write_bytes(b"being written elsewhere")
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    assert not path.exists()
    write_atomically(path, b"new")
    assert {entry.name for entry in tmp_path.iterdir()} == {"x.bin", other.name}
    assert path.read_bytes() == b"new"


def test_the_name_is_on_the_disk_before_writing_returns(tmp_path, monkeypatch):
    synced, original = [], os.fsync

    def sync(descriptor):
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()) if sys.platform == "linux" else str(tmp_path))
        original(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    write_atomically(tmp_path / "x", b"")
    assert len(synced) == 2
    assert synced[-1] == str(tmp_path)


def test_a_family_comes_back_with_its_assignment(tmp_path):
    family, other = tiny(0), tiny(1)
    users = family.bank.superweights["conv3x3@0,0"].users
    family.bank.split("conv3x3@0,0", [users[:1], users[1:]])
    save_family(family, tmp_path / "f", {"note": 1})
    assert load_family(other, tmp_path / "f")["note"] == 1
    images = torch.randn(4, 1, 8, 8)
    assert torch.equal(family.predict(images), other.predict(images))
    assert other.bank.groups("conv3x3@0,0") == family.bank.groups("conv3x3@0,0")


def test_a_loaded_family_is_in_evaluation_mode(tmp_path):
    save_family(tiny(), tmp_path / "f", {})
    family = tiny(1)
    load_family(family, tmp_path / "f")
    assert not any(module.training for module in family.modules())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.pop("model/members.large.bn2.bias"), r"members\.large\.bn2\.bias is missing"),
        (lambda t: t.update({"model/odd": torch.zeros(1)}), "the family has no odd"),
        (
            lambda t: t.update({"model/members.small.bn0.weight": torch.ones(7)}),
            r"is float32 \(7,\) in it and float32 \(6",
        ),
        (
            lambda t: t.update({"model/members.small.bn0.weight": torch.ones(6).double()}),
            r"is float64 \(6,\) in it and float32",
        ),
        (
            lambda t: t.update({"model/members.small.bn0.num_batches_tracked": torch.tensor(0.0)}),
            r"is float32 \(\) in it and int64",
        ),
    ],
)
def test_a_state_that_does_not_fit_leaves_the_family_as_it_was(tmp_path, change, told):
    family, other = tiny(0), tiny(1)
    save_family(family, tmp_path / "f", {})
    tensors, metadata = read_checkpoint(tmp_path / "f")
    change(tensors)
    write_checkpoint(tmp_path / "f", tensors, metadata)
    before = {name: value.clone() for name, value in other.state_dict().items()}
    with pytest.raises(CheckpointError, match=f"does not fit the family tiny: .*{told}"):
        load_family(other, tmp_path / "f")
    assert all(torch.equal(value, before[name]) for name, value in other.state_dict().items())
    assert other.training


@pytest.mark.parametrize("marks", [[0, 0, 0, 0], [1, 1, 0, 0], [0, 0.5, 0, 0], [0, 2, 0, 0], [1, -1, 0, 0]])
def test_rows_that_mark_not_exactly_one_vector_are_refused(tmp_path, marks):
    family = tiny()
    save_family(family, tmp_path / "f", {})
    tensors, metadata = read_checkpoint(tmp_path / "f")
    tensors["model/bank.conv3x3@0,0.rows"][4:8] = torch.tensor(marks, dtype=torch.float32)
    write_checkpoint(tmp_path / "f", tensors, metadata)
    with pytest.raises(CheckpointError, match=r"rows, layer small\.conv2 does not read exactly one coefficient vector"):
        load_family(tiny(), tmp_path / "f")


def test_an_averaged_family_is_kept_with_the_assignment_that_counts(tmp_path):
    family = tiny()
    averaged = AveragedModel(family, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    averaged.update_parameters(family)
    users = family.bank.superweights["conv3x3@0,0"].users
    family.bank.split("conv3x3@0,0", [users[:1], users[1:]])
    averaged.update_parameters(family)
    rows = averaged.module.state_dict()["bank.conv3x3@0,0.rows"]
    assert 0 < rows[5] < 1  # an average of before and after
    save_family(averaged.module, tmp_path / "f", {})
    loaded = tiny(1)
    load_family(loaded, tmp_path / "f")
    assert loaded.bank.groups("conv3x3@0,0") == family.bank.groups("conv3x3@0,0")
    images = torch.randn(4, 1, 8, 8)
    assert torch.equal(loaded.predict(images), averaged.module.predict(images))


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
