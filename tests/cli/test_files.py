"""Files are written whole or not at all."""

import os
from pathlib import Path

import pytest

from swc.files import write_atomically


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.py"
    write_atomically(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["a.py"]


def test_an_interrupt_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "sub" / "a.py", "new")
    assert os.listdir(tmp_path / "sub") == []


def test_the_same_content_keeps_the_time_stamp_and_another_keeps_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    write_atomically(path, "text")
    path.chmod(0o640)
    os.utime(path, (1, 1))
    write_atomically(path, "text")
    assert path.stat().st_mtime == 1
    write_atomically(path, "other")
    assert path.stat().st_mtime != 1
    assert path.stat().st_mode & 0o777 == 0o640


def test_new_files_follow_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a.py", "text")
    finally:
        os.umask(old)
    assert (tmp_path / "a.py").stat().st_mode & 0o777 == 0o640


def test_errors_name_the_file_that_was_to_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / ".some.tmp"))

    monkeypatch.setattr("tempfile.mkstemp", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_atomically(tmp_path / "plan.svg", "text")
    assert caught.value.filename == str(tmp_path / "plan.svg")


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    with pytest.raises(NotADirectoryError, match="a folder is needed") as caught:
        write_atomically(tmp_path / "taken" / "plan.svg", "text")
    assert caught.value.filename == str(tmp_path / "taken")
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"
