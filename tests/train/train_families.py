"""A small family written by hand, and data that it can learn: what the tests of training and measuring share."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from swc_runtime.datasets import Dataset, TensorSplit, load
from swc_runtime.datasets.dataset import tensor_dataset
from swc_runtime.family import Family
from swc_runtime.plan import Cluster, Layers, Plan, SuperWeight
from swc_runtime.recipe import Crop, Flip, GradientRefinement, GradientSearch, Recipe, Sgd, Steps
from swc_runtime.training import Session, TrainOptions, open_fabric, timetable
from swc_runtime.weights import Weights


class Net(nn.Module):
    """Two 3×3 convolutions of one width between a stem and a head of its own."""

    def __init__(self, weights: Weights, width: int, channels: int = 1, classes: int = 10) -> None:
        super().__init__()
        self.stem = weights.conv2d("stem", channels, width, 3)
        self.bn0 = nn.BatchNorm2d(width)
        self.conv1 = weights.conv2d("conv1", width, width, 3)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = weights.conv2d("conv2", width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.head = weights.linear("head", width * 4, classes)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn0(self.stem(x)))
        y = F.relu(self.bn1(self.conv1(y)))
        y = F.relu(self.bn2(self.conv2(y)))
        return self.head(F.adaptive_avg_pool2d(y, 2).flatten(1))


CLUSTERS = {
    "conv3x3": Cluster(
        kernel=(3, 3),
        fan_in=54,
        layers=(Layers((6, 6), ("small.conv1", "small.conv2")), Layers((8, 8), ("large.conv1", "large.conv2"))),
        superweights=(
            SuperWeight("conv3x3@0,0", (0, 6), (0, 6), templates=3, vectors=4),
            SuperWeight("conv3x3@0,6", (0, 6), (6, 8), templates=2, vectors=2),
            SuperWeight("conv3x3@6,0", (6, 8), (0, 8), templates=1, vectors=2),
        ),
    ),
}


class Tiny(Family):
    """Members of widths 6 and 8 that share their inner convolutions."""

    plan = Plan("tiny", "structure-1", 100_000, 0, CLUSTERS)
    recipe = Recipe(
        epochs=4,
        batch=32,
        optimizer=Sgd(0.1, 0.9, nesterov=True, decay=5e-4),
        schedule=Steps((3,), 0.2),
        augment=(Crop(1), Flip()),
    )
    search = GradientSearch(threshold=0.1, epochs=1)
    refinement = GradientRefinement(threshold=0.9, after=2)
    input = (1, 8, 8)
    classes = 10
    architectures = MappingProxyType(
        {
            "small": lambda weights: Net(weights, 6),
            "large": lambda weights: Net(weights, 8),
        }
    )


def tiny(seed: int = 0) -> Tiny:
    torch.manual_seed(seed)
    return Tiny()


def digits(limit: int | None = None) -> Dataset:
    return load("digits", Path("unused"), input=(1, 8, 8), classes=10).limited(limit)


def noise(count: int = 64, shape: tuple[int, int, int] = (1, 8, 8), classes: int = 10, seed: int = 0) -> Dataset:
    generator = torch.Generator().manual_seed(seed)

    def split(size: int) -> TensorSplit:
        images = torch.randint(0, 256, (size, *shape), generator=generator, dtype=torch.uint8)
        return TensorSplit(images, torch.randint(0, classes, (size,), generator=generator))

    return tensor_dataset("noise", split(count), split(count), classes)


def session_of(family, data, **options):
    chosen = TrainOptions(accelerator="cpu", **options)
    return Session(family, data, chosen, open_fabric(chosen), timetable(family.recipe, None, None))


class Pull(nn.Module):
    """Adds what ``a`` and ``c`` say and takes away what ``b`` says: with one weight, b's gradient opposes theirs."""

    def __init__(self, weights) -> None:
        super().__init__()
        self.a = weights.conv2d("a", 1, 4, 3)
        self.b = weights.conv2d("b", 1, 4, 3)
        self.c = weights.conv2d("c", 1, 4, 3)

    def forward(self, x):
        return (self.a(x) + self.c(x) - self.b(x)).mean((2, 3))


class TugOfWar(Family):
    plan = Plan(
        "tug",
        "s",
        1000,
        0,
        {
            "conv3x3": Cluster(
                (3, 3),
                9,
                (Layers((4, 1), ("one.a", "one.b", "one.c")),),
                (SuperWeight("conv3x3@0,0", (0, 4), (0, 1), templates=3, vectors=3),),
            )
        },
    )
    recipe = Recipe(epochs=1, batch=16)
    input = (1, 6, 6)
    classes = 4
    architectures = MappingProxyType({"one": Pull})
