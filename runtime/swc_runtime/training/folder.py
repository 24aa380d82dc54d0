"""A run's folder: what lies in it, whose it is while a run lasts, and when another run may take it over."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from swc_runtime.checkpoint import read_metadata
from swc_runtime.problems import CheckpointError, TrainingError
from swc_runtime.training.curves import CURVES
from swc_runtime.training.history import History

LAST = "last.safetensors"
"""The state after the last finished epoch, for resuming."""

BEST = "best.safetensors"
"""The family after the epoch with the lowest NLL on the held-out images."""

FINAL = "family.safetensors"
"""The trained family."""

TENSORBOARD = "tensorboard"

LOCK = ".swc.lock"
"""Held while a run lasts; the system lets go of it when the process ends, however it ends."""

_OF_A_RUN = (LAST, BEST, FINAL, CURVES, "frontier.json", "anytime.png")


_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
"""What file systems without locks answer."""


@contextmanager
def occupied(folder: Path, say: Callable[[str], None] = lambda _: None) -> Iterator[None]:
    """Keep every other run out of a folder while the context lasts; one process may do so several times over.

    Where the file system has no locks, that is left to the person, who is told (``say``).

    Raises:
        TrainingError: another run has it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.resolve() / LOCK, timeout=0, is_singleton=True)
        lock.acquire()
    except Timeout as problem:
        raise TrainingError(
            f"{folder} is in use: another run of swc trains or searches in it. Wait until that one has ended, stop it, "
            "or name another folder with --run."
        ) from problem
    except OSError as problem:
        if problem.errno not in _NO_LOCKS:
            raise TrainingError(
                f"{folder} cannot be used for a run: {problem.strerror or problem}. Choose another folder (--run)."
            ) from problem
        say(f"{folder} lies on a file system without locks: see to it that no other run uses it meanwhile")
        yield
        return
    try:
        yield
    finally:
        lock.release()


def check_free(folder: Path) -> None:
    """See that a folder holds no run that a new one would replace.

    Raises:
        TrainingError: that run is still going on.
        CheckpointError: it is not; the message says how to go on with that one, and how to replace it.
    """
    problem = _run_in(folder)
    if problem is not None:
        with occupied(folder):  # a run that still trains there cannot be gone on with, nor replaced
            raise problem


def _run_in(folder: Path) -> CheckpointError | None:
    """What is to be said of the run that a folder holds; None where it holds none."""
    otherwise = "--fresh to replace it, or name another folder with --run"
    for name in (LAST, FINAL):
        path = folder / name
        if not path.is_file():
            continue
        try:
            metadata = read_metadata(path)
            family, total = metadata["family"], metadata["training"]["epochs"]
            history = History.from_json(metadata["history"])
            first = ([0] + metadata["training"]["legs"])[-2]
            stopped = name == LAST and len(history.epochs) < total
            stopped = stopped and not history.waited(metadata["training"]["patience"], first)
        except (CheckpointError, KeyError, TypeError, ValueError, AttributeError, IndexError) as problem:
            why = problem if isinstance(problem, CheckpointError) else f"{path} does not say how it was trained."
            return CheckpointError(f"{folder} holds a run that cannot be gone on with: {why} Add {otherwise}.")
        if stopped or not (folder / FINAL).is_file():
            state = f"was stopped after epoch {len(history.epochs)} of {total}"
            return CheckpointError(
                f"{folder} holds a training of {family} that {state}. Add --resume to go on with it, {otherwise}."
            )
        return CheckpointError(f"{folder} holds a finished training of {family}. Add {otherwise}.")
    return None


def clear(folder: Path) -> None:
    """Remove what a run left in a folder, so that nothing of it is taken for the next one's.

    Raises:
        TrainingError: a file cannot be removed.
    """
    try:
        for name in _OF_A_RUN:
            (folder / name).unlink(missing_ok=True)
    except OSError as problem:
        raise TrainingError(
            f"{problem.filename} cannot be removed: {problem.strerror}. Choose another folder (--run)."
        ) from problem
