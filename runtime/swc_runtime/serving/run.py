"""A trained run, opened for serving: what its folder holds, put together and ready to answer."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import torch
from torch import Tensor

from swc_runtime.checkpoint import read_metadata
from swc_runtime.datasets import Normalisation
from swc_runtime.family import Family
from swc_runtime.generated import family_class
from swc_runtime.problems import CheckpointError, PredictionError
from swc_runtime.room import built
from swc_runtime.serving.arguments import milliseconds
from swc_runtime.serving.classifying import Answer, Question, classify, image_files, knowledge
from swc_runtime.serving.deadline import Timely
from swc_runtime.serving.frontier import Percentile
from swc_runtime.serving.frontier_file import FrontierWarning, read_frontier
from swc_runtime.serving.inputs import check_shape
from swc_runtime.training.folder import FINAL, LAST
from swc_runtime.training.state import load_family

FRONTIER = "frontier.json"


@dataclass(frozen=True, eq=False)
class OpenedRun:
    """A trained family, and what it takes to ask it about images as they are.

    Attributes:
        family: in evaluation mode, with its ``frontier`` if one was measured.
        normalise: what the family was trained on, from (batch, channels, height, width) uint8 images.
        classes: their names, in the order of the probabilities.
        metadata: what the checkpoint says of itself.
        warning: why latencies of the frontier need not hold here, else empty.
    """

    family: Family
    normalise: Normalisation
    classes: tuple[str, ...]
    metadata: Mapping[str, Any]
    warning: str = ""

    @overload
    def predict(
        self,
        images: Tensor,
        *,
        members: Sequence[str] | None = ...,
        budget_ms: float | None = ...,
        deadline_ms: None = ...,
        percentile: Percentile | None = ...,
    ) -> Tensor: ...

    @overload
    def predict(self, images: Tensor, *, members: Sequence[str] | None = ..., deadline_ms: float) -> Timely: ...

    def predict(
        self,
        images: Tensor,
        *,
        members: Sequence[str] | None = None,
        budget_ms: float | None = None,
        deadline_ms: float | None = None,
        percentile: Percentile | None = None,
    ) -> Tensor | Timely:
        """``Family.predict`` of images as they are, which are moved to the family and normalised within the deadline.

        Args:
            images: (batch, channels, height, width) uint8, of the family's size.
            members: see ``Family.predict``, as for all that follows.
            budget_ms: counts from when the images are normalised.
            deadline_ms: counts from the call.
            percentile: of the budget.

        Raises:
            ValueError: images or arguments that are not as described.
            BatchMemoryError: the batch does not fit into memory.
        """
        began = time.perf_counter()
        check_shape(self.family, images)
        if images.dtype != torch.uint8:
            raise ValueError(
                "a run's predict takes images as they are in files (uint8, 0 to 255), not "
                f"{str(images.dtype).removeprefix('torch.')}: give normalised ones to its family (.family.predict)"
            )
        x = self.normalise(images.to(next(self.family.parameters()).device))
        if deadline_ms is None:
            return self.family.predict(x, members=members, budget_ms=budget_ms, percentile=percentile)
        left = milliseconds("deadline_ms", deadline_ms) - 1000 * (time.perf_counter() - began)
        return self.family.predict(  # type: ignore[call-overload, no-any-return]  # that refuses what goes not together
            x, members=members, budget_ms=budget_ms, deadline_ms=left, percentile=percentile
        )

    def classify(self, images: Iterable[str | Path] | str | Path, **question: Any) -> Iterator[Answer]:
        """Tell what image files show (see ``classifying.classify``); files that cannot be read are told as such.

        Args:
            images: files, and folders of which all image files are taken.
            question: the fields of ``Question``, such as ``top``, ``members`` or ``deadline_ms``.

        Yields:
            One answer for each file, in order.

        Raises:
            PredictionError: ``predict`` refuses (an unknown member, a budget that no subset meets).
            DataError: a folder without image files.
        """
        named = [images] if isinstance(images, str | Path) else images
        return classify(self.family, image_files(Path(path) for path in named), self.metadata, Question(**question))


def open_run(
    folder: str | Path, *, checkpoint: str | Path | None = None, device: str | torch.device = "cpu"
) -> OpenedRun:
    """Open a trained run for serving.

    The generated file in the folder is imported, which runs it: open no folder of anybody whom you do not trust. Every
    member is run once, so that the first answer is in time, too. A frontier that was measured on another machine, or
    with other threads of torch than are in use, is warned of (``FrontierWarning``).

    Args:
        folder: of a run, as ``swc train`` leaves it.
        checkpoint: other weights than those of ``family.safetensors`` in the folder.
        device: where to run.

    Raises:
        PredictionError: no such folder, no generated file in it, several of which none is that of the checkpoint, or no
            such device.
        CheckpointError: there is no checkpoint, it is damaged, or of another family.
        FamilyError: the generated file does not load.
        FamilyMemoryError: the family does not fit into memory.
        FrontierError: the frontier is damaged, or of another family.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        raise PredictionError(f"{folder} {what}: name the folder of a run that `swc train` wrote.")
    weights = _weights(folder, checkpoint)
    name = str(read_metadata(weights).get("family"))
    found = generated_files(folder, name)
    if len(found) != 1:
        what = f"several ({', '.join(path.name for path in found)}), none of them {name}.py" if found else "none"
        raise PredictionError(
            f"{folder} does not say what its weights are of: there is to be one generated file in it, and there is "
            f"{what}. Put {name}.py there, as `swc compile` wrote it for the training."
        )
    with torch.random.fork_rng(devices=[]):  # what is drawn here is replaced, and changes nothing that others draw
        family = built(family_class(found[0]))
    metadata = load_family(family, weights)
    frontier = folder / FRONTIER
    opened = serve(_moved(family, device), metadata, frontier if frontier.exists() else None)
    if opened.warning:
        warnings.warn(opened.warning, FrontierWarning, stacklevel=2)
    opened.predict(torch.zeros(1, *family.input, dtype=torch.uint8))
    return opened


def serve(family: Family, metadata: Mapping[str, Any], frontier: Path | None = None) -> OpenedRun:
    """A trained family with what its checkpoint and its frontier say.

    Args:
        family: in evaluation mode, on the device that it will serve on; it is given the frontier.
        metadata: what ``load_family`` returned.
        frontier: what ``swc anytime`` wrote.

    Raises:
        PredictionError: the metadata do not say how images are normalised.
        FrontierError: the frontier is damaged, or of another family.
    """
    normalise, classes = knowledge(family, metadata)
    warning = ""
    if frontier is not None:
        family.frontier, warning = read_frontier(frontier, family, classes=metadata.get("classes"))
    return OpenedRun(family, normalise, classes, metadata, warning)


def generated_files(folder: Path, name: str) -> tuple[Path, ...]:
    """The generated file of family ``name`` in a run's folder; without it, all that may be it under another name."""
    own = folder / f"{name}.py"
    return (own,) if own.is_file() else tuple(sorted(path for path in folder.glob("*.py") if _defines_family(path)))


def _defines_family(path: Path) -> bool:
    """Whether a file looks like a generated one; scripts of people are not run to find out."""
    try:
        return b"(Family):" in path.read_bytes()
    except OSError:
        return False


def _weights(folder: Path, checkpoint: str | Path | None) -> Path:
    path = folder / FINAL if checkpoint is None else Path(checkpoint)
    if path.is_file():
        return path
    last = folder / LAST
    way = "train first (`swc train`)"
    if last.is_file() and path != last:
        way = f"its training was stopped: go on with --resume, or open its last state (checkpoint={str(last)!r})"
    raise CheckpointError(f"There is no checkpoint {path}: {way}.")


def _moved(family: Family, device: str | torch.device) -> Family:
    try:
        return family.to(device)
    except (RuntimeError, AssertionError) as problem:  # torch asserts that it was built for CUDA
        reason = str(problem).splitlines()[0]
        raise PredictionError(f"The family cannot be moved to {str(device)!r}: {reason}.") from problem
