"""What a machine or a batch does not allow, told in a sentence instead of a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from swc_runtime.datasets.reading import reader_deaths
from swc_runtime.memory import is_out_of_memory
from swc_runtime.problems import TrainingError

_ONE_VALUE = ("more than 1 value per channel", "more than 1 spatial element")


@contextmanager
def limits() -> Iterator[None]:
    """Say what to do when memory is full, a batch is too small for its norms, or a process that reads images dies.

    Raises:
        TrainingError: instead of what torch raises then.
        DataError: of processes that read.
    """
    try:
        with reader_deaths():
            yield
    except (RuntimeError, ValueError, MemoryError) as problem:
        if is_out_of_memory(problem):
            raise _full(problem) from problem
        text = str(problem).lower()
        if any(part in text for part in _ONE_VALUE):
            raise TrainingError(
                "A batch norm needs more than one number per channel to train on, and this batch gives it one: where "
                "images have shrunk to a single pixel, or are vectors, each device needs 2 images per step or more "
                "(--batch, and --limit, which a batch never exceeds)."
            ) from problem
        raise


def _full(problem: BaseException) -> TrainingError:
    said = str(problem).strip().splitlines()
    what = f" ({said[0][:200]})" if said else ""
    return TrainingError(
        f"There is too little memory{what}: choose a smaller batch (--batch), bf16-mixed precision or more devices."
    )
