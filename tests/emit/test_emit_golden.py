"""The committed files of generated/ are what the committed specs give; `make compile` writes them again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from emit_compiled import ROOT, lint, typed

from swc.compiler import compile_spec
from swc.emit import MARKER

SPECS = sorted([*(ROOT / "specs").glob("*.sw"), *(ROOT / "specs" / "paper").glob("*.sw")])

_COMPILE = """
import sys
from pathlib import Path
from swc.compiler import compile_spec
sys.stdout.write(compile_spec(Path(sys.argv[1])).text())
assert "torch" not in sys.modules
"""


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_generated_files_are_current(spec: Path) -> None:
    compiled = compile_spec(spec)
    committed = ROOT / "generated" / compiled.file_name
    assert committed.read_text(encoding="utf-8") == compiled.text(committed.parent), "run `make compile`"


def test_generated_files_are_clean(tmp_path: Path) -> None:
    sources = [compile_spec(spec).text() for spec in SPECS]
    assert lint(sources, tmp_path) == ""
    assert typed(tmp_path) == ""


def test_four_wide_residual_networks_fit_on_a_few_pages() -> None:
    text = compile_spec(ROOT / "specs" / "wrn_hetero.sw").text()
    assert len(text.splitlines()) < 400
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("spec", ["wrn_hetero.sw", "paper/wrn_28_10_at_1pct.sw"])
def test_hash_seeds_and_folders_make_no_difference(spec: str, tmp_path: Path) -> None:
    path = ROOT / "specs" / spec
    outputs = []
    for seed, folder, name in (("1", tmp_path, path), ("2", path.parent, Path(path.name))):
        result = subprocess.run(
            [sys.executable, "-c", _COMPILE, str(name)],
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        outputs.append(result.stdout)
    assert outputs[0] == outputs[1] == compile_spec(path).text().encode()
    assert str(ROOT).encode() not in outputs[0]


def test_the_first_line_marks_the_file_and_names_its_spec() -> None:
    compiled = compile_spec(ROOT / "specs" / "wrn_hetero.sw")
    first = compiled.text().splitlines()[0]
    assert first.startswith(f"{MARKER} wrn_hetero.sw (sha256 {compiled.content_hash()})")
