"""The benchmarks about plans run, and the page they write is in step with the planner."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _benchmark(name: str) -> ModuleType:
    found = importlib.util.spec_from_file_location(f"benchmark_{name}", ROOT / "benchmarks" / f"{name}.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_budgets_page_is_in_step() -> None:
    page = (ROOT / "docs" / "budgets.md").read_text(encoding="utf-8")
    assert page == _benchmark("plan_table").document(), "run python benchmarks/plan_table.py"
    for percent in ("0.5%", "1%", "2%", "5%", "10%", "25%", "50%", "100%", "300%"):
        assert f"\n| {percent} | " in page
        assert f"\n## {percent}\n" in page


@pytest.mark.parametrize("kind", ["wrn", "mixed"])
def test_the_families_of_the_scale_benchmark_compile(kind: str) -> None:
    found = _benchmark("plan_scale").measure(kind, 3, 20, 50)
    assert 45 <= found["layers"] <= 65
    assert 0.99 <= found["used"] <= 1
    assert found["characters"] > 1000
