# Written by swc from digits.sw (sha256 3a2293c146854cca); edit the spec and compile again.
# text e28efe58e9cfe30f of ../specs/digits.sw; swc replaces no file that was edited.
"""Family digits: 3 members in 277,522 of at most 277,879 parameters."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from torch import Tensor, nn

from swc_runtime import (
    Cluster,
    Crop,
    Family,
    GradientRefinement,
    GradientSearch,
    Layers,
    OneCycle,
    Plan,
    Recipe,
    Sgd,
    SuperWeight,
    Weights,
)


class WideBlock(nn.Module):
    """Block wide_block (arch/wrn.sw:5)."""

    def __init__(self, weights: Weights, channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = weights.conv2d("conv1", channels, width, 3, stride=stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = weights.conv2d("conv2", width, width, 3)
        self.shortcut = None
        if channels != width or stride != 1:
            self.shortcut = weights.conv2d("shortcut", channels, width, 1, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (B, channels, H, W) to (B, width, H/stride, W/stride)."""
        act = F.relu(self.bn1(x))
        y: Tensor = self.conv1(act)  # (B, width, H/stride, W/stride)
        y = self.conv2(F.relu(self.bn2(y)))
        skip: Tensor = x if self.shortcut is None else self.shortcut(act)
        return y + skip


class Wrn(nn.Module):
    """Architecture wrn (arch/wrn.sw:13)."""

    def __init__(self, weights: Weights, channels: int, classes: int, depth: int, widen: int = 1) -> None:
        super().__init__()
        n = (depth - 4) // 6
        self.stem = weights.conv2d("stem", channels, 16, 3)
        channels = 16
        self.group1 = nn.ModuleList()
        for i in range(n):
            self.group1.append(WideBlock(weights.scope(f"group1.{i}"), channels, 16 * widen))
            channels = 16 * widen
        self.group2 = nn.ModuleList()
        for i in range(n):
            self.group2.append(WideBlock(weights.scope(f"group2.{i}"), channels, 32 * widen, stride=2 if i == 0 else 1))
            channels = 32 * widen
        self.group3 = nn.ModuleList()
        for i in range(n):
            self.group3.append(WideBlock(weights.scope(f"group3.{i}"), channels, 64 * widen, stride=2 if i == 0 else 1))
            channels = 64 * widen
        self.norm = nn.BatchNorm2d(channels)
        self.fc = weights.linear("fc", channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (B, channels, H, W) to logits (B, classes)."""
        y: Tensor = self.stem(x)  # (B, 16, H, W)
        for block in self.group1:
            y = block(y)
        for block in self.group2:
            y = block(y)
        for block in self.group3:
            y = block(y)
        logits: Tensor = self.fc(torch.mean(F.relu(self.norm(y)), (2, 3)))
        return logits


# What is shared: one SuperWeight to a line, layers grouped by the shape (out, in) of their weights.
# fmt: off
PLAN = Plan(
    family="digits",
    structure="baae8dcdfb00b599",
    budget=277_879,
    parameters=277_522,
    clusters={
        "conv1x1": Cluster(kernel=(1, 1), fan_in=64, layers=(
            Layers((32, 16), ("deep.group2.0.shortcut", "wide.group1.0.shortcut", "slim.group2.0.shortcut")),
            Layers((64, 32), ("deep.group3.0.shortcut", "wide.group2.0.shortcut", "slim.group3.0.shortcut")),
            Layers((128, 64), ("wide.group3.0.shortcut",)),
        ), superweights=(
            #           id              rows       columns   templates vectors
            SuperWeight("conv1x1@0,0",  (0, 32),   (0, 16),  5,        7),
            SuperWeight("conv1x1@0,16", (0, 32),   (16, 32), 4,        4),
            SuperWeight("conv1x1@0,32", (0, 64),   (32, 64), 1,        1),
            SuperWeight("conv1x1@32,0", (32, 64),  (0, 32),  3,        4),
            SuperWeight("conv1x1@64,0", (64, 128), (0, 64),  1,        1),
        )),
        "conv3x3": Cluster(kernel=(3, 3), fan_in=1152, layers=(
            Layers((16, 16), (
                "deep.group1.0.conv1", "deep.group1.0.conv2", "deep.group1.1.conv1", "deep.group1.1.conv2",
                "slim.group1.0.conv1", "slim.group1.0.conv2",
            )),
            Layers((32, 16), ("deep.group2.0.conv1", "wide.group1.0.conv1", "slim.group2.0.conv1")),
            Layers((32, 32), (
                "deep.group2.0.conv2", "deep.group2.1.conv1", "deep.group2.1.conv2", "wide.group1.0.conv2",
                "slim.group2.0.conv2",
            )),
            Layers((64, 32), ("deep.group3.0.conv1", "wide.group2.0.conv1", "slim.group3.0.conv1")),
            Layers((64, 64), (
                "deep.group3.0.conv2", "deep.group3.1.conv1", "deep.group3.1.conv2", "wide.group2.0.conv2",
                "slim.group3.0.conv2",
            )),
            Layers((128, 64), ("wide.group3.0.conv1",)),
            Layers((128, 128), ("wide.group3.0.conv2",)),
        ), superweights=(
            #           id              rows       columns    templates vectors
            SuperWeight("conv3x3@0,0",  (0, 16),   (0, 16),   3,        24),
            SuperWeight("conv3x3@0,16", (0, 32),   (16, 32),  3,        15),
            SuperWeight("conv3x3@0,32", (0, 64),   (32, 64),  3,        7),
            SuperWeight("conv3x3@0,64", (0, 128),  (64, 128), 1,        1),
            SuperWeight("conv3x3@16,0", (16, 32),  (0, 16),   3,        18),
            SuperWeight("conv3x3@32,0", (32, 64),  (0, 32),   3,        10),
            SuperWeight("conv3x3@64,0", (64, 128), (0, 64),   2,        2),
        )),
    },
)
# fmt: on


class Digits(Family):
    """Family digits: 3 members in 277,522 of at most 277,879 parameters.

    The members, and the parameters that each would have alone:

    - deep = wrn(depth=16, widen=1): 174,778
    - wide = wrn(depth=10, widen=2): 303,418
    - slim = wrn(depth=10, widen=1): 77,562
    """

    plan = PLAN
    recipe = Recipe(
        epochs=8,
        batch=64,
        optimizer=Sgd(lr=0.1, momentum=0.9, nesterov=True, decay=0.0005),
        schedule=OneCycle(warmup=0.3),
        augment=(Crop(padding=1),),
        smoothing=0.0,
    )
    search = GradientSearch(threshold=0.05, epochs=3)
    refinement = GradientRefinement(threshold=0.9, after=2)
    input = (1, 8, 8)
    classes = 10
    architectures: ClassVar[dict[str, Callable[[Weights], nn.Module]]] = {
        "deep": partial(Wrn, channels=1, classes=10, depth=16, widen=1),
        "wide": partial(Wrn, channels=1, classes=10, depth=10, widen=2),
        "slim": partial(Wrn, channels=1, classes=10, depth=10, widen=1),
    }
