"""Runs that are resumed after names of their spec were `moved`: they end where they would have ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from click.testing import Result

from swc.pipeline.modules import load_family_class
from swc_runtime.checkpoint import read_checkpoint, read_metadata, write_checkpoint
from swc_runtime.training import Session, load_family
from swc_runtime.training.renamed import run_of_now

Swc = Callable[..., Result]

SPEC = """sw 1

block part(width: int) {{
    y = {first}: conv(relu(norm: bn(x)), width, 3)
    return {second}: conv(relu(bn(y)), width, 3)
}}

arch net(width: int) {{
    y = stem: conv(x, 8, 3)
    repeat 2 {{ y = {group}: part(y, width) }}
    return fc: linear(global_pool(relu(last: bn(y))), classes)
}}

family tiny {{
    input  image(1, 8, 8)
    output classes(10)
    budget 60% of members
    member big = net(24)
    member {thin} = net(12)
{moved}
    share {{
        clusters {clusters}
        refine gradient(threshold=0.99, after=1)
        private *.stem
    }}
    train {{ epochs {epochs}  batch 32  sgd(lr={lr}, momentum=0.9, nesterov) }}
}}
"""
OLD = {"first": "conv1", "second": "conv2", "group": "group", "thin": "slim", "moved": "", "clusters": "single"}
NEW = {
    "first": "first",
    "group": "stage",
    "thin": "thin",
    "moved": "    moved slim -> thin\n"
    + "\n".join(
        f"    moved {member}.{old} -> {member}.{new}"
        for member in ("big", "thin")
        for old, new in (("group", "stage"), ("stage.0.conv1", "stage.0.first"), ("stage.1.conv1", "stage.1.first"))
    ),
}
LOOK = ("--data", "digits", "--accelerator", "cpu", "--limit", "128")


def spec(folder: Path, **values: object) -> Path:
    path = folder / "tiny.sw"
    path.write_text(SPEC.format(**{**OLD, "epochs": 3, "lr": 0.02, **values}), encoding="utf-8")
    return path


@contextmanager
def stopping_after(epochs: int) -> Iterator[None]:
    original = Session.train_epoch

    def train_epoch(self, epoch, *rest):
        if epoch == epochs:
            raise KeyboardInterrupt
        return original(self, epoch, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "train_epoch", train_epoch)
        yield


def words(result: Result) -> str:
    return " ".join(result.output.split())


@pytest.mark.parametrize("clusters", ["single", "gradient(threshold=0.1, epochs=1)"])
@pytest.mark.parametrize("stopped", [1, 2], ids=["before it was refined", "after it was refined"])
def test_a_run_under_other_names_ends_where_it_would_have_ended(
    swc: Swc, tmp_path: Path, clusters: str, stopped: int
) -> None:
    path = spec(tmp_path, clusters=clusters)
    whole = swc("train", path, *LOOK, "--quiet", "--run", "whole", "--final", "best")
    assert whole.exit_code == 0, whole.output
    with stopping_after(stopped):
        assert swc("train", path, *LOOK, "--quiet", "--run", "parts", "--final", "best").exit_code == 130
    spec(tmp_path, clusters=clusters, **NEW)
    resumed = swc("train", path, *LOOK, "--run", "parts", "--final", "best", "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert "names were `moved` since: parts/tiny.py has those of now" in words(resumed)
    assert f"resuming parts/last.safetensors after epoch {stopped} of 3" in words(resumed)
    family = load_family_class(Path("parts/tiny.py"))()
    for name in ("last", "family", "best"):
        ours, about = read_checkpoint(Path(f"parts/{name}.safetensors"))
        theirs, before = run_of_now(family, *read_checkpoint(Path(f"whole/{name}.safetensors")))
        if about["structure"] == family.plan.structure:  # the best may have been written before
            assert ours.keys() == theirs.keys()
            assert all(torch.equal(value, theirs[key]) for key, value in ours.items())
            assert about["epoch"] == before["epoch"]
            before = json.loads(json.dumps(before))  # lists, as in the file
            assert about["history"]["refinements"] == before["history"]["refinements"]
            for mine, other in zip(about["history"]["epochs"], before["history"]["epochs"], strict=True):
                assert mine | {"seconds": 0} == other | {"seconds": 0}
                assert mine["members"].keys() == {"big", "thin"}
        load_family(family, Path(f"parts/{name}.safetensors"))
    assert "loss/thin" in Path("parts/curves.csv").read_text()
    assert "slim" not in Path("parts/curves.csv").read_text()
    assert swc("eval", path, "--run", "parts", *LOOK[:4], "--quiet").exit_code == 0
    again = swc("train", path, *LOOK, "--run", "parts", "--final", "best", "--resume")
    assert "finished: there is nothing to go on with" in words(again)


def test_the_best_epoch_may_be_from_before(swc: Swc, tmp_path: Path) -> None:
    """Loading the best family at the end, which has the old names; the file is that of this run."""
    path = spec(tmp_path)
    with stopping_after(1):
        assert swc("train", path, *LOOK, "--quiet").exit_code == 130
    tensors, about = read_checkpoint(Path("runs/tiny/last.safetensors"))
    about["history"]["epochs"][0]["val"]["scores"][-1]["nll"] = 0.0
    write_checkpoint(Path("runs/tiny/last.safetensors"), tensors, about)
    spec(tmp_path, **NEW)
    resumed = swc("train", path, *LOOK, "--resume", "--final", "best")
    assert resumed.exit_code == 0, resumed.output
    best, family = (read_checkpoint(Path(f"runs/tiny/{name}.safetensors"))[0] for name in ("best", "family"))
    after = load_family_class(Path("runs/tiny/tiny.py"))()
    load_family(after, Path("runs/tiny/best.safetensors"))
    assert best.keys() == family.keys()
    assert all(torch.equal(family[f"model/{name}"], value) for name, value in after.state_dict().items())


def test_a_finished_run_is_trained_on_under_other_names_frozen_members_too(swc: Swc, tmp_path: Path) -> None:
    path = spec(tmp_path, epochs=1, lr=0.02)
    assert swc("train", path, *LOOK, "--quiet", "--run", "first").exit_code == 0
    frozen = ("--from", "first", "--freeze", "slim")
    second = swc("train", path, *LOOK, "--quiet", "--run", "second", *frozen)
    assert second.exit_code == 0, second.output
    spec(tmp_path, epochs=1, lr=0.02, **NEW)
    more = ("--resume", "--epochs", "2")
    refused = swc("train", path, *LOOK, "--run", "second", *more)
    assert "freeze was ['thin'] and is now []" in words(refused)
    resumed = swc("train", path, *LOOK, "--run", "second", *more, "--freeze", "thin")
    assert resumed.exit_code == 0, resumed.output
    about = read_metadata(Path("second/last.safetensors"))
    assert (about["epoch"], about["training"]["freeze"]) == (2, ["thin"])
    stems = [
        next(value for name, value in read_checkpoint(Path(run))[0].items() if name.endswith(f"{member}.stem.weight"))
        for run, member in (("first/family.safetensors", "slim"), ("second/family.safetensors", "thin"))
    ]
    assert torch.equal(*stems)


@pytest.mark.parametrize("change", [{"lr": 0.2}, {"epochs": 4}, {"moved": ""}, {"second": "other"}])
def test_what_is_more_than_other_names_is_refused_and_nothing_is_rewritten(
    swc: Swc, tmp_path: Path, change: dict[str, object]
) -> None:
    path = spec(tmp_path)
    with stopping_after(1):
        assert swc("train", path, *LOOK, "--quiet").exit_code == 130
    before = {file: file.read_bytes() for file in Path("runs/tiny").glob("*.*")}
    spec(tmp_path, **(NEW | change))
    refused = swc("train", path, *LOOK, "--resume")
    assert refused.exit_code == 1
    assert "SW0805" in refused.output
    assert {file: file.read_bytes() for file in Path("runs/tiny").glob("*.*")} == before


def test_a_file_that_was_edited_is_not_rewritten(swc: Swc, tmp_path: Path) -> None:
    path = spec(tmp_path)
    with stopping_after(1):
        assert swc("train", path, *LOOK, "--quiet").exit_code == 130
    with Path("runs/tiny/tiny.py").open("a") as file:
        file.write("# mine\n")
    spec(tmp_path, **NEW)
    refused = swc("train", path, *LOOK, "--resume")
    assert "was edited by hand" in words(refused)
    assert Path("runs/tiny/tiny.py").read_text().endswith("# mine\n")


def test_damaged_names_are_left_for_others_to_tell(swc: Swc, tmp_path: Path) -> None:
    path = spec(tmp_path)
    with stopping_after(1):
        assert swc("train", path, *LOOK, "--quiet").exit_code == 130
    tensors, about = read_checkpoint(Path("runs/tiny/last.safetensors"))
    spec(tmp_path, **NEW)
    for key, told in (("history", "its history cannot be read"), ("without_momentum", "which parameters have no")):
        write_checkpoint(Path("runs/tiny/last.safetensors"), tensors, {**about, key: 3})
        assert told in words(swc("train", path, *LOOK, "--resume"))
