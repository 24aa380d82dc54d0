"""Small families in text, and a git repository of theirs."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diff_specs import SPEC

from swc.diff.compare import compare
from swc.diff.model import Difference
from swc.diff.side import Side, load_side

Compare = Callable[..., Difference]


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def spec_text() -> str:
    return SPEC


@pytest.fixture
def side(tmp_path: Path) -> Callable[[str, str], Side]:
    """A side from a spec's text."""

    def make(text: str, name: str) -> Side:
        path = tmp_path / f"{name}.sw"
        path.write_text(text, encoding="utf-8")
        return load_side(path, path.name)

    return make


@pytest.fixture
def edited(side: Callable[[str, str], Side]) -> Compare:
    """The difference that replacing pieces of the spec makes."""

    def make(*replacements: tuple[str, str]) -> Difference:
        text = SPEC
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        return compare(side(SPEC, "old"), side(text, "new"))

    return make


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """An empty repository in the folder; call with files and their contents to commit them (None removes one)."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    git("init", "-q", "-b", "main")

    def commit(**files: str | None) -> None:
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        git("add", "-A")
        git("commit", "-q", "--allow-empty", "-m", "next")

    return commit
