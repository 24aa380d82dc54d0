"""Scalars for TensorBoard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from swc_runtime.evaluation import Evaluation, Score
from swc_runtime.problems import TrainingError
from swc_runtime.training.session import EpochRecord

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class Scalars:
    """Writes one point per epoch to ``folder``, which is made for the first; nothing where there is no folder."""

    def __init__(self, folder: Path | None, *, first_epoch: int) -> None:
        self._folder = folder
        self._open: SummaryWriter | None = None
        self._first = first_epoch
        if folder is not None and first_epoch == 0:
            with _told(folder):
                _clear(folder)

    def epoch(self, record: EpochRecord) -> None:
        """Losses and learning rate of an epoch, and its scores on the held-out images."""
        self._add("train/loss", record.loss, record.epoch + 1)
        self._add("train/lr", record.lr, record.epoch + 1)
        for name, loss in record.members.items():
            self._add(f"train/loss/{name}", loss, record.epoch + 1)
        if record.val is not None:
            self._scores("val", record.val.ensemble, record.val.members, record.epoch + 1)

    def test(self, evaluation: Evaluation, epochs: int) -> None:
        """Scores of each member and of all together on the test images, after ``epochs`` epochs."""
        members = {name: evaluation.score([name]) for name in evaluation.members}
        self._scores("test", evaluation.ensemble, members, epochs)

    def _scores(self, split: str, ensemble: Score, members: Mapping[str, Score], epochs: int) -> None:
        for kind in ("top1", "nll", "ece"):
            self._add(f"{split}/{kind}", getattr(ensemble, kind), epochs)
            for name, score in members.items():
                self._add(f"{split}/{kind}/{name}", getattr(score, kind), epochs)

    def close(self) -> None:
        """Write what is left."""
        if self._open is not None and self._folder is not None:
            with _told(self._folder):
                self._open.close()

    def _add(self, tag: str, value: float, epoch: int) -> None:
        if self._folder is not None:
            with _told(self._folder):
                self._writer(self._folder).add_scalar(tag, value, epoch)

    def _writer(self, folder: Path) -> SummaryWriter:
        if self._open is None:
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - slow to import

            # What a stopped run wrote beyond its last checkpoint is hidden.
            self._open = SummaryWriter(str(folder), purge_step=self._first + 1)
        return self._open


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
