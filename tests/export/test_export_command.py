"""``swc export``: from the name of a run to verified files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from export_families import SPEC, generated, run_of

from swc.pipeline.keeping import keep_generated
from swc_runtime.datasets import load

Swc = Callable[..., Result]
OF_DIGITS = {
    "classes": [str(digit) for digit in range(10)],
    "data": {"name": "digits", "identity": "", "val": {"fraction": 0.1, "seed": 0}},
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of digits in the usual folder."""
    path, folder = generated(SPEC, tmp_path), tmp_path / "runs" / "tiny"
    data = load("digits", tmp_path, input=(1, 8, 8), classes=10)
    about = OF_DIGITS | {"data": OF_DIGITS["data"] | {"identity": data.identity}}  # type: ignore[operator]
    run_of(path, folder, **about)
    keep_generated(path.read_bytes(), path, folder, "tiny")
    return folder


@pytest.mark.parametrize("target", ["runs/tiny", "tiny.py", "tiny.sw", "runs/tiny/tiny.py"])
def test_a_run_is_named_by_its_folder_its_file_or_its_spec(swc: Swc, run: Path, tmp_path: Path, target: str) -> None:
    assert run == tmp_path / "runs" / "tiny"
    result = swc("export", target, "-o", "out", "--members", "small", "--quiet")
    assert result.exit_code == 0, result.output
    content = json.loads((tmp_path / "out" / "export.json").read_text())
    assert content["members"] == ["small"]
    assert content["artefacts"][0]["images"] == "32 validation images of digits"
    for part in ("tiny: small, normalised images 1×8×8 to logits", "tiny.py", "none ≤ 1e-04", "wrote out/export.json"):
        assert part in result.output


def test_formats_scales_and_8_bits_are_chosen_by_options(swc: Swc, run: Path, tmp_path: Path) -> None:
    options = ("--format", "onnx", "--members", "small", "--softmax", "--normalise", "--int8", "dynamic")
    result = swc("export", run, "-o", "out", *options, "--int8-loss", "100", "--tolerance", "0.001", "--quiet")
    assert result.exit_code == 0, result.output
    content = json.loads((tmp_path / "out" / "export.json").read_text())
    assert content["input"]["dtype"] == "uint8"
    assert content["output"]["kind"] == "probabilities"
    assert [list(one["files"]) for one in content["artefacts"]] == [["tiny.onnx"], ["tiny_int8.onnx"]]
    assert content["artefacts"][0]["tolerance"] == 0.001
    assert "int8 (dynamic): top-1 " in result.stdout
    assert "144 validation images of digits" in result.stdout
    assert result.stderr == ""


def test_without_the_training_s_images_noise_will_do_and_is_said(swc: Swc, tmp_path: Path) -> None:
    path = generated(SPEC, tmp_path)
    run_of(path, tmp_path / "run", data={"name": "gone", "identity": "", "val": None})
    result = swc("export", path, "--run", "run", "-o", "out")
    assert result.exit_code == 0, result.output
    assert "verified on noise, because" in result.stderr
    assert "32 noise" in result.stdout
    asked = swc("export", path, "--run", "run", "-o", "other", "--data", "cifar10")
    assert asked.exit_code == 1
    assert not (tmp_path / "other").exists()
    other_classes = swc("export", path, "--run", "run", "-o", "other", "--data", "digits", "--quiet")
    assert other_classes.exit_code == 1
    assert "zero" in other_classes.output


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("runs/tiny", "--members", "smal"), ("no member 'smal'", "small")),
        (("runs/tiny", "--format", "onx"), ("no format 'onx'", "onnx", "torch-export")),
        (("runs/tiny", "--int8", "static"), ("--format onnx",)),
        (("runs", "--format", "onnx"), ("SW0804", "runs/family.safetensors")),
        (("nowhere",), ("SW0803", "nowhere does not exist", "name the folder of a run, a spec (.sw) or a generated")),
        (("tiny.lock",), ("SW0803", "tiny.lock does not exist", "(.py)")),
        (("bare/family.safetensors",), ("SW0803", "family.safetensors is no trained family", "(.py)")),
        (("nowhere.sw",), ("SW0001",)),
        (("runs/tiny", "--run", "runs/other"), ("SW0820", "both folders of runs")),
        (("bare",), ("SW0820", "tiny.py", "--run bare")),
        (("tiny.py", "--run", "bare", "--checkpoint", "none.safetensors"), ("SW0804", "none.safetensors")),
    ],
)
def test_what_cannot_be_exported_is_said_in_a_sentence(
    swc: Swc, run: Path, tmp_path: Path, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "family.safetensors").write_bytes((run / "family.safetensors").read_bytes())
    result = swc("export", *arguments, "-o", "out", "--quiet")
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    for part in parts:
        assert part in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "option", [("--tolerance", "0"), ("--tolerance", "nan"), ("--int8", "4"), ("--members", "a,,b")]
)
def test_options_that_make_no_sense_are_usage_errors(swc: Swc, run: Path, option: tuple[str, ...]) -> None:
    assert swc("export", run, "-o", "out", *option).exit_code == 2


def test_a_family_that_was_edited_says_so(swc: Swc, run: Path) -> None:
    path = run / "tiny.py"
    path.write_text(path.read_text().replace("Block wide_block", "My block"))
    assert "SW0808" in swc("export", run, "-o", "out", "--quiet").stderr


def test_a_run_keeps_the_file_that_was_trained(swc: Swc, tmp_path: Path) -> None:
    path = generated(SPEC, tmp_path)
    quick = ("--data", "digits", "--quiet", "--accelerator", "cpu", "--limit", "64", "--epochs", "1")
    assert swc("train", path, *quick, "--run", "mine").exit_code == 0
    kept = tmp_path / "mine" / "tiny.py"
    assert kept.read_text().splitlines()[2:] == path.read_text().splitlines()[2:]
    answered = swc("export", "mine", "-o", "out", "--quiet")
    assert answered.exit_code == 0, answered.output
    assert "SW0808" not in answered.output
    assert swc("eval", "mine", "--data", "digits", "--quiet").exit_code == 0


def test_what_somebody_put_into_a_run_s_folder_stays(tmp_path: Path) -> None:
    path = generated(SPEC, tmp_path)
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "tiny.py").write_text("mine")
    keep_generated(path.read_bytes(), path, folder, "tiny")
    assert (folder / "tiny.py").read_text() == "mine"
    keep_generated(b"# nothing", path, path.parent, "tiny")
    assert path.read_bytes() != b"# nothing"
