"""``swc anytime``: a trained family to its frontier on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from swc.pipeline.settings import Run

if TYPE_CHECKING:
    from swc_runtime import Family, Frontier
    from swc_runtime.evaluation import Evaluation

FRONTIER = "frontier.json"
CURVE = "anytime.png"


@frozen
class Measured:
    """A trained family's frontier on this machine, and the picture of it."""

    frontier: Frontier
    curve: Path


def measure(
    family: Family, evaluation: Evaluation, run: Run, folder: Path, batches: tuple[int, ...], repeats: int
) -> Measured:
    """Measure an evaluated family's latencies here, and write the frontier and its picture into the folder."""
    from swc_runtime import anytime  # noqa: PLC0415 - see DataChoice.load
    from swc_runtime.plots import plot_anytime  # noqa: PLC0415

    latencies = anytime.measure_latency(family, batches, repeats=repeats, reporter=run.reporter)
    device = next(family.parameters()).device
    frontier = anytime.frontier(evaluation, latencies, anytime.device_name(device))
    anytime.save_frontier(frontier, family, folder / FRONTIER)
    curve = folder / CURVE
    plot_anytime(frontier, curve, title=f"{family.plan.family} on {run.data.name}")
    return Measured(frontier, curve)
