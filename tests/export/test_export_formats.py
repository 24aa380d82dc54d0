"""What each format gives: run fresh, in processes and runtimes that know nothing of swc."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import onnx
import onnxruntime
import pytest
import torch
from export_families import METADATA, SPEC, answers, family_of, generated, pixels
from safetensors.torch import load_file, save_file
from torch import Tensor

from swc_runtime import Family
from swc_runtime.datasets import Dataset, load
from swc_runtime.export import ExportOptions, Manifest, export, read_manifest

MEMBERS = ("small", "big")  # not the spec's order


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits", Path("unused"), input=(1, 8, 8), classes=10).held_out(0.1)


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Family:
    return family_of(generated(SPEC, tmp_path_factory.mktemp("spec")))


@pytest.fixture(scope="module")
def exported(family: Family, digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """Everything at once: translating to ONNX takes seconds."""
    folder = tmp_path_factory.mktemp("export") / "deep" / "out"
    manifest = export(
        family,
        folder,
        members=MEMBERS,
        formats=("torch", "torch-export", "onnx"),
        metadata=METADATA,
        data=digits,
        options=ExportOptions(softmax=True, normalise=True, int8="static", int8_loss=100),
    )
    return folder, manifest


def run_onnx(path: Path, images: Tensor) -> Tensor:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (result,) = session.run(["probabilities"], {"images": images.numpy()})
    return torch.from_numpy(result)


_FRESH = """
import sys
sys.modules["swc"] = sys.modules["swc_runtime"] = None
sys.path.insert(0, sys.argv[1])
import torch
from safetensors.torch import load_file, save_file
images = load_file("images.safetensors")["images"]
from tiny import CLASSES, INPUT, load
with torch.no_grad():
    source = load()(images)
    program = torch.export.load(sys.argv[1] + "/tiny.pt2").module()(images)
save_file({"source": source, "program": program}, "answers.safetensors")
assert INPUT == (1, 8, 8) and CLASSES[1] == "one"
assert not [name for name in sys.modules if name.startswith("swc") and sys.modules[name]]
"""


def test_source_and_program_run_where_there_is_no_swc(
    exported: tuple[Path, Manifest], family: Family, tmp_path: Path
) -> None:
    images = pixels(5)
    save_file({"images": images}, tmp_path / "images.safetensors")
    command = [sys.executable, "-I", "-B", "-W", "error", "-c", _FRESH, str(exported[0])]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    expected = answers(family, MEMBERS, images)
    for answer in load_file(tmp_path / "answers.safetensors").values():
        torch.testing.assert_close(answer, expected)


@pytest.mark.parametrize("batch", [1, 2, 5, 33])
def test_onnx_takes_any_batch_of_pixels(exported: tuple[Path, Manifest], family: Family, batch: int) -> None:
    images = pixels(batch)
    torch.testing.assert_close(run_onnx(exported[0] / "tiny.onnx", images), answers(family, MEMBERS, images))
    assert run_onnx(exported[0] / "tiny_int8.onnx", images).shape == (batch, 10)


def test_onnx_knows_its_classes_members_and_scales(exported: tuple[Path, Manifest]) -> None:
    for name in ("tiny.onnx", "tiny_int8.onnx"):
        model = onnx.load(exported[0] / name)
        about = {entry.key: entry.value for entry in model.metadata_props}
        assert about["family"] == "tiny"
        assert json.loads(about["members"]) == list(MEMBERS)
        assert json.loads(about["classes"]) == METADATA["classes"]
        assert json.loads(about["normalisation"]) == METADATA["normalisation"]
        assert json.loads(about["input"]) == {"shape": ["batch", 1, 8, 8], "dtype": "uint8", "normalised": False}
        assert [entry.name for entry in model.graph.input] == ["images"]
        assert [entry.name for entry in model.graph.output] == ["probabilities"]
    extra = {"swc.json": ""}
    torch.export.load(exported[0] / "tiny.pt2", extra_files=extra)
    assert json.loads(extra["swc.json"])["classes"] == METADATA["classes"]


def test_the_manifest_accounts_for_every_file(exported: tuple[Path, Manifest]) -> None:
    folder, manifest = exported
    assert {path.name for path in folder.iterdir()} == {*manifest.files, "export.json"}
    assert read_manifest(folder / "export.json") == manifest
    content = json.loads((folder / "export.json").read_text())
    assert content["format_version"] == 1
    assert content["classes"] == METADATA["classes"]
    assert content["output"] == {"kind": "probabilities", "shape": ["batch", 10]}
    for one in content["artefacts"]:
        assert one["images"] == "32 validation images of digits"
        assert one["batches"] == [1, 2, 3, 7, 16]
        assert one["versions"]["torch"] == torch.__version__
        for name, file in one["files"].items():
            data = (folder / name).read_bytes()
            assert file == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    assert [(one.format, one.tolerance) for one in manifest.artefacts[:3]] == [
        ("torch", 1e-4),
        ("torch-export", 1e-4),
        ("onnx", 1e-4),
    ]
    assert all(one.difference <= 1e-4 for one in manifest.artefacts[:3])
    assert all(
        path.stat().st_mode & 0o777 == (folder / "export.json").stat().st_mode & 0o777 for path in folder.iterdir()
    )


def test_8_bits_are_smaller_and_say_what_they_cost(exported: tuple[Path, Manifest], digits: Dataset) -> None:
    folder, manifest = exported
    found = manifest.artefacts[-1].int8
    assert found is not None
    assert digits.val is not None
    assert (found.method, found.calibration) == ("static", "256 training images of digits")
    assert (found.images, found.count) == ("validation images of digits", len(digits.val))
    images, labels = next(digits.val.stream([torch.arange(found.count)], torch.device("cpu")))
    before, after = (run_onnx(folder / name, images).argmax(-1) for name in ("tiny.onnx", "tiny_int8.onnx"))
    assert found.before == pytest.approx((before == labels).double().mean().item())
    assert found.after == pytest.approx((after == labels).double().mean().item())
    assert found.agreement == pytest.approx((before == after).double().mean().item())
    assert (folder / "tiny_int8.onnx").stat().st_size < (folder / "tiny.onnx").stat().st_size


def test_files_do_not_tell_about_the_machine_that_wrote_them(exported: tuple[Path, Manifest], tmp_path: Path) -> None:
    own = (str(tmp_path.parent.parent), str(Path(__file__).parents[2]))
    for path in exported[0].iterdir():
        data = path.read_bytes()
        assert [text for text in own if text.encode() in data] == [], path.name


def test_one_member_gives_logits_and_several_the_logarithm_of_their_average(tmp_path: Path, family: Family) -> None:
    images = torch.randn(3, 1, 8, 8)
    for members, kind in ((("big",), "logits"), (MEMBERS, "log_probabilities")):
        manifest = export(family, tmp_path / kind, members=members, formats=("torch-export",), metadata=METADATA)
        assert manifest.about["output"]["kind"] == kind
        with torch.no_grad():
            answer = torch.export.load(tmp_path / kind / "tiny.pt2").module()(images)
            expected = family.predict(images, members=members)
            torch.testing.assert_close(answer.softmax(-1), expected)
            if len(members) == 1:
                torch.testing.assert_close(answer, family.members["big"](images))
    assert manifest.artefacts[0].images == "32 noise"


def test_the_family_stays_as_it_is(family: Family, tmp_path: Path) -> None:
    family.train()
    before = {name: value.clone() for name, value in family.state_dict().items()}
    export(family, tmp_path / "out", formats=("torch",))
    assert all(part.training for part in family.modules())
    assert all(torch.equal(value, before[name]) for name, value in family.state_dict().items())
    family.eval()


def test_families_of_another_precision_are_exported_in_single_precision(tmp_path: Path) -> None:
    family = family_of(generated(SPEC, tmp_path)).double()
    export(family, tmp_path / "out", formats=("torch",))
    assert {value.dtype for value in load_file(tmp_path / "out" / "tiny.safetensors").values()} == {
        torch.float32,
        torch.int64,
    }
    assert next(family.parameters()).dtype == torch.float64
