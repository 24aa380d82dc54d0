"""Reading by several processes: what a death of one of them means is said in a sentence."""

from __future__ import annotations

import re
import signal
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from swc_runtime.datasets.sources import Source
from swc_runtime.problems import DataError

_DEATH = "DataLoader worker"
"""How torch begins its sentences on a process that died."""

_HEARD_WITHIN = 2.0
"""Seconds in which a signal that is under way arrives."""


@dataclass(frozen=True)
class SourceSplit:
    """Images of a source at ``indices`` (N,), with ``labels`` (N,) int64, read anew by ``workers`` each time."""

    source: Source
    indices: Tensor
    labels: Tensor
    shape: tuple[int, int, int]
    workers: int = 2

    def __len__(self) -> int:
        return len(self.indices)

    def subset(self, indices: Tensor) -> SourceSplit:
        """The images at ``indices`` (n,), in that order."""
        return replace(self, indices=self.indices[indices], labels=self.labels[indices])

    def to(self, device: torch.device) -> SourceSplit:  # noqa: ARG002 - images stay where they are
        """The split itself."""
        return self

    def __getitem__(self, index: int) -> tuple[Tensor, int, str]:
        """One image (C, H, W) uint8, its label, and what is wrong with it ("" if nothing)."""
        label = int(self.labels[index])
        try:
            return self.source.read(int(self.indices[index])), label, ""
        except DataError as problem:
            return torch.zeros(self.shape, dtype=torch.uint8), label, str(problem)

    def stream(self, batches: Iterable[Tensor], device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        """For each (b,) of indices, on ``device``: images (b, C, H, W) uint8 and labels (b,) int64.

        Raises:
            DataError: an image can no longer be read, or a process that reads was killed.
        """
        order = [indices.tolist() for indices in batches]
        for images, labels, problems in in_workers(self, order, self.workers, pin=device.type == "cuda"):
            for problem in filter(None, problems):
                raise DataError(f"Since the data set was checked, an image has changed. {problem}")
            yield images.to(device, non_blocking=True), labels.to(device, non_blocking=True)


def in_workers(
    items: Any,
    batches: list[list[int]],
    workers: int,
    *,
    collate: Callable[[list[Any]], Any] | None = None,
    pin: bool = False,
) -> Iterator[Any]:
    """``items[index]`` for each batch of indices, in order, collated; read ahead by processes (none: in this one).

    Raises:
        DataError: a process died.
    """
    loader: DataLoader[Any] = DataLoader(
        items,
        batch_sampler=batches,
        num_workers=min(workers, len(batches)),
        pin_memory=pin,
        collate_fn=collate,
        worker_init_fn=_prepare,
        generator=torch.Generator(),  # whether and how images are read moves no random number of the training
    )
    with reader_deaths():
        images = iter(loader)
        try:
            yield from images
        except (OSError, EOFError) as problem:
            # A process that dies while it hands over shared memory breaks a connection first; torch hears of its death
            # by a signal, and says so as an error wherever the program is then: it is awaited here.
            time.sleep(_HEARD_WITHIN)
            raise RuntimeError(f"{_DEATH} exited unexpectedly: {problem}") from problem
        finally:
            # At once: as long as an error is looked at, its traceback would keep the processes alive.
            getattr(images, "_shutdown_workers", lambda: None)()


def _prepare(_: int) -> None:
    """Leave Ctrl-C, which reaches all processes of a terminal, to the leading one; pass over Pillow's warnings."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.filterwarnings("ignore", module=r"PIL\.")


@contextmanager
def reader_deaths() -> Iterator[None]:
    """Say in a sentence that a reading process died. Torch raises that wherever the program happens to be.

    Raises:
        DataError: a reading process died.
    """
    try:
        yield
    except RuntimeError as problem:
        said = [str(one) for one in _causes(problem)]
        if not any(re.match(f"{_DEATH} .*(killed|exited)", text) for text in said):
            raise
        how = next((found[1] for text in said if (found := re.search(r"killed by signal: ([^.]*)", text))), "")
        raise DataError(
            f"A process that reads images died{f' ({how})' if how else ''}: memory, or shared memory (/dev/shm), has "
            "run out, or somebody ended it. Use fewer of them (--workers; 0 reads in the training process itself)."
        ) from problem


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """A problem, and what it was raised from or while handling."""
    found: BaseException | None = problem
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__
