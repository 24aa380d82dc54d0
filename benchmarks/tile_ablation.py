"""Tiles against a thin network of equal size, on Fashion-MNIST: is folding worth it?

At 1%, 5% and 10% of a WRN-10-4, the folded network (full width, weights mixed from tiles) and a thin WRN-10 of at most
the same number of parameters are trained alike: same images, epochs, recipe and seeds. Each finished run is a line in
the results file, so that an interrupted ablation goes on where it stopped; ``--table`` prints what there is.

    python benchmarks/tile_ablation.py --data-dir data --results runs/tile_ablation.jsonl
    python benchmarks/tile_ablation.py --results runs/tile_ablation.jsonl --table
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from swc.check import check_text
from swc.compiler import compile_spec
from swc.elaborate import elaborate
from swc.pipeline.modules import load_family_class
from swc_runtime.datasets import Dataset, TensorSplit, load
from swc_runtime.evaluation import evaluate
from swc_runtime.training import TrainOptions, train

PERCENTS = (1, 5, 10)
DEPTH, WIDEN = 10, 4

SPEC = """sw 1

use wide_block from wrn

arch thin(depth: int, width: int) {{
    n = (depth - 4) / 6
    y = stem: conv(x, min(16, width), 3)
    repeat n {{ y = group1: wide_block(y, width) }}
    repeat n as i {{ y = group2: wide_block(y, 2 * width, stride=if i == 0 then 2 else 1) }}
    repeat n as i {{ y = group3: wide_block(y, 4 * width, stride=if i == 0 then 2 else 1) }}
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


def thin_width(limit: int) -> int:
    """The largest base width whose thin network has at most ``limit`` parameters."""
    width = 1
    while parameters(f"thin({DEPTH}, {width + 1})") <= limit:
        width += 1
    return width


def contenders(epochs: int) -> Iterator[tuple[int, str, str]]:
    """(percent, name, spec) of every network to train; 100% is the plain network, for scale."""
    whole = f"wrn(depth={DEPTH}, widen={WIDEN})"
    alone = parameters(whole)
    for percent in PERCENTS:
        yield percent, "tiles", spec(whole, f"{percent}% of {whole}", "*.stem", epochs)
        thin = f"thin({DEPTH}, {thin_width(alone * percent // 100)})"
        yield percent, "thin", spec(thin, f"{percent}% of {whole}", "*", epochs)


def run(text: str, data: Dataset, seed: int) -> dict[str, object]:
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
    train(family, data, TrainOptions(seed=seed))
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


def measure(args: argparse.Namespace) -> None:
    """Train what is not in the results file yet."""
    data = load("fashion-mnist", args.data_dir, input=(1, 28, 28), classes=10)
    data = limited(data, args.images, args.tests)
    setting = {"images": args.images, "tests": args.tests, "epochs": args.epochs}
    done = {(r["percent"], r["name"], r["seed"]) for r in results(args.results) if setting.items() <= r.items()}
    args.results.parent.mkdir(parents=True, exist_ok=True)
    for seed in range(args.seeds):
        for percent, name, text in contenders(args.epochs):
            if (percent, name, seed) in done:
                continue
            row = {"percent": percent, "name": name, "seed": seed, **setting, **run(text, data, seed)}
            with args.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(row, flush=True)


def results(path: Path) -> list[dict[str, object]]:
    """The finished runs."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def table(rows: list[dict[str, object]]) -> str:
    """The page: mean and standard deviation over seeds, tiles beside thin."""
    lines = [
        "| budget | parameters, tiles | parameters, thin | top-1 %, tiles | top-1 %, thin | difference | n |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for percent in PERCENTS:
        pair = {name: [r for r in rows if (r["percent"], r["name"]) == (percent, name)] for name in ("tiles", "thin")}
        top1 = {name: {int(str(r["seed"])): 100 * float(str(r["top1"])) for r in found} for name, found in pair.items()}
        seeds = sorted(top1["tiles"].keys() & top1["thin"].keys())
        if not seeds:
            continue
        shown = [f"{percent}%"] + [f"{pair[name][0]['parameters']:,}" for name in pair]
        for name in pair:
            values = [top1[name][s] for s in seeds]
            shown.append(f"{statistics.mean(values):.2f} ± {statistics.stdev(values) if len(values) > 1 else 0:.2f}")
        shown.append(f"{statistics.mean(top1['tiles'][s] - top1['thin'][s] for s in seeds):+.2f}")
        lines.append(f"| {' | '.join([*shown, str(len(seeds))])} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--results", type=Path, default=Path("runs/tile_ablation.jsonl"))
    parser.add_argument("--images", type=int, default=3000)
    parser.add_argument("--tests", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--table", action="store_true", help="print the table of what is measured")
    args = parser.parse_args()
    if not args.table:
        measure(args)
    print(table(results(args.results)))
    print(f"{platform.machine()} CPU, {torch.get_num_threads()} threads, torch {torch.__version__}")


if __name__ == "__main__":
    main()
