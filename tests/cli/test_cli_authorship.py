"""What swc wrote, what was edited, and whose a file is: nothing of anybody's is lost without a word."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from swc.authorship import Authorship, edited, edited_note, origin_of, state_of
from swc.compiler import compile_spec
from swc.pipeline.keeping import check_kept
from swc.seal import place_of, sealed, unsealed

Swc = Callable[..., Result]


@pytest.fixture
def generated(swc: Swc, spec: Path, tmp_path: Path) -> Path:
    assert swc("compile", spec, "-o", "out").exit_code == 0
    return tmp_path / "out" / "tiny.py"


def edit(path: Path, mark: str = "# by hand\n") -> str:
    text = path.read_text() + mark
    path.write_text(text)
    return text


def test_states(generated: Path, tmp_path: Path) -> None:
    assert state_of(generated) is Authorship.SWC
    assert state_of(tmp_path / "none.py") is Authorship.NOBODY
    written = generated.read_text()
    generated.write_text("\n".join(written.split("\n")[:1] + written.split("\n")[2:]))
    assert state_of(generated) is Authorship.UNKNOWN
    generated.write_text(written.replace("class", "klass"))
    assert state_of(generated) is Authorship.EDITED
    generated.write_text(written.replace("# text ", "# text 0", 1))
    assert state_of(generated) is Authorship.EDITED
    generated.write_text("print(1)\n")
    assert state_of(generated) is Authorship.OTHERS
    generated.write_bytes(b"\xff\xfe")
    assert state_of(generated) is Authorship.OTHERS
    (tmp_path / "link.py").symlink_to(tmp_path / "nothing")
    assert state_of(tmp_path / "link.py") is Authorship.OTHERS


@pytest.mark.parametrize("place", range(0, 1000, 97))
def test_any_edit_is_seen(generated: Path, place: int) -> None:
    lines = generated.read_text().split("\n")
    number = place % len(lines)
    if number == 1:
        number = 2
    generated.write_text("\n".join([*lines[:number], lines[number] + " ", *lines[number + 1 :]]))
    assert edited(generated)
    generated.write_text("\n".join([*lines[:number], *lines[number + 1 :]]))
    assert state_of(generated) is not Authorship.SWC


def test_line_ends_and_byte_order_marks_are_no_edit(swc: Swc, spec: Path, generated: Path) -> None:
    windows = b"\xef\xbb\xbf" + generated.read_bytes().replace(b"\n", b"\r\n")
    generated.write_bytes(windows)
    assert state_of(generated) is Authorship.SWC
    assert swc("compile", "--check", spec, "-o", "out").exit_code == 0
    assert swc("compile", spec, "-o", "out").output.startswith("kept")
    assert generated.read_bytes() == windows
    generated.write_bytes(windows.replace(b"Module", b"Modul"))
    assert edited(generated)


def test_what_was_edited_is_kept_unless_forced(swc: Swc, spec: Path, generated: Path) -> None:
    text = edit(generated)
    other = spec.with_name("other.sw")
    other.write_text(spec.read_text().replace("family tiny", "family another"))
    result = swc("compile", spec, other, "-o", "out")
    assert result.exit_code == 1
    assert "SW0806" in result.output
    assert "edited by hand" in result.output
    assert generated.read_text() == text
    assert os.listdir(generated.parent) == ["tiny.py"], "a refusal leaves the folder as it was"
    assert swc("compile", spec, "-o", "out", "--force").exit_code == 0
    assert state_of(generated) is Authorship.SWC


def test_check_tells_edited_from_out_of_date(swc: Swc, spec: Path, generated: Path) -> None:
    spec.write_text(spec.read_text().replace("widen=2", "widen=3"))
    result = swc("compile", "--check", spec, "-o", "out")
    assert (result.exit_code, "differs from what its spec gives" in result.output) == (1, True)
    assert "--force" not in result.output
    edit(generated)
    result = swc("compile", "--check", spec, "-o", "out")
    assert result.exit_code == 1
    assert f"out/tiny.py: {Authorship.EDITED}" in result.output
    assert "--force" in result.output


def test_files_of_an_earlier_swc_are_replaced_and_told(swc: Swc, spec: Path, generated: Path) -> None:
    first, _, rest = generated.read_text().partition("\n")
    old = first + "\n" + rest.partition("\n")[2]
    generated.write_text(old)
    assert swc("compile", "--check", spec, "-o", "out").exit_code == 1
    same = swc("compile", spec, "-o", "out")
    assert (same.exit_code, "could not be told" in same.output) == (0, False)
    generated.write_text(old + "# by hand\n")
    told = swc("compile", spec, "-o", "out")
    assert (told.exit_code, "could not be told" in told.output) == (0, True)
    assert state_of(generated) is Authorship.SWC


def test_training_keeps_what_was_edited(swc: Swc, spec: Path, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "tiny"
    swc("compile", spec, "-o", folder)
    text = edit(folder / "tiny.py")
    quick = ("--data", "digits", "--quiet", "--accelerator", "cpu", "--limit", "64", "--no-search")
    result = swc("train", spec, *quick)
    assert result.exit_code == 1
    assert "SW0806" in result.output
    assert (folder / "tiny.py").read_text() == text
    assert os.listdir(folder) == ["tiny.py"]


def test_training_another_file_keeps_what_was_edited_in_its_run_s_folder(
    swc: Swc, generated: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "runs" / "tiny"
    folder.mkdir(parents=True)
    shutil.copy(generated, folder)
    text = edit(folder / "tiny.py")
    quick = ("--data", "digits", "--quiet", "--accelerator", "cpu", "--limit", "64")
    result = swc("train", generated, *quick)
    assert result.exit_code == 1
    assert "SW0806" in result.output
    assert (folder / "tiny.py").read_text() == text
    edit(generated)  # the same edit: nothing is lost
    check_kept(generated, folder, "tiny")


def test_running_what_was_edited_is_noted(generated: Path) -> None:
    assert edited_note(generated) == ()
    edit(generated)
    (note,) = edited_note(generated)
    assert (note.code, str(note.severity)) == ("SW0808", "note")


def make(folder: Path, spec: Path, family: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / spec.name
    path.write_text(spec.read_text().replace("family tiny", f"family {family}"))
    return path


def test_specs_of_one_name_leave_each_other_s_files(swc: Swc, spec: Path, tmp_path: Path) -> None:
    one, two = make(tmp_path / "a", spec, "one"), make(tmp_path / "b", spec, "two")
    for path in (one, two, one, two):
        result = swc("compile", path, "-o", "out")
        assert result.exit_code == 0, result.output
        assert "left" not in result.output
        assert "removed" not in result.output
    assert sorted(os.listdir(tmp_path / "out")) == ["one.py", "two.py"]
    assert swc("compile", one, two, "--check", "-o", "out").exit_code == 0
    one.write_text(one.read_text().replace("family one", "family uno"))
    assert "removed out/one.py" in swc("compile", one, "-o", "out").output
    assert sorted(os.listdir(tmp_path / "out")) == ["two.py", "uno.py"]


def test_specs_of_one_family_do_not_replace_each_other_s_file(swc: Swc, spec: Path, tmp_path: Path) -> None:
    one, two = make(tmp_path / "a", spec, "tiny"), make(tmp_path / "b", spec, "tiny")
    swc("compile", one, "-o", "out")
    before = (tmp_path / "out" / "tiny.py").read_bytes()
    two.write_text(two.read_text().replace("widen=2", "widen=3"))
    result = swc("compile", two, "-o", "out")
    assert result.exit_code == 1
    assert "SW0807" in result.output
    assert "a/tiny.sw" in result.output
    checked = swc("compile", two, "--check", "-o", "out")
    assert (checked.exit_code, "made from another spec" in checked.output) == (1, True)
    assert (tmp_path / "out" / "tiny.py").read_bytes() == before
    one.unlink()  # the spec was moved
    assert swc("compile", two, "-o", "out").exit_code == 0


def test_the_file_of_a_run_that_was_copied_is_replaced(swc: Swc, spec: Path, tmp_path: Path) -> None:
    one, two = make(tmp_path / "a", spec, "tiny"), make(tmp_path / "b", spec, "tiny")
    folder = tmp_path / "runs" / "copy"
    swc("compile", one, "-o", folder)
    (folder / "family.safetensors").write_bytes(b"a checkpoint")
    before = (folder / "tiny.py").read_bytes()
    quick = ("--run", folder, "--data", "digits", "--quiet", "--accelerator", "cpu", "--limit", "64", "--no-search")
    changed = two.read_text()
    two.write_text(changed.replace("widen=2", "widen=3"))
    result = swc("train", two, *quick, "--fresh")
    assert (result.exit_code, "SW0807" in result.output) == (1, True), "another structure is another's work"
    two.write_text(changed)
    result = swc("train", two, *quick)
    assert (result.exit_code, "SW0807" in result.output, "--fresh" in result.output) == (1, False, True)
    text = edit(folder / "tiny.py")
    result = swc("train", two, *quick, "--fresh")
    assert (result.exit_code, "SW0806" in result.output) == (1, True)
    assert (folder / "tiny.py").read_text() == text
    (folder / "tiny.py").write_bytes(before)
    result = swc("train", two, *quick, "--fresh", "--epochs", "1")
    assert result.exit_code == 0, result.output
    origin = origin_of(folder / "tiny.py")
    assert origin is not None
    assert origin.is_of(two, folder / "tiny.py")
    resumed = swc("train", one, *quick, "--resume", "--epochs", "1")
    assert resumed.exit_code == 0, resumed.output


def test_what_may_be_another_spec_s_is_kept_and_told(swc: Swc, spec: Path, tmp_path: Path) -> None:
    one = make(tmp_path / "a", spec, "one")
    swc("compile", one, "-o", "out")
    two = make(tmp_path / "b", spec, "two")
    one.unlink()
    result = swc("compile", two, "-o", "out")
    assert (result.exit_code, "left out/one.py as it is" in result.output) == (0, True)
    checked = swc("compile", two, "--check", "-o", "out")
    assert (checked.exit_code, "perhaps left over" in checked.output) == (0, True)


def test_a_left_over_that_was_edited_is_kept(swc: Swc, spec: Path, generated: Path) -> None:
    edit(generated)
    spec.write_text(spec.read_text().replace("family tiny", "family little"))
    result = swc("compile", spec, "-o", "out")
    assert (result.exit_code, "left out/tiny.py as it is" in result.output) == (0, True)
    assert swc("compile", spec, "--check", "-o", "out").exit_code == 1
    assert "removed out/tiny.py" in swc("compile", spec, "-o", "out", "--force").output


def test_a_copy_under_another_name_is_no_left_over(swc: Swc, spec: Path, generated: Path) -> None:
    shutil.copy(generated, generated.with_name("mine.py"))
    assert "mine.py" not in swc("compile", spec, "-o", "out").output
    assert generated.with_name("mine.py").exists()


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_link_to_nothing_is_not_written_through(swc: Swc, spec: Path, tmp_path: Path, force: tuple[str, ...]) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "tiny.py").symlink_to(tmp_path / "outside.py")
    result = swc("compile", spec, "-o", "out", *force)
    assert result.exit_code == 1
    assert "SW0801" in result.output
    assert not (tmp_path / "outside.py").exists()
    assert swc("compile", spec, "-o", "out", "--check").exit_code == 1


def test_a_link_to_a_generated_file_is_written_through(swc: Swc, spec: Path, generated: Path, tmp_path: Path) -> None:
    shutil.move(generated, tmp_path / "elsewhere.py")
    generated.symlink_to(tmp_path / "elsewhere.py")
    spec.write_text(spec.read_text().replace("widen=2", "widen=3"))
    assert swc("compile", spec, "-o", "out").exit_code == 0
    assert generated.is_symlink()
    assert state_of(tmp_path / "elsewhere.py") is Authorship.SWC


def test_the_place_says_nothing_of_the_machine(spec: Path, tmp_path: Path) -> None:
    assert place_of(spec, tmp_path / "out") == "../tiny.sw"
    assert place_of(spec, tmp_path) == "tiny.sw"
    assert place_of(spec, Path("/nowhere/out")) is None
    (tmp_path / "again").symlink_to(tmp_path)
    assert place_of(tmp_path / "again" / "tiny.sw", tmp_path / "out") == "../tiny.sw"
    text = compile_spec(spec).text(tmp_path / "out")
    assert str(tmp_path) not in text
    assert text.split("\n")[1].startswith("# text ")


@pytest.mark.parametrize("place", [None, "../a.sw", "../a b.sw", "ü/new\nline;.sw", "x" * 200, "\udcff.sw"])
def test_the_seal_is_read_as_it_was_written(place: str | None) -> None:
    text = sealed("# one\ntwo\n", place)
    found = unsealed(text.encode())
    assert found.is_intact
    assert found.text == "# one\ntwo\n"
    assert found.seal is not None
    assert found.seal.place == (None if place == "x" * 200 else place)
    assert max(map(len, text.split("\n"))) <= 120


def test_output_is_the_same_from_any_folder(spec: Path, tmp_path: Path) -> None:
    texts = set()
    for folder in (tmp_path, tmp_path.parent):
        out = tmp_path / "out"
        arguments = ["compile", os.path.relpath(spec, folder), "-o", os.path.relpath(out, folder)]
        subprocess.run([sys.executable, "-m", "swc", *arguments], cwd=folder, check=True, capture_output=True)
        texts.add((out / "tiny.py").read_bytes())
        shutil.rmtree(out)
    assert len(texts) == 1
