"""Two small families written by hand in the shape of generated code: shapes that do not nest, and a folded variant.

Members take (batch, 1, 8, 8) images and tell ten classes apart, so both train on scikit-learn's digits.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from torch import Tensor, nn

from swc_runtime import (
    Cluster,
    Family,
    GradientRefinement,
    GradientSearch,
    Layers,
    Plan,
    Recipe,
    Sgd,
    Steps,
    SuperWeight,
    Tiles,
    Weights,
)


class Block(nn.Module):
    """Pre-activation block."""

    def __init__(self, weights: Weights, channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = weights.conv2d("conv1", channels, width, 3, stride=stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = weights.conv2d("conv2", width, width, 3)
        self.shortcut = (
            None
            if channels == width and stride == 1
            else weights.conv2d("shortcut", channels, width, 1, stride=stride, bias=True)
        )

    def forward(self, x: Tensor) -> Tensor:  # (B, channels, H, W)
        act = F.relu(self.bn1(x))
        y = self.conv2(F.relu(self.bn2(self.conv1(act))))  # (B, width, H/stride, W/stride)
        return y + (x if self.shortcut is None else self.shortcut(act))


class Net(nn.Module):
    """A stem, two groups of blocks, a head."""

    def __init__(self, weights: Weights, channels: int, classes: int, width: int, last: int, blocks: int) -> None:
        super().__init__()
        self.stem = weights.conv2d("stem", channels, 8, 3)
        self.group1 = nn.ModuleList()
        for i in range(blocks):
            self.group1.append(Block(weights.scope(f"group1.{i}"), 8 if i == 0 else width, width))
        self.group2 = nn.ModuleList()
        for i in range(blocks):
            self.group2.append(
                Block(weights.scope(f"group2.{i}"), width if i == 0 else last, last, stride=2 if i == 0 else 1)
            )
        self.bn = nn.BatchNorm2d(last)
        self.fc = weights.linear("fc", last, classes)

    def forward(self, x: Tensor) -> Tensor:  # (B, channels, H, W)
        x = self.stem(x)
        for block in self.group1:
            x = block(x)
        for block in self.group2:
            x = block(x)  # (B, last, H/2, W/2)
        x = F.relu(self.bn(x)).mean((2, 3))
        return self.fc(x)


CONV3X3_LAYERS = (
    Layers((8, 8), ("deep.group1.0.conv1", "deep.group1.0.conv2", "deep.group1.1.conv1", "deep.group1.1.conv2")),
    Layers((12, 8), ("wide.group1.0.conv1",)),
    Layers((12, 12), ("wide.group1.0.conv2",)),
    Layers((16, 8), ("deep.group2.0.conv1",)),
    Layers((16, 16), ("deep.group2.0.conv2", "deep.group2.1.conv1", "deep.group2.1.conv2")),
    Layers((20, 12), ("wide.group2.0.conv1",)),
    Layers((20, 20), ("wide.group2.0.conv2",)),
)

PLAN = Plan(
    family="mini",
    structure="handmade-1",
    budget=11_000,
    parameters=10_962,
    clusters={
        "conv3x3": Cluster(
            kernel=(3, 3),
            fan_in=144,
            layers=CONV3X3_LAYERS,
            superweights=(
                SuperWeight("conv3x3@0,0", (0, 8), (0, 8), templates=4, vectors=12),
                SuperWeight("conv3x3@8,0", (8, 12), (0, 8), templates=4, vectors=8),
                SuperWeight("conv3x3@0,8", (0, 12), (8, 12), templates=3, vectors=6),
                SuperWeight("conv3x3@12,0", (12, 16), (0, 8), templates=3, vectors=6),
                SuperWeight("conv3x3@12,8", (12, 16), (8, 12), templates=3, vectors=5),
                SuperWeight("conv3x3@0,12", (0, 16), (12, 16), templates=3, vectors=4),
                SuperWeight("conv3x3@16,0", (16, 20), (0, 12), templates=2, vectors=2),
                SuperWeight("conv3x3@0,16", (0, 16), (16, 20), templates=1, vectors=1),
                SuperWeight("conv3x3@16,12", (16, 20), (12, 20), templates=1, vectors=1),
            ),
        ),
        "conv1x1": Cluster(
            kernel=(1, 1),
            fan_in=8,
            layers=(
                Layers((12, 8), ("wide.group1.0.shortcut",)),
                Layers((16, 8), ("deep.group2.0.shortcut",)),
                Layers((20, 12), ("wide.group2.0.shortcut",)),
            ),
            superweights=(
                SuperWeight("conv1x1@0,0", (0, 12), (0, 8), templates=2, vectors=3),
                SuperWeight("conv1x1@12,0", (12, 16), (0, 8), templates=2, vectors=2),
                SuperWeight("conv1x1@0,8", (0, 16), (8, 12), templates=1, vectors=1),
                SuperWeight("conv1x1@16,0", (16, 20), (0, 12), templates=1, vectors=1),
            ),
        ),
        "heads": Cluster(
            kernel=(1, 1),
            fan_in=16,
            layers=(Layers((10, 16), ("deep.fc",)), Layers((10, 20), ("wide.fc",))),
            superweights=(
                SuperWeight("heads@0,0", (0, 10), (0, 16), templates=2, vectors=2),
                SuperWeight("heads@0,16", (0, 10), (16, 20), templates=1, vectors=1),
            ),
        ),
    },
)

FOLDED = dataclasses.replace(
    PLAN,
    family="mini_folded",
    structure="handmade-2",
    budget=2_800,
    parameters=2_773,
    clusters={
        **PLAN.clusters,
        "conv3x3": Cluster(
            kernel=(3, 3),
            fan_in=144,
            layers=CONV3X3_LAYERS,
            tiles=Tiles(rows=8, columns=6, templates=3, refinable=True),
        ),
    },
)


class Mini(Family):
    """Two members over clusters of whole SuperWeights."""

    plan = PLAN
    recipe = Recipe(
        epochs=4,
        batch=64,
        optimizer=Sgd(lr=0.1, momentum=0.9, nesterov=True, decay=5e-4),
        schedule=Steps((3,), gamma=0.2),
    )
    search = GradientSearch(threshold=0.1, epochs=1)
    refinement = GradientRefinement(threshold=0.9, after=2)
    input = (1, 8, 8)
    classes = 10
    architectures: ClassVar = {
        "deep": partial(Net, channels=1, classes=10, width=8, last=16, blocks=2),
        "wide": partial(Net, channels=1, classes=10, width=12, last=20, blocks=1),
    }


class FoldedMini(Mini):
    """The same members, their 3x3 convolutions folded into tiles."""

    plan = FOLDED


def divided(kind: type[Family]) -> Family:
    """A family in evaluation mode whose norms have seen images, and half of whose layers read vectors of their own."""
    torch.manual_seed(0)
    family = kind()
    family(torch.randn(3, *family.input))
    superweight = family.bank.superweights["conv3x3@0,0"]
    family.bank.split(superweight.id, [superweight.users[::2], superweight.users[1::2]])
    return family.eval()
