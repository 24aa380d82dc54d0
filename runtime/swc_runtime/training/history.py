"""What happened in a training, as plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from swc_runtime.evaluation import Evaluation
from swc_runtime.refinement import RefinementSummary
from swc_runtime.training.session import EpochRecord
from swc_runtime.training.validation import Validation


@dataclass(frozen=True)
class History:
    """The epochs of a training, what refinements did, and how good the family is in the end (on the test images)."""

    epochs: tuple[EpochRecord, ...] = ()
    refinements: tuple[RefinementSummary, ...] = ()
    evaluation: Evaluation | None = None

    @property
    def refinement(self) -> RefinementSummary | None:
        """What the last refinement did."""
        return self.refinements[-1] if self.refinements else None

    @property
    def best(self) -> int | None:
        """The index of the epoch with the lowest NLL of all members on the held-out images; of equals, the first.

        None where no epoch was scored.
        """
        losses = [_loss(record) for record in self.epochs]
        return losses.index(min(losses)) if any(record.val for record in self.epochs) else None

    def waited(self, patience: int | None, first: int = 0) -> bool:
        """Whether that many epochs in a row, of those from ``first`` on, have passed without a better one."""
        if patience is None or self.best is None:
            return False
        return len(self.epochs) - 1 - max(self.best, first - 1) >= patience

    def with_epoch(self, record: EpochRecord) -> History:
        """One epoch more."""
        return replace(self, epochs=(*self.epochs, record))

    def with_scores(self, scores: Validation) -> History:
        """The scores of the last epoch."""
        return replace(self, epochs=(*self.epochs[:-1], replace(self.epochs[-1], val=scores)))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "epochs": [asdict(record) for record in self.epochs],
            "refinements": [summary.to_json() for summary in self.refinements],
            "evaluation": self.evaluation.to_json() if self.evaluation else None,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> History:
        """The inverse of ``to_json``; KeyError, TypeError or ValueError where the content is something else."""
        evaluation = content["evaluation"]
        epochs = tuple(_record(entry) for entry in content["epochs"])
        if [record.epoch for record in epochs] != list(range(len(epochs))):
            raise ValueError("the epochs are not numbered one after the other")
        return cls(
            epochs=epochs,
            refinements=tuple(RefinementSummary.from_json(summary) for summary in content["refinements"]),
            evaluation=Evaluation.from_json(evaluation) if evaluation else None,
        )


def _loss(record: EpochRecord) -> float:
    """What is compared; an NLL that is no number is worse than any other."""
    nll = record.val.ensemble.nll if record.val else math.inf
    return math.inf if math.isnan(nll) else nll


def _record(content: Mapping[str, Any]) -> EpochRecord:
    epoch = content["epoch"]
    if not isinstance(epoch, int):
        raise TypeError(f"{epoch!r} is no number of an epoch")
    return EpochRecord(
        epoch=epoch,
        loss=float(content["loss"]),
        members={str(name): float(loss) for name, loss in content["members"].items()},
        lr=float(content["lr"]),
        seconds=float(content["seconds"]),
        val=Validation.from_json(content["val"]) if content["val"] is not None else None,
    )
