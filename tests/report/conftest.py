"""The command line, run in process in an empty folder, and a spec to run it on."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from report_families import SPEC

from swc.cli import main

Swc = Callable[..., Result]


@pytest.fixture
def swc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Swc:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: str | Path) -> Result:
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "trio.sw"
    path.write_text(SPEC, encoding="utf-8")
    return path
