"""Anytime prediction (sec. 4.2.1): how long each member takes on this machine, and what each subset achieves for it."""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from swc_runtime.checkpoint import write_atomically
from swc_runtime.evaluation import Evaluation
from swc_runtime.family import Family
from swc_runtime.frontier import Frontier, FrontierPoint
from swc_runtime.problems import RuntimeProblem
from swc_runtime.progress import Reporter, Silent

FORMAT_VERSION = 1

Latencies = Mapping[int, Mapping[str, float]]
"""Batch size to member to milliseconds per batch."""


class FrontierError(RuntimeProblem):
    """A frontier cannot be read, or was measured for something else."""


def measure_latency(
    family: Family,
    batches: Sequence[int],
    *,
    repeats: int = 30,
    warmup: int = 5,
    reporter: Reporter | None = None,
) -> dict[int, dict[str, float]]:
    """Median milliseconds that ``family.predict`` takes for each member and batch size, where the family is now.

    The members take turns, so that a machine that slows down while this runs slows all of them down.

    Args:
        family: on the device to measure.
        batches: batch sizes, each at least 1.
        repeats: measurements per member and batch size.
        warmup: runs before those that count.
        reporter: shows the phase ``measure``.
    """
    device = next(family.parameters()).device
    names = tuple(family.members)
    result: dict[int, dict[str, float]] = {}
    with (reporter or Silent()).phase("measure", len(batches) * (warmup + repeats)) as phase:
        for batch in batches:
            images = torch.randn(batch, *family.input, device=device)
            taken: dict[str, list[float]] = {name: [] for name in names}
            for round_ in range(warmup + repeats):
                for name in names:
                    milliseconds = _time(family, images, name)
                    if round_ >= warmup:
                        taken[name].append(milliseconds)
                phase.advance(note=f"batch {batch}")
            result[batch] = {name: statistics.median(values) for name, values in taken.items()}
    return result


def _time(family: Family, images: torch.Tensor, member: str) -> float:
    _wait(images.device)
    began = time.perf_counter()
    family.predict(images, members=[member])
    _wait(images.device)
    return 1000 * (time.perf_counter() - began)


def _wait(device: torch.device) -> None:
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def frontier(evaluation: Evaluation, latencies: Latencies, device: str) -> Frontier:
    """Every subset at every batch size: its quality, and the sum of its members' latencies.

    The sum is on the safe side: members that run together compose what they share only once.

    Args:
        evaluation: the scores of the subsets.
        latencies: what ``measure_latency`` gave.
        device: the machine's name, for people.
    """
    points = [
        FrontierPoint(
            members=score.members,
            batch=batch,
            latency_ms=sum(latency[name] for name in score.members),
            top1=score.top1,
            nll=score.nll,
            ece=score.ece,
        )
        for batch, latency in latencies.items()
        for score in evaluation.scores
    ]
    return Frontier(device, tuple(points))


def pareto(points: Sequence[FrontierPoint]) -> tuple[FrontierPoint, ...]:
    """The points that no other beats: faster ones are all less accurate. By latency, each more accurate than the last.

    Of points that are equal in latency and top-1, the one with the lower NLL (then the first) stands for all.
    """
    best: list[FrontierPoint] = []
    for point in sorted(points, key=lambda p: (p.latency_ms, -p.top1, p.nll)):
        if not best or point.top1 > best[-1].top1:
            best.append(point)
    return tuple(best)


def device_name(device: torch.device) -> str:
    """What people call the device, with the software that ran on it."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    else:
        threads = torch.get_num_threads()
        name = f"{_processor()} ({threads} thread{'s' if threads > 1 else ''})"
    return f"{name}, torch {torch.__version__}"


def _processor() -> str:
    """The processor's product name where the system tells it, else its kind."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def save_frontier(measured: Frontier, family: Family, path: Path) -> None:
    """Write a frontier as JSON, for ``load_frontier``.

    Raises:
        CheckpointError: the file cannot be written; an old one is left as it was.
    """
    content = {
        "format_version": FORMAT_VERSION,
        "family": family.plan.family,
        "structure": family.plan.structure,
        **measured.to_json(),
        "pareto": [
            list(point.members)
            for batch in sorted({point.batch for point in measured.entries})
            for point in pareto([p for p in measured.entries if p.batch == batch])
        ],
    }
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())


def load_frontier(path: Path, family: Family) -> Frontier:
    """Read a frontier, for ``family.frontier``.

    Raises:
        FrontierError: no such file, not a frontier, or one of another family.
    """
    if not path.is_file():
        raise FrontierError(f"There is no frontier {path}: measure one on this machine with `swc anytime`.")
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        version, name, structure = content["format_version"], content["family"], content["structure"]
        measured = Frontier.from_json(content)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise FrontierError(
            f"{path} is no frontier as `swc anytime` writes it ({problem}): measure again."
        ) from problem
    if version != FORMAT_VERSION:
        raise FrontierError(f"{path} has format {version}; this version of swc reads {FORMAT_VERSION}: measure again.")
    if (name, structure) != (family.plan.family, family.plan.structure):
        raise FrontierError(
            f"{path} was measured for {name} (structure {structure}), not for {family.plan.family} (structure "
            f"{family.plan.structure}): measure again with `swc anytime`."
        )
    return measured
