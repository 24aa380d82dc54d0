"""Batches that cannot fit into main memory are refused before the system ends the program for them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from handmade import Mini
from torch import Tensor, nn

from swc_runtime import footprint
from swc_runtime.memory import BatchMemoryError
from swc_runtime.serving import prediction

LIMIT = "A batch of 2,000 takes more memory than cpu has free: predict in smaller batches"


def test_an_example_takes_what_goes_into_the_largest_operation_and_what_comes_out() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.Conv2d(16, 4, 3, padding=1), nn.Flatten(), nn.Linear(256, 2000)
    )
    floats = max(64 + 16 * 64, 16 * 64 + 4 * 64, 4 * 64 + 2000)  # large weights, such as those of the last, count once
    assert footprint.bytes_per_example(network, torch.randn(3, 1, 8, 8)) == 4 * floats


def test_memory_that_is_written_in_place_counts_once() -> None:
    def network(x: Tensor) -> Tensor:
        y = torch.add(x, 1)
        return y.relu_()

    assert footprint.bytes_per_example(network, torch.randn(2, 10)) == 4 * 20


@pytest.mark.parametrize("deadline", [None, 60_000.0])
def test_what_cannot_fit_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch, deadline: float | None) -> None:
    family, x = Mini().eval(), torch.zeros(1, 1, 8, 8).expand(2000, 1, 8, 8)
    need = 2000 * footprint.bytes_per_example(family.members["wide"], x)
    monkeypatch.setattr(prediction, "_LARGE", 2000 * 64 * 4 - 1)
    monkeypatch.setattr(prediction, "available", lambda: need - 1)
    with pytest.raises(BatchMemoryError, match=LIMIT):
        family.predict(x, members=["wide"], deadline_ms=deadline)
    monkeypatch.setattr(prediction, "available", lambda: need)
    family.predict(x, members=["wide"], deadline_ms=deadline)
    monkeypatch.setattr(prediction, "available", lambda: None)  # the system does not tell
    family.predict(x, members=["wide"], deadline_ms=deadline)
    monkeypatch.setattr(prediction, "available", lambda: 0)
    family.predict(x[:1999], members=["wide"], deadline_ms=deadline)  # not worth looking


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ({}, 5000 * 1024),
        ({"memory.max": "max\n", "memory.current": "1000\n"}, 5000 * 1024),
        ({"memory.max": "4000000\n", "memory.current": "3000000\n"}, 1_000_000),
        (
            {
                "memory.max": "4000000\n",
                "memory.current": "3000000\n",
                "memory.stat": "anon 7\nactive_file 500\nfile 9\n",
            },
            1_000_500,
        ),
        ({"memory.max": "1000\n", "memory.current": "3000\n"}, 0),
        ({"memory.max": "99000000000\n", "memory.current": "1\n"}, 5000 * 1024),
    ],
)
def test_what_is_available_is_what_system_and_container_leave(
    group: dict[str, str], expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "meminfo").write_text("MemTotal:  9000 kB\nMemAvailable:    5000 kB\nHugePages_Free: 0\n")
    for name, text in group.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(footprint, "_SYSTEM", tmp_path / "meminfo")
    monkeypatch.setattr(footprint, "_GROUP", tmp_path)
    assert footprint.available() == expected


def test_systems_that_do_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footprint, "_SYSTEM", tmp_path / "none")
    monkeypatch.setattr(footprint, "_GROUP", tmp_path)
    assert footprint.available() is None
