"""The command line for all tests, run in process in an empty folder."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from swc.cli import main

# A shell lets what it starts in the background ignore interrupts, and that is inherited by all that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def swc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command in ``tmp_path``; what no command may raise is raised here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: str | Path) -> Result:
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run
