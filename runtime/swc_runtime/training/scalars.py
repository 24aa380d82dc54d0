"""Scalars for TensorBoard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from swc_runtime.evaluation import Evaluation
from swc_runtime.problems import TrainingError
from swc_runtime.training.session import EpochRecord


class Scalars:
    """Writes one point per epoch to ``folder``, or nothing where there is no folder."""

    def __init__(self, folder: Path | None, *, first_epoch: int) -> None:
        self._writer = None
        if folder is not None:
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - slow to import

            with _told(folder):
                if first_epoch == 0:
                    _clear(folder)
                # What a stopped run wrote beyond its last checkpoint is hidden.
                self._writer = SummaryWriter(str(folder), purge_step=first_epoch + 1)
        self._folder = folder

    def epoch(self, record: EpochRecord) -> None:
        """Losses and learning rate of an epoch."""
        self._add("train/loss", record.loss, record.epoch + 1)
        self._add("train/lr", record.lr, record.epoch + 1)
        for name, loss in record.members.items():
            self._add(f"train/loss/{name}", loss, record.epoch + 1)

    def test(self, evaluation: Evaluation, epochs: int) -> None:
        """Scores of each member and of the ensemble after ``epochs`` epochs."""
        rows = {name: evaluation.score([name]) for name in evaluation.members} | {"ensemble": evaluation.ensemble}
        for name, score in rows.items():
            self._add(f"test/top1/{name}", score.top1, epochs)
            self._add(f"test/nll/{name}", score.nll, epochs)
            self._add(f"test/ece/{name}", score.ece, epochs)

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None and self._folder is not None:
            with _told(self._folder):
                self._writer.close()

    def _add(self, tag: str, value: float, epoch: int) -> None:
        if self._writer is not None and self._folder is not None:
            with _told(self._folder):
                self._writer.add_scalar(tag, value, epoch)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise TrainingError(
            f"TensorBoard's events could not be written to {folder}: {problem.strerror or problem}. Make room or "
            "choose another folder; the last checkpoint is kept."
        ) from problem


def _clear(folder: Path) -> None:
    """Remove the events of an earlier run in the same folder: two runs in one curve mislead."""
    for old in folder.glob("events.out.tfevents.*"):
        old.unlink()
