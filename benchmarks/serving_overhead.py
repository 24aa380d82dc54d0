"""What a family costs in service beyond frozen members: member calls, ``predict``, and the ensemble.

Each contender is called in turn with the frozen members it is compared with (paired, interleaved, in one process), on
random images; medians, the median of the paired ratios, and of the paired differences in microseconds are printed.

    python benchmarks/serving_overhead.py generated/digits.py --member slim
    python benchmarks/serving_overhead.py generated/digits.py --member slim --mode bf16
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch
from torch import Tensor, nn

from swc.pipeline.modules import load_family_class
from swc_runtime import Family

Call = Callable[[], Tensor]


def contenders(
    family: Family, frozen: dict[str, nn.Module], member: str, x: Tensor, mode: str
) -> dict[str, list[Call]]:
    """Pairs of calls by name: what the family does, and what its frozen members do for the same result."""
    names = list(family.members)
    called: list[nn.Module] = [family.members[member], frozen[member], family, *frozen.values()]
    if mode == "compile":
        called = [torch.compile(module, fullgraph=True) for module in called]  # type: ignore[misc]  # modules again
    one, plain, whole, *ensemble = called
    pairs: dict[str, list[Call]] = {
        f"member {member}": [lambda: one(x), lambda: plain(x)],
        "family, all logits": [lambda: whole(x), lambda: torch.stack([network(x) for network in ensemble])],
    }
    if mode != "compile":
        pairs |= {
            f"predict {member}": [lambda: family.predict(x, members=[member]), lambda: plain(x)],
            f"predict, softmax counted on both sides: {member}": [
                lambda: family.predict(x, members=[member]),
                lambda: plain(x).softmax(-1),
            ],
            f"predict of all {len(names)}": [
                lambda: family.predict(x),
                lambda: torch.stack([network(x) for network in ensemble]).softmax(-1).mean(0),
            ],
        }
    return pairs


def measure(ours: Call, theirs: Call, turns: int) -> tuple[list[float], list[float]]:
    """Seconds of each call, in turns."""
    mine, other = [], []
    for turn in range(turns + turns // 10):
        began = time.perf_counter()
        theirs()
        between = time.perf_counter()
        ours()
        ended = time.perf_counter()
        if turn >= turns // 10:
            other.append(between - began)
            mine.append(ended - between)
    return mine, other


def within(mode: str) -> AbstractContextManager[object]:
    """The context that all calls are made in."""
    if mode == "inference":
        return torch.inference_mode()
    if mode == "bf16":
        return torch.autocast("cpu", torch.bfloat16)
    return nullcontext()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("module", type=Path)
    parser.add_argument("--member", help="by default the last of the spec")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--turns", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--mode", choices=["eager", "inference", "bf16", "compile"], default="eager")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    family = load_family_class(args.module)().eval()
    member = args.member or list(family.members)[-1]
    x = torch.randn(args.batch, *family.input)
    print(f"{args.module}: batch {args.batch}, {args.mode}, n = {args.turns} calls each, in turns")
    print(f"{platform.machine()} CPU, {args.threads} threads, torch {torch.__version__}")
    with torch.no_grad(), within(args.mode):
        for name, (ours, theirs) in contenders(family, family.freeze(), member, x, args.mode).items():
            mine, other = measure(ours, theirs, args.turns)
            ratio = statistics.median(a / b for a, b in zip(mine, other, strict=True))
            more = 1e6 * statistics.median(a - b for a, b in zip(mine, other, strict=True))
            quiet = sorted(mine)[len(mine) // 10] / sorted(other)[len(other) // 10]  # the tenth that nothing disturbed
            ours_us, theirs_us = 1e6 * statistics.median(mine), 1e6 * statistics.median(other)
            print(
                f"  {name:<50} {ours_us:9.1f} us, frozen {theirs_us:9.1f} us: ratio {ratio:.3f} "
                f"({quiet:.3f} of the fastest tenths), {more:+.1f} us"
            )


if __name__ == "__main__":
    main()
