"""``swc runs``: runs listed, compared and drawn from the headers of their checkpoints; damage is told, not fatal."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result
from safetensors.torch import save_file

from swc.runs.header import HeaderError, read_header
from swc.runs.reading import read_run

Swc = Callable[..., Result]


def score(members: list[str], top1: float) -> dict[str, object]:
    return {"members": members, "top1": top1, "nll": 1 - top1, "ece": 0.01}


def scores(top1: float) -> list[dict[str, object]]:
    return [score(["a"], top1 - 0.02), score(["b"], top1 - 0.01), score(["a", "b"], top1)]


def note(done: int = 3, total: int = 3, *, finished: bool = True, **training: object) -> dict[str, Any]:
    epochs = [
        {
            "epoch": epoch,
            "loss": 2 / (epoch + 1),
            "members": {"a": 1.0, "b": 1.0},
            "lr": 0.1,
            "seconds": 1.5,
            "val": {"images": 10, "scores": scores(0.5 + 0.1 * epoch)},
        }
        for epoch in range(done)
    ]
    return {
        "format_version": 2,
        "family": "tiny",
        "structure": "s",
        "sharing": "h",
        "kind": "family" if finished else "training",
        "training": {"epochs": total, "seed": 0, "lr": 0.1, "batch": 32, **training},
        "classes": ["x", "y"],
        "data": {"name": "digits", "identity": "0f", "images": {"train": 90, "val": 10, "test": 20}, "val": None},
        "history": {"epochs": epochs, "refinement": None, "evaluation": {"scores": scores(0.9)} if finished else None},
        "versions": {"swc": "1", "torch": "2"},
        "from": None,
    }  # fmt: skip


SHAPES = {
    "model/bank.c@0,0.templates": [2, 3, 4],
    "model/bank.c@0,0.coefficients": [2, 2],
    "model/bank.c@0,0.rows": [4],
    "model/members.a.bn.running_mean": [3],
    "model/members.a.bn.weight": [3],
    "optimizer/momentum_buffer/members.a.bn.weight": [3],
}


def write(path: Path, content: dict[str, Any] | str, *, seal: bool = True, shapes: Any = SHAPES) -> Path:
    """A checkpoint as the format says, byte by byte; the tensors are zeros."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content
    if not isinstance(text, str):
        digest = hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()
        text = json.dumps({**content, "seal": digest} if seal else content, sort_keys=True)
    header: dict[str, Any] = {"__metadata__": {"swc": text}}
    header |= {name: {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]} for name, shape in shapes.items()}
    raw = json.dumps(header).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + bytes(400))
    return path


@pytest.fixture
def two(tmp_path: Path) -> None:
    write(tmp_path / "runs" / "one" / "family.safetensors", note())
    (tmp_path / "runs" / "one" / "tiny.py").write_text('PLAN = Plan(\n    family="tiny",\n    budget=1_00,\n)\n')
    write(tmp_path / "runs" / "deep" / "two" / "last.safetensors", note(2, 4, finished=False, seed=7, lr=0.2))


@pytest.mark.usefixtures("two")
def test_runs_are_listed_with_their_scores(swc: Swc) -> None:
    result = swc("runs")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    one = next(line for line in lines if "runs/one" in line)
    for part in ("tiny", "digits", "3/3", " 0 ", "31", "31%", "70.00", "90.00"):
        assert part in one
    other = next(line for line in lines if "runs/deep/two" in line)
    for part in ("2/4", " 7 ", "60.00"):
        assert part in other
    assert lines.index(other) < lines.index(one)


@pytest.mark.usefixtures("two")
def test_json_has_all_of_it(swc: Swc) -> None:
    document = json.loads(swc("runs", "runs", "--format", "json").output)
    assert document["format_version"] == 1
    first, second = document["runs"]
    assert (first["folder"], first["state"], first["epochs"]) == (
        "runs/deep/two",
        "unfinished",
        {"done": 2, "total": 4},
    )
    assert (second["state"], second["parameters"], second["budget"], second["best_epoch"]) == ("finished", 31, 100, 3)
    assert second["test"] == {"top1": 0.9, "nll": pytest.approx(0.1), "ece": 0.01, "members": {"a": 0.88, "b": 0.89}}
    assert [epoch["loss"] for epoch in second["curves"]] == pytest.approx([2, 1, 2 / 3])
    assert second["settings"]["data.images.train"] == 90
    assert "differing" not in document


@pytest.mark.usefixtures("two")
def test_two_runs_by_name_are_compared(swc: Swc) -> None:
    result = swc("runs", "runs/one", "runs/deep/two")
    assert result.exit_code == 0, result.output
    rows = {line.split("│")[1].strip(): line for line in result.output.splitlines() if line.startswith("│")}
    assert "7" in rows["seed"]
    assert "0.2" in rows["lr"]
    assert "100" in rows["budget"]
    assert "—" in rows["budget"]
    assert "batch" not in rows
    assert "90.00" in rows["test top-1 %"]
    assert "88.00" in rows["test top-1 %, a"]
    assert "the same in all: family, structure, sharing" in result.output
    document = json.loads(swc("runs", "runs", "--compare", "--format", "json").output)
    assert document["differing"] == {"epochs": [4, 3], "seed": [7, 0], "lr": [0.2, 0.1], "budget": [None, 100]}
    assert "batch" in document["same"]
    assert len(json.loads(swc("runs", "runs/one", "runs", "--format", "json").output)["runs"]) == 2  # each once


@pytest.mark.usefixtures("two")
def test_curves_are_drawn(swc: Swc) -> None:
    result = swc("runs", "-o", "curves.png")
    assert result.exit_code == 0, result.output
    assert "wrote curves.png" in result.output
    assert Path("curves.png").read_bytes().startswith(b"\x89PNG")
    assert swc("runs", "-o", "curves.svg").exit_code == 2


def test_a_run_that_is_trained_on_is_read_from_its_last_state(tmp_path: Path) -> None:
    write(tmp_path / "family.safetensors", note())
    write(tmp_path / "last.safetensors", note(4, 5, finished=False))
    run = read_run(tmp_path)
    assert (run.state, len(run.epochs), run.total) == ("unfinished", 4, 5)
    write(tmp_path / "last.safetensors", note(3, 3, finished=False))
    assert read_run(tmp_path).state == "finished"


@pytest.mark.usefixtures("two")
def test_unreadable_runs_are_listed_and_the_others_too(swc: Swc) -> None:
    write(Path("runs/old/family.safetensors"), {**note(), "format_version": 1})
    write(Path("runs/odd/last.safetensors"), {**note(), "history": {"epochs": 5}})
    Path("runs/empty").mkdir()
    Path("runs/empty/family.safetensors").write_bytes(b"")
    result = swc("runs")
    assert result.exit_code == 0, result.output
    assert result.output.count("unreadable") == 3
    assert (
        "runs/old cannot be read: family.safetensors: it has format 1; this version of swc reads format 2"
        in result.output
    )
    assert "runs/odd cannot be read: history.epochs is a number where a list belongs" in result.output
    assert "runs/empty cannot be read: family.safetensors: it is cut off, or no safetensors file" in result.output
    assert "runs/one" in result.output
    compared = swc("runs", "runs/one", "runs/old")
    assert compared.exit_code == 1
    assert "SW0831" in compared.output


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (b"damaged", "family.safetensors: it is cut off, or no safetensors file"),
        ({**note(), "format_version": 1}, "family.safetensors: it has format 1; this version of swc reads format 2"),
        ({**note(), "family": "other"}, "last.safetensors is of the family tiny, family.safetensors of other"),
        ({**note(), "structure": "t"}, "last.safetensors is of another structure of tiny than family.safetensors"),
    ],
)
def test_a_checkpoint_that_does_not_belong_to_its_run_is_told(
    swc: Swc, damage: bytes | dict[str, Any], told: str
) -> None:
    write(Path("runs/x/last.safetensors"), note(3, 3, finished=False))
    if isinstance(damage, bytes):
        Path("runs/x/family.safetensors").write_bytes(damage)
    else:
        write(Path("runs/x/family.safetensors"), damage)
    result = swc("runs")
    assert (result.exit_code, f"runs/x can be read in part: {told}" in result.output) == (0, True)
    (run,) = json.loads(swc("runs", "--format", "json").stdout)["runs"]
    assert run["trouble"] == told
    assert run["epochs"] == {"done": 3, "total": 3}
    write(Path("runs/x/family.safetensors"), note())
    assert read_run(Path("runs/x")).trouble == ""


def test_a_checkpoint_that_was_cut_off_behind_its_header_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_file({"a": torch.zeros(100), "b": torch.ones(3)}, path, {"swc": "{}"})
    whole = path.read_bytes()
    with pytest.raises(HeaderError, match="format None"):
        read_header(path)
    path.write_bytes(whole[:-1])
    with pytest.raises(HeaderError, match="it is cut off: tensors are missing"):
        read_header(path)


def test_where_there_is_nothing_it_is_said(swc: Swc, tmp_path: Path) -> None:
    assert "no runs in runs" in swc("runs").output
    (tmp_path / "empty").mkdir()
    result = swc("runs", "empty")
    assert (result.exit_code, "SW0831" in result.output) == (1, True)
    assert swc("runs", "nowhere").exit_code == 2


LONG = {"model/x": [2**40]}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "cut off"),
        (b"\xff" * 8, "cut off"),
        ((200_000_000).to_bytes(8, "little"), "cut off"),
        ((4).to_bytes(8, "little") + b"\xff\xfe\xfd\xfc", "is no text"),
        ((2).to_bytes(8, "little") + b"[]", "is no JSON object"),
        ((2).to_bytes(8, "little") + b"{}", "no checkpoint of swc"),
        ((100_000).to_bytes(8, "little") + b"[" * 100_000, "cannot be read"),
    ],
)
def test_hostile_headers_are_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(HeaderError, match=told):
        read_header(path)


def test_hostile_notes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    for content, told in (
        ("{", "cannot be read"),
        ("[]", "no JSON object"),
        ('{"format_version": 2, "format_version": 2}', "twice"),
        ('{"format_version": 2, "x": "\\u001b[31m"}', "cannot be shown"),
    ):
        with pytest.raises(HeaderError, match=told):
            read_header(write(path, content))
    with pytest.raises(HeaderError, match="not those that were written"):
        read_header(write(path, note(), seal=False))
    for shapes in (LONG, {"model/x": [100] * 70}, {"model/x": [-1]}, {"model/x": None}, {"model/x": [True]}):
        with pytest.raises(HeaderError, match=r"shape|numbers"):
            read_header(write(path, note(), shapes=shapes))
    huge = tmp_path / "huge.safetensors"
    with huge.open("wb") as file:  # takes no room on the disk
        file.write((150_000_000).to_bytes(8, "little"))
        file.truncate(200_000_000)
    with pytest.raises(HeaderError, match="more than the 100,000,000"):
        read_header(huge)


@pytest.mark.parametrize("key", ["family", "training", "classes", "data", "history", "versions", "from"])
@pytest.mark.parametrize("value", [None, 5, "x", [], [5], {}, {"epochs": [{}]}, {"epochs": 10**400}])
def test_metadata_of_any_kind_break_nothing(swc: Swc, tmp_path: Path, key: str, value: object) -> None:
    write(tmp_path / "runs" / "x" / "family.safetensors", {**note(), key: value})
    for arguments in ((), ("--format", "json")):
        assert swc("runs", *arguments).exit_code == 0
    missing = note()
    del missing[key]
    write(tmp_path / "runs" / "x" / "family.safetensors", missing)
    assert read_run(tmp_path / "runs" / "x").state == "unreadable"


@pytest.mark.usefixtures("two")
def test_listing_loads_no_torch() -> None:
    code = "import sys; from swc.cli import main; main(['runs'], standalone_mode=False); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")
