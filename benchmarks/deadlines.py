"""Missed deadlines under load: ``predict(budget_ms=...)`` at its percentiles, and ``predict(deadline_ms=...)``.

A trained run is loaded and its frontier measured, without other load, for each number of callers. Then the ways of
meeting a deadline take turns, block by block, while the callers call again and again, alone or beside processes that
burn CPU time. A budget that nothing fits is met as well as it can be, with the fastest subset. The way called sleep
computes nothing: it waits until a millisecond before the deadline, and shows what the system itself misses.

    swc train specs/digits.sw --data digits --no-search --run runs/deadlines
    python benchmarks/deadlines.py runs/deadlines/digits.py --data digits --deadlines 3,11 --json deadlines.json
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from swc.pipeline.measure import score
from swc.pipeline.settings import DataChoice, Run
from swc.pipeline.train import CHECKPOINT
from swc.pipeline.trained import load_trained
from swc_runtime import Family, Frontier
from swc_runtime.datasets import Dataset
from swc_runtime.machine import device_name
from swc_runtime.progress import Silent
from swc_runtime.serving.anytime import Measuring, Scored, measure, percentile
from swc_runtime.serving.frontier import Percentile
from swc_runtime.training import TrainOptions

Answer = Callable[[torch.Tensor], tuple[str, ...]]
"""A way of meeting a deadline: answers, and says which members the answer rests on."""


@dataclass
class Row:
    """One way, under one load and deadline."""

    way: str
    callers: int
    burners: int
    deadline_ms: float
    took_ms: list[float] = field(default_factory=list)
    used: list[tuple[str, ...]] = field(default_factory=list)

    def figures(self, frontier: Frontier) -> dict[str, float | int | str | bool]:
        """What the table shows; ``expected_top1`` is by the scores of the subsets that were used, chance for none."""
        level = frontier.at(1)
        assert level is not None
        top1 = {point.members: point.top1 for point in level.points} | {(): 1 / len(frontier.classes)}
        over = [took - self.deadline_ms for took in self.took_ms]
        plain = {key: value for key, value in asdict(self).items() if key not in ("took_ms", "used")}
        return plain | {
            "calls": len(over),
            "missed": sum(value > 0 for value in over) / len(over),
            "worst_overrun_ms": max(0.0, *over),
            "p50_ms": percentile(self.took_ms, 50),
            "p99_ms": percentile(self.took_ms, 99),
            "members": sum(map(len, self.used)) / len(self.used),
            "without_answer": sum(not members for members in self.used) / len(self.used),
            "expected_top1": sum(top1[members] for members in self.used) / len(self.used),
        }


@contextmanager
def burning(processes: int) -> Iterator[None]:
    """Other processes that want all the CPU time that they can get."""
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def ways(family: Family, deadline: float) -> dict[str, Answer]:
    """The ways of meeting a deadline, by name."""
    frontier = family.frontier
    assert frontier is not None
    level = frontier.at(1)
    assert level is not None

    def budget(share: Percentile) -> Answer:
        try:
            members = frontier.choose(1, deadline, share)
        except ValueError:
            members = min(level.points, key=lambda p: p.latency_ms(share)).members

        def answer(x: torch.Tensor) -> tuple[str, ...]:
            family.predict(x, members=members)  # as budget_ms does, also where it would say that nothing fits
            return members

        return answer

    def timely(x: torch.Tensor) -> tuple[str, ...]:
        return family.predict(x, deadline_ms=deadline).members

    def sleep(_: torch.Tensor) -> tuple[str, ...]:
        threading.Event().wait((deadline - 1) / 1000)
        return ()

    budgets = {f"budget_ms, p{share}": budget(share) for share in (50, 95, 99)}
    return {**budgets, "deadline_ms": timely, "sleep": sleep}


def block(answer: Answer, images: torch.Tensor, row: Row, calls: int) -> None:
    """Let all callers call a number of times."""
    start = threading.Barrier(row.callers)

    def caller() -> None:
        took, used = [], []
        start.wait()
        for index in range(calls):
            x = images[index % len(images)][None]
            began = time.perf_counter()
            members = answer(x)
            took.append(1000 * (time.perf_counter() - began))
            used.append(members)
        row.took_ms += took
        row.used += used

    threads = [threading.Thread(target=caller) for _ in range(row.callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def trained(module: Path, args: argparse.Namespace) -> tuple[Family, Dataset, Scored]:
    """The run's family, its data, and the scores that its frontier rests on."""
    run = Run(DataChoice(args.data, args.data_dir), TrainOptions(accelerator="cpu"), Silent())
    found = load_trained(module, module.parent / CHECKPOINT, run)
    return found.family, found.data(run), score(found, run)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module", type=Path)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--deadlines", default="3,11", help="milliseconds")
    parser.add_argument("--callers", default="1,4")
    parser.add_argument("--burners", default=f"0,{os.cpu_count()}")
    parser.add_argument("--calls", type=int, default=50, help="per caller and block")
    parser.add_argument("--blocks", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    family, data, scored = trained(args.module, args)
    (first,) = data.test.stream([torch.arange(min(64, len(data.test)))], torch.device("cpu"))
    images = data.normalise(first[0])
    results = []
    for callers in map(int, args.callers.split(",")):
        family.frontier = measure(family, scored, Measuring(callers=callers, seconds=3.0))
        for burners in map(int, args.burners.split(",")):
            results += under_load(family, images, callers, burners, args)
    show(results, args, scored)
    if args.json:
        about = {"machine": machine(), "torch": torch.__version__, "threads": args.threads, "module": args.module.name}
        args.json.write_text(
            json.dumps(about | {"scored_on": scored.evaluation.split, "rows": results}, indent=2) + "\n"
        )


def under_load(
    family: Family, images: torch.Tensor, callers: int, burners: int, args: argparse.Namespace
) -> list[dict[str, float | int | str | bool]]:
    """All ways at all deadlines, in turns."""
    rows: list[tuple[Row, Answer]] = []
    for deadline in map(float, args.deadlines.split(",")):
        for name, answer in ways(family, deadline).items():
            rows.append((Row(name, callers, burners, deadline), answer))
    with burning(burners):
        for turn in range(-1, args.blocks):
            for row, answer in rows:
                block(answer, images, row, args.calls)
                if turn < 0:  # warm-up
                    row.took_ms.clear()
                    row.used.clear()
    assert family.frontier is not None
    return [row.figures(family.frontier) for row, _ in rows]


def show(results: Sequence[dict[str, float | int | str | bool]], args: argparse.Namespace, scored: Scored) -> None:
    """Print a table."""
    table = Table()
    columns = ("callers", "burners", "deadline ms", "way", "calls", "missed %", "worst overrun ms", "p50 ms", "p99 ms")
    for header in (*columns, "members", "no answer %", "expected top-1 %"):
        table.add_column(header, justify="left" if header == "way" else "right")
    last = None
    for r in results:
        if last not in (None, (r["callers"], r["burners"], r["deadline_ms"])):
            table.add_section()
        last = (r["callers"], r["burners"], r["deadline_ms"])
        shares = (f"{r['members']:.2f}", *(f"{100 * float(r[k]):.1f}" for k in ("without_answer", "expected_top1")))
        answers = ("", "", "") if r["way"] == "sleep" else shares
        table.add_row(
            str(r["callers"]), str(r["burners"]), f"{r['deadline_ms']:g}", str(r["way"]), str(r["calls"]),
            f"{100 * float(r['missed']):.1f}", f"{r['worst_overrun_ms']:.2f}", f"{r['p50_ms']:.2f}",
            f"{r['p99_ms']:.2f}", *answers,
        )  # fmt: skip
    print(f"{args.module}: single images, {machine()}, {args.threads} thread(s), torch {torch.__version__}")
    print(
        f"burners: processes that only compute; scores on {scored.evaluation.images} {scored.evaluation.split} images"
    )
    Console(width=150).print(table)


def machine() -> str:
    """The processor, and how many of them there are."""
    return device_name(torch.device("cpu"))


if __name__ == "__main__":
    main()
