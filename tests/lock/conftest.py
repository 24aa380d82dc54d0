"""The command line in an empty folder that holds a small spec, and the lock file of a made-up search."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from locked_family import ARCH, COSINES, LAYERS, SPEC

from swc.cli import main
from swc.compiler import LockChoice, compile_spec
from swc.pipeline.search import lock_of, save
from swc_runtime.search_result import Pool, SearchResult, regroup

Swc = Callable[..., Result]


@pytest.fixture
def swc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Swc:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "two.sw").write_text(SPEC, encoding="utf-8")
    (tmp_path / "net.sw").write_text(ARCH, encoding="utf-8")

    def run(*arguments: str | Path) -> Result:
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def locked(swc: Swc, tmp_path: Path) -> Path:
    """The lock file of a search at τ = 0.5, and its similarities."""
    assert swc is not None
    cosines = {pair: COSINES.get(pair, -0.1) for pair in combinations(LAYERS, 2)}
    pools = (Pool("conv3x3", LAYERS, cosines),)
    result = SearchResult(pools, regroup(pools, 0.5), 0.5, 0.5, 1, 7)
    compiled = compile_spec(tmp_path / "two.sw", LockChoice(ignored=True))
    path = tmp_path / "two.lock"
    save(path, lock_of(compiled, result, "digits"), result)
    return path
