"""Processes that read images: what their deaths come to, and that nothing stays behind."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from train_families import Tiny

from swc_runtime.datasets import Dataset, Normalisation, SourceSplit
from swc_runtime.datasets.checking import checked_dataset
from swc_runtime.datasets.kind import Request
from swc_runtime.datasets.sources import Examined
from swc_runtime.evaluation import evaluate
from swc_runtime.problems import DataError
from swc_runtime.training import TrainOptions, train

# Where a reader dies while it sends, torch opens files to see whether it may, and leaves them to be collected.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

COUNT = 96
SHAPE = (1, 8, 8)


@dataclass(frozen=True)
class Deadly:
    """Noise; the process that reads the image ``poison`` dies by ``signal``, unless it is the training's own."""

    poison: int
    signal: int
    home: int

    def __len__(self) -> int:
        return COUNT

    def name(self, index: int) -> str:
        return str(index)

    def read(self, index: int) -> torch.Tensor:
        if index == self.poison and os.getpid() != self.home:
            os.kill(os.getpid(), self.signal)
        return torch.randint(0, 256, SHAPE, generator=torch.Generator().manual_seed(index), dtype=torch.uint8)

    def state(self) -> None:
        return None

    def examine(self, index: int) -> Examined:
        return Examined(self.read(index), str(index).encode())


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """What was left is collected here, not in a test that comes later."""
    yield
    gc.collect()


def deadly(poison: int = 50, how: int = signal.SIGKILL) -> Deadly:
    return Deadly(poison, how, os.getpid())


def data_set(source: Deadly, workers: int) -> Dataset:
    labels = torch.arange(COUNT) % 10
    split = SourceSplit(source, torch.arange(COUNT), labels, SHAPE, workers)
    names = tuple(map(str, range(10)))
    return Dataset("deadly", split, split, SHAPE, 10, Normalisation((0.5,), (0.3,)), names, "0" * 16)


DIED = (
    r"^A process that reads images died \(Killed\): memory, or shared memory \(/dev/shm\), has run out, or .*--workers"
)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_death_while_images_are_checked_is_one_sentence(workers):
    request = Request("", Path(), SHAPE, 10, workers=workers)
    labels = {part: [n % 10 for n in range(COUNT)] for part in ("train", "test")}
    parts = {"train": deadly(), "test": deadly(-1)}
    with pytest.raises(DataError, match=DIED) as caught:
        checked_dataset("deadly", parts, labels, tuple(map(str, range(10))), request)
    assert "\n" not in str(caught.value)
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("poison", [0, 90])
def test_a_death_while_a_family_trains_is_one_sentence(poison):
    with pytest.raises(DataError, match=DIED):
        train(Tiny(), data_set(deadly(poison), 2), TrainOptions(accelerator="cpu", epochs=50, batch=8, val=0))
    assert multiprocessing.active_children() == []


def test_a_death_while_a_family_is_scored_is_one_sentence():
    with pytest.raises(DataError, match=DIED):
        evaluate(Tiny(), data_set(deadly(), 1), batch=16)


def test_the_training_s_own_process_reads_without_others():
    assert evaluate(Tiny(), data_set(deadly(), 0)).images == COUNT


def test_other_errors_of_the_runtime_pass():
    class Wrong(Deadly):
        def read(self, index: int) -> torch.Tensor:
            raise RuntimeError(f"a mistake of the program at {index}")

    wrong = Wrong(0, 0, 0)
    for workers in (0, 1):
        with pytest.raises(RuntimeError, match="a mistake of the program"):
            evaluate(Tiny(), data_set(wrong, workers))


def test_a_request_for_more_than_there_is_uses_no_more():
    """With more processes than batches, none is started for nothing."""
    split = data_set(deadly(-1), 8).train
    batches = split.stream([torch.arange(4), torch.arange(4)], torch.device("cpu"))
    assert max(len(multiprocessing.active_children()) for _ in batches) == 2
    assert multiprocessing.active_children() == []
