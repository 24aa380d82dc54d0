"""The whole of training on real images: a few thousand of Fashion-MNIST, one epoch, on the CPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
import torch
from train_families import Net, Tiny

from swc_runtime.datasets import load
from swc_runtime.datasets.kinds.fashion_mnist import _find
from swc_runtime.recipe import GradientSearch, OneCycle
from swc_runtime.search import search
from swc_runtime.training import TrainOptions, train

ROOT = Path(__file__).parents[3] / "shared" / "data"
CPU = TrainOptions(accelerator="cpu")


class Clothes(Tiny):
    recipe = replace(Tiny.recipe, epochs=1, schedule=OneCycle(0.3))
    refinement = replace(Tiny.refinement, after=0)
    input = (1, 28, 28)
    architectures = MappingProxyType({"small": lambda w: Net(w, 6), "large": lambda w: Net(w, 8)})


@pytest.mark.skipif(_find(ROOT) is None, reason="Fashion-MNIST is not beside the repository")
def test_a_family_learns_fashion_mnist():
    data = load("fashion-mnist", ROOT, input=(1, 28, 28), classes=10)
    assert (len(data.train), len(data.test)) == (60_000, 10_000)
    data = replace(data.limited(3000), test=data.test.subset(torch.arange(2000)))
    torch.manual_seed(0)
    found = search(Clothes(), data.limited(500), GradientSearch(0.1, 1), CPU)
    assert sorted(name for group in found.groups for name in group) == sorted(found.pools[0].layers)
    torch.manual_seed(0)
    history = train(Clothes(), data, CPU)
    assert history.refinement is not None
    assert history.evaluation is not None
    assert history.evaluation.ensemble.top1 > 0.6
