"""Tiles against a thin network of equal size, on Fashion-MNIST: is folding worth it?

At 1%, 5% and 10% of a WRN-10-4, the folded network (full width, weights mixed from tiles) and a thin WRN-10 of the same
number of parameters, within 1%, are trained alike: same images, epochs, recipe and seeds. Each finished run is a line
in the results file, so that an interrupted ablation goes on where it stopped; ``--table`` prints what there is.

    python benchmarks/tile_ablation.py --data-dir data --results runs/tile_ablation.jsonl
    python benchmarks/tile_ablation.py --results runs/tile_ablation.jsonl --table
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import torch

from swc.check import check_text
from swc.compiler import compile_spec
from swc.elaborate import elaborate
from swc.pipeline.modules import load_family_class
from swc.plan import plan_family
from swc_runtime.datasets import Dataset, TensorSplit, load
from swc_runtime.evaluation import evaluate
from swc_runtime.training import TrainOptions, train

PERCENTS = (1, 5, 10)
DEPTH, WIDEN = 10, 4
TOLERANCE = 0.01
COLUMNS = (
    "budget",
    "parameters, tiles",
    "parameters, thin",
    "top-1 %, tiles",
    "top-1 %, thin",
    "difference",
    "NLL, tiles",
    "NLL, thin",
    "n",
)

Widths = tuple[int, int, int]
Row = dict[str, object]

SPEC = """sw 1

use wide_block from wrn

arch thin(depth: int, first: int, second: int, third: int) {{
    n = (depth - 4) / 6
    y = stem: conv(x, min(16, first), 3)
    repeat n {{ y = group1: wide_block(y, first) }}
    repeat n as i {{ y = group2: wide_block(y, second, stride=if i == 0 then 2 else 1) }}
    repeat n as i {{ y = group3: wide_block(y, third, stride=if i == 0 then 2 else 1) }}
    return fc: linear(global_pool(relu(norm: bn(y))), classes)
}}

family ablation {{
    input  image(1, 28, 28)
    output classes(10)
    budget {budget}
    member net = {member}
    share {{ clusters single  refine gradient(threshold=0.9, after={after})  private {private} }}
    train {{
        epochs {epochs}  batch 64
        sgd(lr=0.1, momentum=0.9, nesterov, decay=5e-4)
        onecycle(warmup=0.3)
        augment flip
    }}
}}
"""


def spec(member: str, budget: str, private: str, epochs: int) -> str:
    """The spec of one contender."""
    return SPEC.format(member=member, budget=budget, private=private, epochs=epochs, after=max(1, epochs // 3))


def parameters(member: str) -> int:
    """What a member takes on its own."""
    return elaborate(check_text(spec(member, "1G", "*", 1), "ablation.sw")).members[0].parameters_alone


def thin(widths: Widths) -> str:
    """A WRN whose groups have these widths, as a member."""
    return f"thin({DEPTH}, {', '.join(map(str, widths))})"


def unevenness(widths: Widths) -> float:
    """How far from a uniform thinning of the WRN (groups of widths 1 : 2 : 4): the variance of the logarithms."""
    return statistics.pvariance(math.log(width / share) for width, share in zip(widths, (1, 2, 4), strict=True))


def thin_widths(size: int) -> Widths:
    """The most even widths whose thin network has ``size`` parameters, within 1%.

    Widths are whole numbers, so a uniform thinning can miss the size by several percent; then the groups are thinned
    a little differently.
    """
    base = 1
    while parameters(thin((base + 1, 2 * base + 2, 4 * base + 4))) <= size:
        base += 1
    first, second, third = (range(max(1, (base - 1) * share), (base + 2) * share + 1) for share in (1, 2, 4))
    near: Iterator[Widths] = product(first, second, third)
    for widths in sorted(near, key=unevenness):
        if abs(parameters(thin(widths)) / size - 1) <= TOLERANCE:
            return widths
    raise ValueError(f"no thin network has {size:,} parameters within {TOLERANCE:.0%}")


def contenders(epochs: int) -> Iterator[tuple[int, str, str]]:
    """(percent, name, spec) of every network to train."""
    whole = f"wrn(depth={DEPTH}, widen={WIDEN})"
    for percent in PERCENTS:
        tiles = spec(whole, f"{percent}% of {whole}", "*.stem", epochs)
        yield percent, "tiles", tiles
        planned = plan_family(elaborate(check_text(tiles, "ablation.sw")), structure="").parameters.total
        yield percent, "thin", spec(thin(thin_widths(planned)), "1G", "*", epochs)


def run(text: str, data: Dataset, seed: int, precision: str) -> Row:
    """Train one network and score it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ablation.sw"
        path.write_text(text, encoding="utf-8")
        compiled = compile_spec(path)
        module = Path(folder) / "ablation.py"
        module.write_text(compiled.text(), encoding="utf-8")
        torch.manual_seed(seed)
        family = load_family_class(module)()
    began = time.monotonic()
    train(family, data, TrainOptions(seed=seed, precision=precision, channels_last=True, val=0.0))
    score = evaluate(family, data).ensemble
    folds = [f"{c.fold.templates} of {c.fold.rows}x{c.fold.columns}" for c in compiled.plan.clusters if c.fold]
    return {
        "parameters": compiled.plan.parameters.total,
        "tiles": folds,
        "top1": score.top1,
        "nll": score.nll,
        "seconds": round(time.monotonic() - began),
    }


def limited(data: Dataset, images: int, tests: int) -> Dataset:
    """The first training and test images."""
    test = data.test
    if not isinstance(test, TensorSplit):
        raise TypeError("Fashion-MNIST is kept in memory")
    return replace(data.limited(images), test=TensorSplit(test.images[:tests], test.labels[:tests]))


def setting(args: argparse.Namespace) -> Row:
    """What all runs of one table have in common."""
    return {key: getattr(args, key) for key in ("images", "tests", "epochs", "precision")}


def measure(args: argparse.Namespace) -> None:
    """Train what is not in the results file yet."""
    data = load("fashion-mnist", args.data_dir, input=(1, 28, 28), classes=10)
    data = limited(data, args.images, args.tests)
    done = {(r["percent"], r["name"], r["seed"]) for r in results(args)}
    networks = list(contenders(args.epochs))
    args.results.parent.mkdir(parents=True, exist_ok=True)
    for seed in range(args.seeds):
        for percent, name, text in networks:
            if (percent, name, seed) in done:
                continue
            row = {"percent": percent, "name": name, "seed": seed, **setting(args)}
            row |= run(text, data, seed, args.precision)
            with args.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(row, flush=True)


def results(args: argparse.Namespace) -> list[Row]:
    """The finished runs of this setting."""
    lines = args.results.read_text(encoding="utf-8").splitlines() if args.results.exists() else []
    return [row for row in map(json.loads, lines) if setting(args).items() <= row.items()]


def spread(values: list[float], form: str) -> str:
    """Mean ± standard deviation."""
    return f"{statistics.mean(values):{form}} ± {statistics.stdev(values) if len(values) > 1 else 0:.2f}"


def table(rows: list[Row]) -> str:
    """The page: mean and standard deviation over seeds, tiles beside thin, differences paired by seed."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"| {' | '.join('---' for _ in COLUMNS)} |"]
    for percent in PERCENTS:
        found = {(str(r["name"]), r["seed"]): r for r in rows if r["percent"] == percent}
        pairs = [
            (found["tiles", s], row) for (name, s), row in found.items() if name == "thin" and ("tiles", s) in found
        ]
        if pairs:
            lines.append(f"| {percent}% | {' | '.join(cells(pairs))} |")
    return "\n".join(lines)


def cells(pairs: list[tuple[Row, Row]]) -> Iterator[str]:
    """A line of the table, from the rows of tiled and thin networks of one seed each."""
    sides = [[pair[side] for pair in pairs] for side in (0, 1)]
    yield from (f"{side[0]['parameters']:,}" for side in sides)
    top1 = [[100 * float(str(row["top1"])) for row in side] for side in sides]
    yield from (spread(side, ".2f") for side in top1)
    yield spread([tiles - thin_ for tiles, thin_ in zip(*top1, strict=True)], "+.2f")
    yield from (spread([float(str(row["nll"])) for row in side], ".2f") for side in sides)
    yield str(len(pairs))


def main() -> None:
    """Measure, or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--results", type=Path, default=Path("runs/tile_ablation.jsonl"))
    parser.add_argument("--images", type=int, default=3000)
    parser.add_argument("--tests", type=int, default=5000)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--precision", choices=["32-true", "bf16-mixed"], default="bf16-mixed")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--table", action="store_true", help="print the table of what is measured")
    args = parser.parse_args()
    if not args.table:
        measure(args)
    print(table(results(args)))
    print(f"{platform.machine()} CPU, {torch.get_num_threads()} threads, torch {torch.__version__}")


if __name__ == "__main__":
    main()
