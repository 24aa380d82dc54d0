"""``swc predict``: a trained family and image files to answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swc.pipeline.measure import FRONTIER
from swc.pipeline.trained import Trained

__all__ = ["FRONTIER", "predict", "prepare"]

if TYPE_CHECKING:
    from swc_runtime.serving.classifying import Answer
    from swc_runtime.serving.run import OpenedRun


def prepare(trained: Trained, accelerator: str, frontier: Path | None) -> OpenedRun:
    """Move a family to where it shall run, and give it its frontier where there is one.

    Raises:
        RuntimeProblem: there is no such accelerator, or the frontier does not belong to the family.
    """
    from swc_runtime.serving.run import serve  # noqa: PLC0415 - torch is loaded for running, not for compiling
    from swc_runtime.training import TrainOptions, open_fabric  # noqa: PLC0415

    family = trained.family.to(open_fabric(TrainOptions(accelerator=accelerator)).device)
    return serve(family, trained.metadata, frontier)


def predict(run: OpenedRun, images: Iterable[Path], **question: Any) -> Iterator[Answer]:
    """One answer for each image, and for each in a folder; ``question`` are the fields of ``Question``.

    Raises:
        RuntimeProblem: the question cannot be answered; images that cannot be read are answered by their problem.
    """
    return run.classify(images, **question)
