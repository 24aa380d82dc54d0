# Written by swc from wrn_28_10_at_1pct.sw (sha256 012f053cec7f843f); edit the spec and compile again.
# text ff2b97ac55c79aa6 of ../specs/paper/wrn_28_10_at_1pct.sw; swc replaces no file that was edited.
"""Family wrn_28_10_at_1pct: 1 member in 365,105 of at most 365,368 parameters."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from torch import Tensor, nn

from swc_runtime import (
    Cluster,
    Crop,
    Cutout,
    Family,
    Flip,
    GradientRefinement,
    GradientSearch,
    Layers,
    Plan,
    Recipe,
    Sgd,
    Steps,
    Tiles,
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
    family="wrn_28_10_at_1pct",
    structure="1523fedf196b5d1d",
    budget=365_368,
    parameters=365_105,
    clusters={
        "conv1x1": Cluster(kernel=(1, 1), fan_in=320, layers=(
            Layers((160, 16), ("net.group1.0.shortcut",)),
            Layers((320, 160), ("net.group2.0.shortcut",)),
            Layers((640, 320), ("net.group3.0.shortcut",)),
        ), tiles=Tiles(rows=54, columns=54, templates=5, refinable=True)),
        "conv3x3": Cluster(kernel=(3, 3), fan_in=5760, layers=(
            Layers((160, 16), ("net.group1.0.conv1",)),
            Layers((160, 160), (
                "net.group1.0.conv2", "net.group1.1.conv1", "net.group1.1.conv2", "net.group1.2.conv1",
                "net.group1.2.conv2", "net.group1.3.conv1", "net.group1.3.conv2",
            )),
            Layers((320, 160), ("net.group2.0.conv1",)),
            Layers((320, 320), (
                "net.group2.0.conv2", "net.group2.1.conv1", "net.group2.1.conv2", "net.group2.2.conv1",
                "net.group2.2.conv2", "net.group2.3.conv1", "net.group2.3.conv2",
            )),
            Layers((640, 320), ("net.group3.0.conv1",)),
            Layers((640, 640), (
                "net.group3.0.conv2", "net.group3.1.conv1", "net.group3.1.conv2", "net.group3.2.conv1",
                "net.group3.2.conv2", "net.group3.3.conv1", "net.group3.3.conv2",
            )),
        ), tiles=Tiles(rows=64, columns=56, templates=8, refinable=True)),
    },
)
# fmt: on


class Wrn2810At1pct(Family):
    """Family wrn_28_10_at_1pct: 1 member in 365,105 of at most 365,368 parameters.

    The members, and the parameters that each would have alone:

    - net = wrn(depth=28, widen=10): 36,536,884
    """

    plan = PLAN
    recipe = Recipe(
        epochs=200,
        batch=128,
        optimizer=Sgd(lr=0.1, momentum=0.9, nesterov=True, decay=0.0005),
        schedule=Steps(milestones=(60, 120, 160), gamma=0.2),
        augment=(Crop(padding=4), Flip(), Cutout(size=16)),
        smoothing=0.0,
    )
    search = GradientSearch(threshold=0.1, epochs=20)
    refinement = GradientRefinement(threshold=0.9, after=10)
    input = (3, 32, 32)
    classes = 100
    architectures: ClassVar[dict[str, Callable[[Weights], nn.Module]]] = {
        "net": partial(Wrn, channels=3, classes=100, depth=28, widen=10),
    }
