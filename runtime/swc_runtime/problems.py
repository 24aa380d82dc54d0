"""Problems that a person can cause and mend: every message is complete, and stands for itself without a traceback."""

from __future__ import annotations

from pathlib import Path


class RuntimeProblem(Exception):  # noqa: N818 - what people do wrong is a problem; an "error" would be the program's
    """Base of everything that training, measuring and loading tell a person: what was found, and what to do."""


class DataError(RuntimeProblem):
    """A data set is missing, damaged, or does not fit the family."""


class CheckpointError(RuntimeProblem):
    """A checkpoint cannot be read, written, or belongs to another family or training."""


class TrainingError(RuntimeProblem):
    """Training cannot start or go on."""


class FamilyError(RuntimeProblem):
    """A generated file (``path``) is missing, does not load, or defines no family of its own; ``why`` says which."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is not a generated family: {why}. Name a file that `swc compile` wrote.")
        self.path = path
        self.why = why


class ExportError(RuntimeProblem):
    """A family cannot be exported as asked, or what was exported does not do what the family does."""


class PredictionError(RuntimeProblem):
    """A family cannot be asked as a person wants it."""


class ThreadProblem(RuntimeProblem):
    """What one thread asks for cannot go together with what another one is doing."""


class SharedWeightError(RuntimeProblem):
    """A shared layer's weight is not its own, and cannot be had as a tool of torch wants it."""
