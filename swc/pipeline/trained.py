"""A trained family as commands find it: its generated file, its checkpoint, and the data that it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from swc.pipeline.modules import load_family_class
from swc.pipeline.settings import Run

if TYPE_CHECKING:
    from swc_runtime import Family
    from swc_runtime.datasets import Dataset
    from swc_runtime.evaluation import Evaluation


@frozen(eq=False)
class Trained:
    """A family with the weights of a checkpoint, on the device of the run, and what the checkpoint says of itself."""

    family: Family
    checkpoint: Path
    metadata: Mapping[str, Any]

    def data(self, run: Run) -> Dataset:
        """The data set of the run, with the images held out that the training held out, where it is the training's.

        Raises:
            DataError: it is missing, damaged or does not fit the family.
            CheckpointError: its classes are not those of the training.
        """
        return self.as_in_training(run.data.load(self.family))

    def as_in_training(self, data: Dataset) -> Dataset:
        """A data set, with the images held out that the training held out, where it is the training's.

        Raises:
            CheckpointError: its classes are not those of the training.
        """
        from swc_runtime.training import check_classes  # noqa: PLC0415 - torch is loaded for running only

        check_classes(self.checkpoint, self.metadata, data)
        trained_on = self.metadata["data"]
        if trained_on["val"] is not None and trained_on["identity"] == data.identity:
            return data.held_out(trained_on["val"]["fraction"], trained_on["val"]["seed"])
        return data


def load_trained(path: Path, checkpoint: Path, run: Run) -> Trained:
    """A generated file's family with the weights of a checkpoint.

    Raises:
        SpecError: SW0803 when the file is no generated one.
        CheckpointError: the checkpoint is missing, damaged, or of another family.
        TrainingError: the device of the run cannot be had.
    """
    from swc_runtime.training import open_fabric  # noqa: PLC0415 - see Trained.as_in_training

    trained = loaded(path, checkpoint)
    trained.family.to(open_fabric(run.options).device)
    return trained


def loaded(path: Path, checkpoint: Path) -> Trained:
    """A generated file's family with the weights of a checkpoint, on the CPU.

    Raises:
        SpecError: SW0803 when the file is no generated one.
        CheckpointError: the checkpoint is missing, damaged, or of another family.
    """
    from swc_runtime.training import load_family  # noqa: PLC0415 - see Trained.as_in_training

    family = load_family_class(path)()
    return Trained(family, checkpoint, load_family(family, checkpoint))


def evaluate(trained: Trained, run: Run) -> Evaluation:
    """Top-1, NLL and ECE of every subset of members on the test images.

    Raises:
        RuntimeProblem: the data cannot be had, or have other classes than the training's.
    """
    from swc_runtime.evaluation import evaluate as score  # noqa: PLC0415 - see Trained.as_in_training

    return score(trained.family, trained.data(run), reporter=run.reporter)
