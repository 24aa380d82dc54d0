"""Nothing is kept that does not do what the family does, and nothing of others is touched."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from export_families import METADATA, SPEC, family_of, generated
from torch import Tensor

from swc_runtime import Family
from swc_runtime.export import FORMATS, ExportError, ExportOptions, export, read_manifest
from swc_runtime.export import int8 as eight_bits
from swc_runtime.export.evidence import Evidence
from swc_runtime.export.subject import Subject
from swc_runtime.export.verify import difference

Change = Callable[[Tensor], Tensor]


class Altered:
    """A format that answers as the family does, but for a change."""

    name = "altered"

    def __init__(self, change: Change) -> None:
        self.change = change

    def check(self) -> None:
        pass

    def files(self, subject: Subject) -> tuple[str, ...]:
        return (f"{subject.name}.altered",)

    def write(self, subject: Subject, folder: Path) -> None:
        (folder / self.files(subject)[0]).write_text("altered")

    def load(self, subject: Subject, folder: Path) -> Change:
        assert (folder / self.files(subject)[0]).read_text() == "altered"
        return lambda images: self.change(subject.expected(images))

    def versions(self) -> Mapping[str, str]:
        return {}


def fails_on_odd_batches(answer: Tensor) -> Tensor:
    if len(answer) % 2 and len(answer) > 1:
        raise RuntimeError("odd\nand more")
    return answer


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda answer: answer + 1e-3, r"tiny.altered was not kept: on a batch of 1 .* differs .* by 0.001"),
        (lambda answer: answer * float("nan"), "differs from the family by inf"),
        (lambda answer: answer[:1], r"answers \(1, 10\) to a batch of 2, the family \(2, 10\)"),
        (lambda answer: answer if len(answer) < 7 else answer.roll(1, 0), "on a batch of 7"),
        (fails_on_odd_batches, r"fails on a batch of 3 \(RuntimeError: odd\)"),
    ],
)
def test_what_is_not_the_family_is_not_kept(
    change: Change, told: str, tiny: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FORMATS, "altered", Altered(change))
    with pytest.raises(ExportError, match=told):
        export(tiny, tmp_path / "a" / "out", formats=("torch", "altered"), options=ExportOptions(softmax=True))
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("where", ["write", "load"])
def test_what_a_translator_cannot_do_is_told_in_a_sentence(
    where: str, tiny: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        warnings.warn("about itself", stacklevel=1)
        raise ValueError("no such operator\nand a long trace")

    altered = Altered(lambda answer: answer)
    monkeypatch.setattr(altered, where, fail)
    monkeypatch.setitem(FORMATS, "altered", altered)
    with pytest.raises(ExportError, match=r"big, small cannot be written as altered \(ValueError: no such operator\)"):
        export(tiny, tmp_path / "out", formats=("altered",))
    assert not (tmp_path / "out").exists()


def test_what_killed_exports_left_is_removed_after_a_day(tiny: Family, tmp_path: Path) -> None:
    old, new = (tmp_path / "out" / f".swc-export-{age}" for age in ("old", "new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "tiny.onnx").write_text("half")
    os.utime(old, (0, 0))
    export(tiny, tmp_path / "out")
    assert not old.exists()
    assert new.exists()


def test_a_larger_tolerance_lets_more_pass_and_is_written_down(
    tiny: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FORMATS, "altered", Altered(lambda answer: answer + 1e-3))
    options = ExportOptions(softmax=True, tolerance=0.01)
    (one,) = export(tiny, tmp_path / "out", formats=("altered",), options=options).artefacts
    assert one.tolerance == 0.01
    assert one.difference == pytest.approx(1e-3, rel=1e-3)


def test_differences_are_shares_of_large_answers() -> None:
    assert difference(torch.tensor([0.5]), torch.tensor([0.25])) == 0.25
    assert difference(torch.tensor([101.0, 0.0]), torch.tensor([100.0, 0.0])) == pytest.approx(0.01)
    assert difference(torch.tensor([1.0, float("nan")]), torch.tensor([1.0, 1.0])) == float("inf")


def test_a_family_that_answers_with_no_numbers_is_no_reference(tiny: Family, tmp_path: Path) -> None:
    with torch.no_grad():
        next(tiny.members["big"].parameters()).fill_(float("nan"))
    with pytest.raises(ExportError, match="tiny itself answers"):
        export(tiny, tmp_path / "out")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"members": ["smal"]}, "no member 'smal'; did you mean 'small'"),
        ({"members": []}, "at least one member"),
        ({"members": ["big", "big"]}, "each once"),
        ({"formats": ["onx"]}, "no format 'onx'; did you mean 'onnx'"),
        ({"formats": []}, "at least one format"),
        ({"options": ExportOptions(normalise=True), "metadata": None}, "How images are normalised is not known"),
        ({"options": ExportOptions(tolerance=0.0)}, "tolerance of 0"),
        ({"options": ExportOptions(int8="static")}, "add it"),
        ({"options": ExportOptions(int8="static"), "formats": ["onnx"]}, "8 bits need a data set"),
        ({"options": ExportOptions(int8="tiny")}, "no 8 bits of the kind 'tiny'"),
        ({"options": ExportOptions(int8="static", int8_loss=-1.0)}, "--int8-loss"),
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_is_written(
    arguments: dict[str, Any], told: str, tiny: Family, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=told):
        export(tiny, tmp_path / "out", **{"metadata": METADATA, **arguments})
    assert not (tmp_path / "out").exists()


def test_missing_packages_are_named_with_the_extra(
    tiny: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    with pytest.raises(ExportError, match=r"package `onnxscript`.*extra `export`"):
        export(tiny, tmp_path / "out", formats=("onnx",))


# -- the folder ----------------------------------------------------------------------------------------------------


def test_files_of_others_are_left_alone(tiny: Family, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    (out / "tiny.py").write_text("mine, too")
    with pytest.raises(ExportError, match=r"tiny\.py is there, and not as swc export wrote it"):
        export(tiny, out)
    assert sorted(path.name for path in out.iterdir()) == ["notes.txt", "tiny.py"]
    assert (out / "tiny.py").read_text() == "mine, too"
    export(tiny, out, options=ExportOptions(force=True))
    assert "class Wrn" in (out / "tiny.py").read_text()
    assert (out / "notes.txt").read_text() == "mine"


def test_an_edited_file_and_another_export_json_count_as_somebodys_work(tiny: Family, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(tiny, out)
    with (out / "tiny.py").open("a") as file:
        file.write("# my own line\n")
    with pytest.raises(ExportError, match=r"tiny\.py is there, and not as"):
        export(tiny, out)
    (out / "tiny.py").unlink()
    (out / "export.json").write_text('{"format_version": 1}')
    with pytest.raises(ExportError, match=r"export\.json"):
        export(tiny, out)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ExportError, match="is a file"):
        export(tiny, file)


def test_exporting_again_replaces_what_is_ours_and_removes_what_belongs_to_other_weights(tmp_path: Path) -> None:
    family, out = family_of(generated(SPEC, tmp_path)), tmp_path / "out"
    export(family, out, formats=("torch",))
    both = export(family, out, formats=("torch-export",))
    assert [one.format for one in both.artefacts] == ["torch", "torch-export"]
    assert set(both.files) == {"tiny.py", "tiny.safetensors", "tiny.pt2"}
    first = (out / "tiny.safetensors").read_bytes()
    with torch.no_grad():
        next(family.members["big"].parameters()).add_(1)
    alone = export(family, out, formats=("torch",))
    assert set(alone.files) == {"tiny.py", "tiny.safetensors"}
    assert sorted(path.name for path in out.iterdir()) == ["export.json", "tiny.py", "tiny.safetensors"]
    assert (out / "tiny.safetensors").read_bytes() != first
    assert "replaced" not in json.loads((out / "export.json").read_text())


def test_an_export_that_was_cut_off_halfway_can_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family, out = family_of(generated(SPEC, tmp_path)), tmp_path / "out"
    export(family, out)
    with torch.no_grad():
        next(family.members["big"].parameters()).add_(1)
    original, moved = Path.replace, []

    def cut_off(self: Path, target: Path) -> Path:
        if target.name == "tiny.safetensors":
            raise OSError(28, "No space left on device")
        moved.append(target.name)
        return original(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", cut_off)
        with pytest.raises(ExportError, match="No space left"):
            export(family, out)
    assert moved == ["export.json", "tiny.py"]
    assert sorted(path.name for path in out.iterdir()) == ["export.json", "tiny.py", "tiny.safetensors"]
    manifest = read_manifest(out / "export.json")
    assert manifest is not None
    assert all(manifest.accounts_for(out / name) for name in manifest.files)
    assert set(export(family, out).files) == {"tiny.py", "tiny.safetensors"}


def test_a_folder_that_cannot_be_written_is_told(tiny: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("swc_runtime.export.folder.tempfile.mkdtemp", refuse)
    with pytest.raises(ExportError, match=r"out cannot be written \(Permission denied\)"):
        export(tiny, tmp_path / "out")
    assert not (tmp_path / "out").exists()


# -- 8 bits --------------------------------------------------------------------------------------------------------


def test_8_bits_that_lose_too_much_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = torch.arange(10)
    images = torch.nn.functional.one_hot(labels, 10).float()
    scoring = Evidence("test images of made", images, labels)
    wrong = images.clone()
    wrong[0] = wrong[1]
    monkeypatch.setattr(eight_bits, "session", lambda _: lambda x: wrong[: len(x)])
    told = r"made_int8\.onnx was not kept: in 8 bits \(static\) top-1 falls from 100.00% to 90.00% on 10 test images"
    target = tmp_path / "made_int8.onnx"
    with pytest.raises(ExportError, match=told):
        eight_bits.scored(lambda x: x, target, "static", scoring, scoring, loss=9.0)
    found = eight_bits.scored(lambda x: x, target, "dynamic", scoring, scoring, loss=11.0)
    assert (found.before, found.after, found.agreement, found.calibration) == (1.0, 0.9, 0.9, None)
