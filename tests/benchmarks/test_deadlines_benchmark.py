"""The benchmark of deadlines: its figures are what its calls were, and all ways are asked for what they promise."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from swc_runtime import Frontier, FrontierPoint, Timely

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "deadlines.py"
FRONTIER = Frontier(
    "cpu",
    1,
    1,
    "val",
    ("a", "b", "c", "d"),
    (
        FrontierPoint(("slim",), 1, 1.0, 2.0, 9.0, top1=0.8, nll=0.5, ece=0.1),
        FrontierPoint(("deep",), 1, 4.0, 6.0, 8.0, top1=0.9, nll=0.4, ece=0.1),
    ),
)


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    found = importlib.util.spec_from_file_location("deadlines_benchmark", SCRIPT)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["deadlines_benchmark"] = module  # dataclasses look their module up
    found.loader.exec_module(module)
    return module


def test_figures_are_what_the_calls_were(benchmark: ModuleType) -> None:
    row = benchmark.Row("deadline_ms", 2, 0, 5.0, [1.0, 4.0, 5.0, 7.5], [("slim",), ("deep",), (), ("deep",)])
    figures = row.figures(FRONTIER)
    assert (figures["calls"], figures["missed"], figures["worst_overrun_ms"]) == (4, 0.25, 2.5)
    assert (figures["p50_ms"], figures["p99_ms"]) == (4.0, 7.5)
    assert (figures["members"], figures["without_answer"]) == (0.75, 0.25)
    assert figures["expected_top1"] == pytest.approx((0.8 + 0.9 + 0.25 + 0.9) / 4)  # chance of four classes


class Asked:
    """A family that remembers what it was asked for."""

    frontier = FRONTIER

    def __init__(self) -> None:
        self.calls: list[dict[str, object]] = []

    def predict(self, x: torch.Tensor, **how: object) -> object:
        self.calls.append(how)
        return Timely(x, ("slim",)) if "deadline_ms" in how else x


def test_every_way_is_asked_for_what_it_promises(benchmark: ModuleType) -> None:
    family = Asked()
    ways = benchmark.ways(family, 5.0)
    x = torch.zeros(1)
    assert {name: answer(x) for name, answer in ways.items()} == {
        "budget_ms, p50": ("deep",),
        "budget_ms, p95": ("slim",),
        "budget_ms, p99": ("deep",),  # nothing fits: the one whose p99 is lowest
        "deadline_ms": ("slim",),
        "sleep": (),
    }
    assert family.calls == [
        {"members": ("deep",)},
        {"members": ("slim",)},
        {"members": ("deep",)},
        {"deadline_ms": 5.0},
    ]


def test_all_callers_make_all_calls(benchmark: ModuleType) -> None:
    row = benchmark.Row("x", 3, 0, 5.0)
    benchmark.block(lambda x: (str(int(x[0])),), torch.arange(4), row, 6)
    assert len(row.took_ms) == 18
    assert sorted(row.used) == sorted([(str(n % 4),) for n in range(6)] * 3)
