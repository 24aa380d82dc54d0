"""``swc compile``, ``swc check`` and ``swc plan`` as a person runs them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Swc = Callable[..., Result]


def test_compile_writes_the_family_and_check_finds_it_current(swc: Swc, spec: Path, tmp_path: Path) -> None:
    result = swc("compile", spec, "-o", "out")
    assert result.exit_code == 0, result.output
    assert "wrote out/tiny.py" in result.output
    assert os.listdir(tmp_path / "out") == ["tiny.py"]
    assert swc("compile", spec, "-o", "out").output.startswith("kept out/tiny.py")
    checked = swc("compile", "--check", spec, "-o", "out")
    assert (checked.exit_code, checked.output) == (0, "1 generated file is up to date\n")


def test_check_reports_drift_with_a_difference_and_writes_nothing(swc: Swc, spec: Path, tmp_path: Path) -> None:
    swc("compile", spec, "-o", "out")
    spec.write_text(spec.read_text().replace("widen=2", "widen=3"))
    before = (tmp_path / "out" / "tiny.py").read_text()
    result = swc("compile", "--check", spec, "-o", "out")
    assert result.exit_code == 1
    assert "differs from what its spec gives" in result.output
    assert "+++ out/tiny.py (from its spec)" in result.output
    assert "more lines" in result.output
    assert (tmp_path / "out" / "tiny.py").read_text() == before
    missing = swc("compile", "--check", spec, "-o", "nowhere")
    assert missing.exit_code == 1
    assert not (tmp_path / "nowhere").exists()


def test_a_renamed_family_leaves_no_stale_file(swc: Swc, spec: Path, tmp_path: Path) -> None:
    swc("compile", spec, "-o", "out")
    spec.write_text(spec.read_text().replace("family tiny", "family little"))
    assert swc("compile", "--check", spec, "-o", "out").exit_code == 1
    result = swc("compile", spec, "-o", "out")
    assert "removed out/tiny.py" in result.output
    assert os.listdir(tmp_path / "out") == ["little.py"]


def test_files_of_others_are_kept_unless_forced(swc: Swc, spec: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    foreign = tmp_path / "out" / "tiny.py"
    foreign.write_text("print('mine')\n")
    result = swc("compile", spec, "-o", "out")
    assert result.exit_code == 1
    assert "SW0801" in result.output
    assert foreign.read_text() == "print('mine')\n"
    assert swc("compile", spec, "-o", "out", "--force").exit_code == 0
    assert "class" in foreign.read_text()


def test_two_specs_for_one_file_are_refused_before_anything_is_written(swc: Swc, spec: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sw"
    other.write_text(spec.read_text())
    result = swc("compile", spec, other, "-o", "out")
    assert result.exit_code == 1
    assert "SW0802" in result.output
    assert not (tmp_path / "out").exists()


def test_errors_of_all_specs_come_at_once_and_nothing_is_written(swc: Swc, spec: Path, tmp_path: Path) -> None:
    first = tmp_path / "first.sw"
    first.write_text(spec.read_text().replace("wrn(depth=10, widen=1)", "wrm(depth=10)"))
    second = tmp_path / "second.sw"
    second.write_text(spec.read_text().replace("depth=10, widen=2", "depth=11, widen=2"))
    result = swc("compile", spec, first, second, tmp_path / "third.sw", "-o", "out")
    assert result.exit_code == 1
    for part in ("wrm", "6n + 4", "third.sw", "nothing was written"):
        assert part in result.output
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(swc: Swc, spec: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    result = swc("compile", spec, "-o", "out/deeper")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "out" in result.output


@pytest.mark.parametrize(
    "arguments",
    [("compile",), ("compile", "a.sw", "--nonsense"), ("plan", "a.sw", "--lock", "l", "--no-lock"), ("nonsense",)],
)
def test_usage_errors_exit_with_2(swc: Swc, arguments: tuple[str, ...]) -> None:
    assert swc(*arguments).exit_code == 2


def test_check_tells_the_essentials_and_speaks_json(swc: Swc, spec: Path, tmp_path: Path) -> None:
    assert "family `tiny`, 2 members" in swc("check", spec).output
    assert json.loads(swc("check", "--format", "json", spec).output) is not None
    bad = tmp_path / "bad.sw"
    bad.write_text(spec.read_text().replace("60% of members", "10"))
    result = swc("check", "--format", "json", bad)
    assert result.exit_code == 1
    assert "SW0601" in json.dumps(json.loads(result.output))


def test_plan_as_a_table_and_as_json(swc: Swc, spec: Path) -> None:
    table = swc("plan", spec, "--superweights").output
    for part in ("wrn(depth=10, widen=2)", "conv3x3", "conv3x3@0,0", "templates", "coefficients", "unused"):
        assert part in table
    plan = json.loads(swc("plan", spec, "--format", "json").output)
    assert plan["format_version"] == 1
    assert plan["family"] == "tiny"
    parts = plan["parameters"]
    assert parts["total"] == parts["templates"] + parts["coefficients"] + parts["private"] <= plan["budget"]
    assert sum(len(member["layers"]) for member in plan["members"]) == 11 + 10


def test_compiling_imports_no_torch(spec: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from swc.cli import main\n"
        f"main(['compile', {str(spec)!r}, '-o', {str(tmp_path / 'out')!r}], standalone_mode=False)\n"
        f"main(['plan', {str(spec)!r}], standalone_mode=False)\n"
        "assert not [m for m in sys.modules if m.partition('.')[0] in ('torch', 'swc_runtime', 'numpy')]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_output_is_the_same_for_any_hash_seed_and_working_directory(spec: Path, tmp_path: Path) -> None:
    texts = set()
    for seed, folder in (("0", tmp_path), ("1", tmp_path.parent), ("12345", Path("/"))):
        out = tmp_path / f"out{seed}"
        subprocess.run(
            [sys.executable, "-m", "swc", "compile", os.path.relpath(spec, folder), "-o", str(out)],
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        )
        texts.add((out / "tiny.py").read_bytes())
    assert len(texts) == 1


def test_locks_that_do_not_belong_are_refused_and_can_be_left_aside(swc: Swc, spec: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.lock").write_text("{")
    result = swc("compile", spec, "-o", "out")
    assert result.exit_code == 1
    assert "SW0701" in result.output
    assert not (tmp_path / "out").exists()
    assert swc("compile", spec, "-o", "out", "--no-lock").exit_code == 0
    assert swc("compile", spec, "-o", "out", "--lock", "missing.lock").exit_code == 1
