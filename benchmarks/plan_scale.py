"""How compiling grows with a family: CPU seconds and peak memory from the spec's text to the generated file's.

Two kinds of families, sixteen members each. ``wrn``: wide residual networks, every member with a width of its own.
``mixed``: bottlenecks with grouped 3x3 convolutions whose widths change from block to block and from member to member,
so that shapes are many and do not nest. Both repeat blocks in loops, as specs do.

Each size runs in a process of its own, several times; the fastest run counts, because whatever else the machine does
only adds time. Starting Python and importing swc is no part of the seconds, but it is of the memory.

    python benchmarks/plan_scale.py
    python benchmarks/plan_scale.py --layers 100 1000 --budget 1 --repeats 1
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from swc.compiler import compile_spec

_AIMS = {100: "2 s", 1000: "20 s and 500 MB"}
"""What plan and emit may take for sixteen members of so many layers (docs/plan.md)."""

_MIXED = """
block bottleneck(width: int, inner: int) {
    y = reduce: conv(relu(bn(x)), inner, 1)
    y = spatial: conv(relu(bn(y)), inner, 3, groups=2)
    y = expand: conv(relu(bn(y)), width, 1)
    return if channels(x) == width then x + y else y
}

arch net(blocks: int, width: int) {
    y = stem: conv(x, width, 3)
    repeat blocks as i {
        y = body: bottleneck(y, width + 8 * (i % 12), 2 * (width / 4 + i % 5))
    }
    return fc: linear(global_pool(y), classes)
}
"""


def family_text(kind: str, members: int, layers: int, percent: float) -> str:
    """A spec whose members have about so many layers each and a budget of so much of their independent size."""
    calls = [
        f"wrn(depth={6 * max(1, (layers - 5) // 6) + 4}, widen={1 + k})"
        if kind == "wrn"
        else f"net(blocks={(layers - 2) // 3}, width={64 + 16 * k})"
        for k in range(members)
    ]
    lines = [
        "sw 1",
        _MIXED if kind == "mixed" else "",
        "family scale {",
        "    input image(3, 32, 32)",
        "    output classes(100)",
        f"    budget {percent}% of members",
        *(f"    member m{k} = {call}" for k, call in enumerate(calls)),
        "    share { private *.stem }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def measure(kind: str, members: int, layers: int, percent: float) -> dict[str, float]:
    """Compile one family in this process; CPU seconds by stage and the process's peak memory in megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scale.sw"
        path.write_text(family_text(kind, members, layers, percent), encoding="utf-8")
        began = time.process_time()
        compiled = compile_spec(path)
        planned = time.process_time()
        text = compiled.text()
        ended = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "layers": len(compiled.family.layers),
        "superweights": len(compiled.plan.superweights),
        "used": compiled.plan.parameters.total / compiled.plan.budget,
        "folded": sum(cluster.fold is not None for cluster in compiled.plan.clusters),
        "plan_seconds": planned - began,
        "emit_seconds": ended - planned,
        "megabytes": peak / (2**20 if sys.platform == "darwin" else 2**10),
        "characters": len(text),
    }


def _fastest(args: argparse.Namespace, kind: str, layers: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", kind, "--layers", str(layers)]
    command += ["--members", str(args.members), "--budget", str(args.budget)]
    runs = [
        json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        for _ in range(args.repeats)
    ]
    return min(runs, key=lambda run: run["plan_seconds"] + run["emit_seconds"])


def _print_growth(args: argparse.Namespace, kind: str) -> None:
    print(f"\n{kind}, budget {args.budget:g}% of the members' independent size")
    print("| layers a member | layers | SuperWeights | parse to plan | emit | together | per layer | peak memory |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    per_layer = []
    for layers in args.layers:
        run = _fastest(args, kind, layers)
        total = run["plan_seconds"] + run["emit_seconds"]
        per_layer.append(total / run["layers"])
        print(
            f"| {layers:,} | {run['layers']:,} | {run['superweights']:,} | {run['plan_seconds']:.2f} s "
            f"| {run['emit_seconds']:.2f} s | {total:.2f} s | {1e6 * per_layer[-1]:,.0f} µs "
            f"| {run['megabytes']:,.0f} MB |",
            flush=True,
        )
    first, last = args.layers[0], args.layers[-1]
    if first != last:
        ratio = f"{per_layer[-1] / per_layer[0]:.2f} (linear is 1)"
        print(f"\nFrom {first:,} to {last:,} layers a member, time per layer changes by a factor of {ratio}.")


def main() -> None:
    """Measure every size in a process of its own, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=16)
    parser.add_argument("--layers", type=int, nargs="+", default=[100, 200, 500, 1000])
    parser.add_argument("--budget", type=float, default=25, help="percent of the members' independent size")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--kinds", nargs="+", choices=["wrn", "mixed"], default=["wrn", "mixed"])
    parser.add_argument("--one", choices=["wrn", "mixed"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args.one, args.members, args.layers[0], args.budget)))
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"n = {args.repeats}, the fastest of them; Python {platform.python_version()}, {_processor()}, {cores} cores")
    print("aims: " + ", ".join(f"{layers:,} layers in {aim}" for layers, aim in _AIMS.items()))
    for kind in args.kinds:
        _print_growth(args, kind)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
