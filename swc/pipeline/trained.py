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
        split = self.held_out
        held = split is not None and "fraction" in split  # the data set's own come with it
        if split is not None and held and self.metadata["data"]["identity"] == data.identity:
            return data.held_out(split["fraction"], split["seed"])
        return data

    @property
    def held_out(self) -> Mapping[str, Any] | None:
        """The ``fraction`` and ``seed`` of the images that the training held out, or ``own``; None without any."""
        about: Mapping[str, Any] = self.metadata.get("data") or {}  # checkpoints written in Python may not say
        return about.get("val")


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
    from swc_runtime.room import built  # noqa: PLC0415 - see Trained.as_in_training
    from swc_runtime.training import load_family  # noqa: PLC0415

    family = built(load_family_class(path))
    return Trained(family, checkpoint, load_family(family, checkpoint))


def evaluate(trained: Trained, run: Run, split: str = "test") -> Evaluation:
    """Top-1, NLL and ECE of every subset of members on the test images, or on the held-out ones (``val``).

    Raises:
        RuntimeProblem: the data cannot be had, have other classes than the training's, or no images were held out.
    """
    from swc_runtime.evaluation import evaluate as score  # noqa: PLC0415 - see Trained.as_in_training
    from swc_runtime.problems import DataError  # noqa: PLC0415

    data = trained.data(run)
    if split == "val" and data.val is None:
        why = "held none out" if trained.held_out is None else f"was on other images than {data.name} has"
        raise DataError(f"There are no held-out images to score on: the training of {trained.checkpoint} {why}.")
    return score(trained.family, data, split=split, reporter=run.reporter)
