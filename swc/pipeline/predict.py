"""``swc predict``: a trained family and image files to answers."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swc.pipeline.measure import FRONTIER
from swc.pipeline.trained import Trained

__all__ = ["FRONTIER", "expanded", "predict", "prepare"]

if TYPE_CHECKING:
    from swc_runtime.serving.classifying import Answer


def expanded(images: Iterable[Path]) -> Iterator[Path]:
    """Image files, and those in folders.

    Raises:
        RuntimeProblem: a folder without image files.
    """
    from swc_runtime.serving.classifying import images_in  # noqa: PLC0415 - torch is loaded for running, not for compiling

    for path in images:
        if path.is_dir():
            yield from images_in(path)
        else:
            yield path


def prepare(family: Trained, accelerator: str, frontier: Path | None) -> list[str]:
    """Move a family to where it shall run, and give it its frontier where there is one; returns what to warn of.

    Raises:
        RuntimeProblem: there is no such accelerator, or the frontier does not belong to the family.
    """
    from swc_runtime.serving.frontier_file import load_frontier  # noqa: PLC0415 - see above
    from swc_runtime.training import TrainOptions, open_fabric  # noqa: PLC0415

    family.family.to(open_fabric(TrainOptions(accelerator=accelerator)).device)
    if frontier is None:
        return []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        family.family.frontier = load_frontier(frontier, family.family, classes=family.metadata.get("classes"))
    return [str(one.message) for one in told]


def predict(family: Trained, images: Iterable[Path], **question: Any) -> Iterator[Answer]:
    """One answer for each image; ``question`` are the fields of ``Question``.

    Raises:
        RuntimeProblem: the question cannot be answered; images that cannot be read are answered by their problem.
    """
    from swc_runtime.serving.classifying import Question, classify  # noqa: PLC0415 - see above

    return classify(family.family, images, family.metadata, Question(**question))
