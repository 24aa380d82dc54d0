"""``swc anytime``: a trained family to its frontier on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from swc.pipeline.settings import Run
from swc.pipeline.trained import Trained

if TYPE_CHECKING:
    from swc_runtime import Family, Frontier
    from swc_runtime.serving.anytime import Measuring, Scored

FRONTIER = "frontier.json"
CURVE = "anytime.png"


@frozen
class Measured:
    """A trained family's frontier on this machine, and the picture of it."""

    frontier: Frontier
    curve: Path


def score(trained: Trained, run: Run) -> Scored:
    """Score the subsets of a family on the images that its training held out, or on the test images if it held none.

    Raises:
        RuntimeProblem: the data cannot be had, or have other classes than the training's.
    """
    from swc_runtime.evaluation import evaluate  # noqa: PLC0415
    from swc_runtime.serving.anytime import Scored  # noqa: PLC0415 - see DataChoice.load

    data = trained.data(run)
    split = "test" if data.val is None else "val"
    evaluation = evaluate(trained.family, data, split=split, reporter=run.reporter)
    return Scored(evaluation, data.class_names, data.identity)


def effort(
    batches: tuple[int, ...], threads: int | None, *, callers: int, repeats: int, seconds: float, subsets: int
) -> Measuring:
    """How to measure; ``threads`` (of torch) are in use from here on."""
    import torch  # noqa: PLC0415 - see DataChoice.load

    from swc_runtime.serving.anytime import Measuring  # noqa: PLC0415

    if threads is not None:
        torch.set_num_threads(threads)
    return Measuring(batches, callers, repeats, seconds, subsets)


def quick() -> Measuring:
    """What a training measures in the end: enough for a first look."""
    from swc_runtime.serving.anytime import Measuring  # noqa: PLC0415

    return Measuring(repeats=20, seconds=0.5, most=16)


def measure(family: Family, scored: Scored, run: Run, folder: Path, measuring: Measuring) -> Measured:
    """Measure a scored family's latencies here, and write the frontier and its picture into the folder.

    Raises:
        RuntimeProblem: a batch does not fit into memory, or the folder cannot be written.
    """
    from swc_runtime.plots import plot_anytime  # noqa: PLC0415
    from swc_runtime.serving import anytime  # noqa: PLC0415 - see DataChoice.load
    from swc_runtime.serving.frontier_file import save_frontier  # noqa: PLC0415

    frontier = anytime.measure(family, scored, measuring, reporter=run.reporter)
    save_frontier(frontier, family, folder / FRONTIER)
    curve = folder / CURVE
    plot_anytime(frontier, curve, title=f"{family.plan.family} on {scored.evaluation.data}")
    return Measured(frontier, curve)
