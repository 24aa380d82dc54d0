"""A folder with a small spec, and the lock file of a made-up search."""

from itertools import combinations
from pathlib import Path

import pytest
from locked_family import ARCH, COSINES, LAYERS, SPEC

from swc.compiler import LockChoice, compile_spec
from swc.pipeline.search import lock_of, save
from swc_runtime.search_result import Pool, SearchResult, regroup


@pytest.fixture(autouse=True)
def _spec(tmp_path: Path) -> None:
    (tmp_path / "two.sw").write_text(SPEC, encoding="utf-8")
    (tmp_path / "net.sw").write_text(ARCH, encoding="utf-8")


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """The lock file of a search at τ = 0.5, and its similarities."""
    cosines = {pair: COSINES.get(pair, -0.1) for pair in combinations(LAYERS, 2)}
    pools = (Pool("conv3x3", LAYERS, cosines),)
    result = SearchResult(pools, regroup(pools, 0.5), 0.5, 0.5, 1, 7)
    compiled = compile_spec(tmp_path / "two.sw", LockChoice(ignored=True))
    path = tmp_path / "two.lock"
    save(path, lock_of(compiled, result, "digits", None), result)
    return path
