"""What happened in a training, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from swc_runtime.evaluation import Evaluation
from swc_runtime.refinement import RefinementSummary
from swc_runtime.training.session import EpochRecord


@dataclass(frozen=True)
class History:
    """The epochs of a training, what refinement did, and how good the family is in the end.

    ``tests`` holds the evaluations during training, by the number of epochs trained.
    """

    epochs: tuple[EpochRecord, ...] = ()
    refinement: RefinementSummary | None = None
    tests: Mapping[int, Evaluation] = field(default_factory=dict)
    evaluation: Evaluation | None = None

    def with_epoch(self, record: EpochRecord) -> History:
        """One epoch more."""
        return replace(self, epochs=(*self.epochs, record))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "epochs": [asdict(record) for record in self.epochs],
            "refinement": self.refinement.to_json() if self.refinement else None,
            "tests": {str(epoch): test.to_json() for epoch, test in self.tests.items()},
            "evaluation": self.evaluation.to_json() if self.evaluation else None,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> History:
        """The inverse of ``to_json``."""
        refinement, evaluation = content["refinement"], content["evaluation"]
        return cls(
            epochs=tuple(EpochRecord(**record) for record in content["epochs"]),
            refinement=RefinementSummary.from_json(refinement) if refinement else None,
            tests={int(epoch): Evaluation.from_json(test) for epoch, test in content["tests"].items()},
            evaluation=Evaluation.from_json(evaluation) if evaluation else None,
        )
