"""Attention, factorised and depthwise convolutions from a spec to a trained family: every kind of layer shares."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import Result

from swc.compiler import compile_spec
from swc.lock import read_lock
from swc.pipeline.modules import load_family_class

Swc = Callable[..., Result]
LOOK = ("--data", "digits", "--quiet", "--accelerator", "cpu")

SPEC = """sw 1

block inverted(width: int, kernel: list) {
    y = relu(bn(expand: conv(x, 2 * width, 1)))
    y = relu(bn(depthwise: conv(y, 2 * width, kernel, groups=2 * width)))
    return x + project: conv(y, width, 1)
}

arch mobile(width: int, rounds: int) {
    y = stem: conv(x, width, 3)
    repeat rounds as i {
        y = blocks: inverted(y, width, [3, 1])
        y = others: inverted(y, width, [1, 3])
    }
    return fc: linear(global_pool(relu(norm: bn(y))), classes)
}

family mixed {
    input  image(1, 8, 8)
    output classes(10)
    budget 70% of members
    member vit_small = vit(depth=2, width=16, heads=2, patch=2)
    member vit_large = vit(depth=2, width=24, heads=4, patch=2)
    member conv      = mobile(width=16, rounds=2)
    share {
        clusters gradient(threshold=0.1, epochs=1)
        refine   gradient(threshold=0.9, after=1)
        private  *.stem
        tie      *.query, *.key
        apart    *.up, *.down
        templates 1..3 for *.value
    }
    train { epochs 4  batch 32  sgd(lr=0.05, momentum=0.9, nesterov)  cosine(warmup=1) }
}
"""


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    path = tmp_path / "mixed.sw"
    path.write_text(SPEC, encoding="utf-8")
    return path


def test_a_family_of_transformers_and_convolutions_is_searched_refined_and_measured(
    swc: Swc, mixed: Path, tmp_path: Path
) -> None:
    trained = swc("train", mixed, *LOOK)
    assert trained.exit_code == 0, trained.output
    lock = read_lock(tmp_path / "mixed.lock", "mixed.lock")
    home = {layer: cluster for cluster, layers in lock.clusters.items() for layer in layers}
    projections = {home[name] for name in home if name.endswith((".query", ".key"))}
    assert len(projections) == 1
    assert not {home[n] for n in home if n.endswith(".up")} & {home[n] for n in home if n.endswith(".down")}
    kernels = {tuple(shape[2:]) for layers in lock.clusters.values() for shape in layers.values()}
    assert kernels == {(1, 1), (3, 1), (1, 3)}
    scores = json.loads(swc("eval", mixed, *LOOK, "--format", "json").output)["scores"]
    assert len(scores) == 7
    assert all(score["top1"] > 0.3 for score in scores)  # four epochs of 1,442 images; chance is 0.1


def test_one_graph_and_frozen_members_compute_the_same(mixed: Path, tmp_path: Path) -> None:
    compiled = compile_spec(mixed)
    module = tmp_path / compiled.file_name
    module.write_text(compiled.text(), encoding="utf-8")
    torch.manual_seed(0)
    family = load_family_class(module)().eval()
    x = torch.randn(4, 1, 8, 8)
    with torch.no_grad():
        expected = family(x)
        torch.testing.assert_close(torch.compile(family, backend="eager", fullgraph=True)(x), expected)
        for logits, network in zip(expected, family.freeze().values(), strict=True):
            torch.testing.assert_close(network(x), logits, rtol=1e-4, atol=1e-5)
        last = family.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
        torch.testing.assert_close(last, expected, rtol=1e-4, atol=1e-5)
        with torch.autocast("cpu", torch.bfloat16):
            rough = family(x)
    torch.testing.assert_close(rough.float(), expected, rtol=0.1, atol=0.1)
