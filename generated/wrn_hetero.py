# Written by swc from wrn_hetero.sw (sha256 36758641b8d60650); edit the spec and compile again.
# text d143a1902f9e7686 of ../specs/wrn_hetero.sw; swc replaces no file that was edited.
"""Family wrn_hetero: 4 members in 36,499,989 of at most 36,500,000 parameters."""

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
    family="wrn_hetero",
    structure="f40bad22ec99733a",
    budget=36_500_000,
    parameters=36_499_989,
    clusters={
        "conv1x1": Cluster(kernel=(1, 1), fan_in=384, layers=(
            Layers((128, 16), ("deep.group1.0.shortcut", "slim.group1.0.shortcut")),
            Layers((160, 16), ("mid.group1.0.shortcut",)),
            Layers((192, 16), ("wide.group1.0.shortcut",)),
            Layers((256, 128), ("deep.group2.0.shortcut", "slim.group2.0.shortcut")),
            Layers((320, 160), ("mid.group2.0.shortcut",)),
            Layers((384, 192), ("wide.group2.0.shortcut",)),
            Layers((512, 256), ("deep.group3.0.shortcut", "slim.group3.0.shortcut")),
            Layers((640, 320), ("mid.group3.0.shortcut",)),
            Layers((768, 384), ("wide.group3.0.shortcut",)),
        ), superweights=(
            #           id               rows        columns     templates vectors
            SuperWeight("conv1x1@0,0",   (0, 128),   (0, 16),    7,        12),
            SuperWeight("conv1x1@0,16",  (0, 192),   (16, 128),  7,        8),
            SuperWeight("conv1x1@0,128", (0, 256),   (128, 160), 6,        6),
            SuperWeight("conv1x1@0,160", (0, 320),   (160, 192), 5,        5),
            SuperWeight("conv1x1@0,192", (0, 384),   (192, 256), 4,        4),
            SuperWeight("conv1x1@0,256", (0, 512),   (256, 320), 2,        2),
            SuperWeight("conv1x1@0,320", (0, 640),   (320, 384), 1,        1),
            SuperWeight("conv1x1@128,0", (128, 160), (0, 16),    8,        10),
            SuperWeight("conv1x1@160,0", (160, 192), (0, 16),    7,        9),
            SuperWeight("conv1x1@192,0", (192, 256), (0, 128),   7,        8),
            SuperWeight("conv1x1@256,0", (256, 320), (0, 160),   6,        6),
            SuperWeight("conv1x1@320,0", (320, 384), (0, 192),   5,        5),
            SuperWeight("conv1x1@384,0", (384, 512), (0, 256),   4,        4),
            SuperWeight("conv1x1@512,0", (512, 640), (0, 320),   2,        2),
            SuperWeight("conv1x1@640,0", (640, 768), (0, 384),   1,        1),
        )),
        "conv3x3": Cluster(kernel=(3, 3), fan_in=6912, layers=(
            Layers((128, 16), ("deep.group1.0.conv1", "slim.group1.0.conv1")),
            Layers((128, 128), (
                "deep.group1.0.conv2", "deep.group1.1.conv1", "deep.group1.1.conv2", "deep.group1.2.conv1",
                "deep.group1.2.conv2", "deep.group1.3.conv1", "deep.group1.3.conv2", "deep.group1.4.conv1",
                "deep.group1.4.conv2", "slim.group1.0.conv2", "slim.group1.1.conv1", "slim.group1.1.conv2",
                "slim.group1.2.conv1", "slim.group1.2.conv2", "slim.group1.3.conv1", "slim.group1.3.conv2",
            )),
            Layers((160, 16), ("mid.group1.0.conv1",)),
            Layers((160, 160), (
                "mid.group1.0.conv2", "mid.group1.1.conv1", "mid.group1.1.conv2", "mid.group1.2.conv1",
                "mid.group1.2.conv2", "mid.group1.3.conv1", "mid.group1.3.conv2",
            )),
            Layers((192, 16), ("wide.group1.0.conv1",)),
            Layers((192, 192), (
                "wide.group1.0.conv2", "wide.group1.1.conv1", "wide.group1.1.conv2", "wide.group1.2.conv1",
                "wide.group1.2.conv2", "wide.group1.3.conv1", "wide.group1.3.conv2",
            )),
            Layers((256, 128), ("deep.group2.0.conv1", "slim.group2.0.conv1")),
            Layers((256, 256), (
                "deep.group2.0.conv2", "deep.group2.1.conv1", "deep.group2.1.conv2", "deep.group2.2.conv1",
                "deep.group2.2.conv2", "deep.group2.3.conv1", "deep.group2.3.conv2", "deep.group2.4.conv1",
                "deep.group2.4.conv2", "slim.group2.0.conv2", "slim.group2.1.conv1", "slim.group2.1.conv2",
                "slim.group2.2.conv1", "slim.group2.2.conv2", "slim.group2.3.conv1", "slim.group2.3.conv2",
            )),
            Layers((320, 160), ("mid.group2.0.conv1",)),
            Layers((320, 320), (
                "mid.group2.0.conv2", "mid.group2.1.conv1", "mid.group2.1.conv2", "mid.group2.2.conv1",
                "mid.group2.2.conv2", "mid.group2.3.conv1", "mid.group2.3.conv2",
            )),
            Layers((384, 192), ("wide.group2.0.conv1",)),
            Layers((384, 384), (
                "wide.group2.0.conv2", "wide.group2.1.conv1", "wide.group2.1.conv2", "wide.group2.2.conv1",
                "wide.group2.2.conv2", "wide.group2.3.conv1", "wide.group2.3.conv2",
            )),
            Layers((512, 256), ("deep.group3.0.conv1", "slim.group3.0.conv1")),
            Layers((512, 512), (
                "deep.group3.0.conv2", "deep.group3.1.conv1", "deep.group3.1.conv2", "deep.group3.2.conv1",
                "deep.group3.2.conv2", "deep.group3.3.conv1", "deep.group3.3.conv2", "deep.group3.4.conv1",
                "deep.group3.4.conv2", "slim.group3.0.conv2", "slim.group3.1.conv1", "slim.group3.1.conv2",
                "slim.group3.2.conv1", "slim.group3.2.conv2", "slim.group3.3.conv1", "slim.group3.3.conv2",
            )),
            Layers((640, 320), ("mid.group3.0.conv1",)),
            Layers((640, 640), (
                "mid.group3.0.conv2", "mid.group3.1.conv1", "mid.group3.1.conv2", "mid.group3.2.conv1",
                "mid.group3.2.conv2", "mid.group3.3.conv1", "mid.group3.3.conv2",
            )),
            Layers((768, 384), ("wide.group3.0.conv1",)),
            Layers((768, 768), (
                "wide.group3.0.conv2", "wide.group3.1.conv1", "wide.group3.1.conv2", "wide.group3.2.conv1",
                "wide.group3.2.conv2", "wide.group3.3.conv1", "wide.group3.3.conv2",
            )),
        ), superweights=(
            #           id                 rows        columns     templates vectors
            SuperWeight("conv3x3@0,0",     (0, 128),   (0, 16),    7,        102),
            SuperWeight("conv3x3@0,16",    (0, 128),   (16, 128),  7,        98),
            SuperWeight("conv3x3@0,128",   (0, 160),   (128, 160), 7,        80),
            SuperWeight("conv3x3@0,160",   (0, 192),   (160, 192), 7,        72),
            SuperWeight("conv3x3@0,192",   (0, 256),   (192, 256), 7,        64),
            SuperWeight("conv3x3@0,256",   (0, 320),   (256, 320), 7,        46),
            SuperWeight("conv3x3@0,320",   (0, 384),   (320, 384), 7,        38),
            SuperWeight("conv3x3@0,384",   (0, 512),   (384, 512), 7,        30),
            SuperWeight("conv3x3@0,512",   (0, 512),   (512, 640), 7,        14),
            SuperWeight("conv3x3@0,640",   (0, 640),   (640, 768), 6,        7),
            SuperWeight("conv3x3@128,0",   (128, 160), (0, 16),    8,        84),
            SuperWeight("conv3x3@128,16",  (128, 160), (16, 128),  7,        82),
            SuperWeight("conv3x3@160,0",   (160, 192), (0, 16),    8,        76),
            SuperWeight("conv3x3@160,16",  (160, 192), (16, 128),  7,        75),
            SuperWeight("conv3x3@160,128", (160, 192), (128, 160), 7,        73),
            SuperWeight("conv3x3@192,0",   (192, 256), (0, 128),   7,        68),
            SuperWeight("conv3x3@192,128", (192, 256), (128, 160), 7,        66),
            SuperWeight("conv3x3@192,160", (192, 256), (160, 192), 7,        65),
            SuperWeight("conv3x3@256,0",   (256, 320), (0, 160),   7,        50),
            SuperWeight("conv3x3@256,160", (256, 320), (160, 192), 7,        49),
            SuperWeight("conv3x3@256,192", (256, 320), (192, 256), 7,        48),
            SuperWeight("conv3x3@320,0",   (320, 384), (0, 192),   7,        42),
            SuperWeight("conv3x3@320,192", (320, 384), (192, 256), 7,        41),
            SuperWeight("conv3x3@320,256", (320, 384), (256, 320), 7,        39),
            SuperWeight("conv3x3@384,0",   (384, 512), (0, 256),   7,        34),
            SuperWeight("conv3x3@384,256", (384, 512), (256, 320), 7,        32),
            SuperWeight("conv3x3@384,320", (384, 512), (320, 384), 7,        31),
            SuperWeight("conv3x3@512,0",   (512, 640), (0, 320),   7,        16),
            SuperWeight("conv3x3@512,320", (512, 640), (320, 384), 7,        15),
            SuperWeight("conv3x3@512,384", (512, 640), (384, 640), 6,        14),
            SuperWeight("conv3x3@640,0",   (640, 768), (0, 384),   6,        8),
            SuperWeight("conv3x3@640,384", (640, 768), (384, 768), 6,        7),
        )),
    },
)
# fmt: on


class WrnHetero(Family):
    """Family wrn_hetero: 4 members in 36,499,989 of at most 36,500,000 parameters.

    The members, and the parameters that each would have alone:

    - deep = wrn(depth=34, widen=8): 29,597,748
    - wide = wrn(depth=28, widen=12): 52,587,060
    - mid = wrn(depth=28, widen=10): 36,536,884
    - slim = wrn(depth=28, widen=8): 23,401,012
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
        "deep": partial(Wrn, channels=3, classes=100, depth=34, widen=8),
        "wide": partial(Wrn, channels=3, classes=100, depth=28, widen=12),
        "mid": partial(Wrn, channels=3, classes=100, depth=28, widen=10),
        "slim": partial(Wrn, channels=3, classes=100, depth=28, widen=8),
    }
