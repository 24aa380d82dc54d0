# Written by swc from fashion_mixed.sw (sha256 1e65201a080b7f5a); edit the spec and compile again.
# text 35a7db3ca0bdb097 of ../specs/fashion_mixed.sw; swc replaces no file that was edited.
"""Family fashion_mixed: 3 members in 611,832 of at most 614,667 parameters."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from torch import Tensor, nn

from swc_runtime import (
    Cluster,
    Cosine,
    Crop,
    Family,
    Flip,
    GradientRefinement,
    GradientSearch,
    Layers,
    Plan,
    Recipe,
    Sgd,
    SuperWeight,
    Weights,
    attention,
    positions,
)


class TransformerBlock(nn.Module):
    """Block transformer_block (arch/vit.sw:6)."""

    def __init__(self, weights: Weights, channels: int, heads: int, ratio: int = 4) -> None:
        super().__init__()
        self.heads = heads
        width = channels
        self.ln1 = nn.LayerNorm(channels)
        self.query = weights.linear("query", channels, width)
        self.key = weights.linear("key", channels, width)
        self.value = weights.linear("value", channels, width)
        self.out = weights.linear("out", width, width)
        self.ln2 = nn.LayerNorm(channels)
        self.up = weights.linear("up", channels, ratio * width)
        self.down = weights.linear("down", ratio * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Transform tokens (B, N, channels)."""
        y: Tensor = self.ln1(x)
        y = attention(self.query(y), self.key(y), self.value(y), heads=self.heads)
        y = x + self.out(y)
        out: Tensor = y + self.down(F.gelu(self.up(self.ln2(y))))
        return out


class Vit(nn.Module):
    """Architecture vit (arch/vit.sw:14)."""

    def __init__(
        self,
        weights: Weights,
        channels: int,
        classes: int,
        depth: int,
        width: int,
        heads: int,
        patch: int = 4,
        ratio: int = 4,
    ) -> None:
        super().__init__()
        self.stem = weights.conv2d("stem", channels, width, patch, stride=patch, padding=0, bias=True)
        self.blocks = nn.ModuleList()
        for i in range(depth):
            self.blocks.append(TransformerBlock(weights.scope(f"blocks.{i}"), width, heads, ratio))
        self.norm = nn.LayerNorm(width)
        self.fc = weights.linear("fc", width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (B, channels, H, W) to logits (B, classes)."""
        y: Tensor = self.stem(x)
        y = torch.flatten(positions(y), 2).transpose(1, 2)  # (B, N, width)
        for block in self.blocks:
            y = block(y)
        logits: Tensor = self.fc(torch.mean(self.norm(y), 1))
        return logits


class Factorised(nn.Module):
    """Block factorised (fashion_mixed.sw:6)."""

    def __init__(self, weights: Weights, channels: int, width: int, length: int) -> None:
        super().__init__()
        self.expand = weights.conv2d("expand", channels, 2 * width, 1)
        self.bn1 = nn.BatchNorm2d(2 * width)
        self.rows = weights.conv2d("rows", 2 * width, 2 * width, (1, length), groups=2 * width)
        self.bn2 = nn.BatchNorm2d(2 * width)
        self.columns = weights.conv2d("columns", 2 * width, 2 * width, (length, 1), groups=2 * width)
        self.bn3 = nn.BatchNorm2d(2 * width)
        self.project = weights.conv2d("project", 2 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Transform images (B, channels, H, W)."""
        y = F.relu(self.bn1(self.expand(x)))
        y = F.relu(self.bn2(self.rows(y)))
        y = F.relu(self.bn3(self.columns(y)))
        out: Tensor = x + self.project(y)
        return out


class FactorisedNet(nn.Module):
    """Architecture factorised_net (fashion_mixed.sw:13)."""

    def __init__(self, weights: Weights, channels: int, classes: int, width: int, rounds: int, length: int = 5) -> None:
        super().__init__()
        self.stem = weights.conv2d("stem", channels, width, 3, stride=2)
        self.blocks = nn.ModuleList()
        for i in range(rounds):
            self.blocks.append(Factorised(weights.scope(f"blocks.{i}"), width, width, length))
        self.norm = nn.BatchNorm2d(width)
        self.fc = weights.linear("fc", width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (B, channels, H, W) to logits (B, classes)."""
        y: Tensor = self.stem(x)  # (B, width, H/2, W/2)
        for block in self.blocks:
            y = block(y)
        logits: Tensor = self.fc(torch.mean(F.relu(self.norm(y)), (2, 3)))
        return logits


# What is shared: one SuperWeight to a line, layers grouped by the shape (out, in) of their weights.
# fmt: off
PLAN = Plan(
    family="fashion_mixed",
    structure="3fa8728aba00c3d2",
    budget=614_667,
    parameters=611_832,
    clusters={
        "conv1x1-bin1": Cluster(kernel=(1, 1), fan_in=128, layers=(
            Layers((64, 128), (
                "thrifty.blocks.0.project", "thrifty.blocks.1.project", "thrifty.blocks.2.project",
                "thrifty.blocks.3.project",
            )),
            Layers((128, 64), (
                "thrifty.blocks.0.expand", "thrifty.blocks.1.expand", "thrifty.blocks.2.expand",
                "thrifty.blocks.3.expand",
            )),
        ), superweights=(
            #           id                   rows       columns    templates vectors
            SuperWeight("conv1x1-bin1@0,0",  (0, 64),   (0, 64),   6,        8),
            SuperWeight("conv1x1-bin1@0,64", (0, 64),   (64, 128), 4,        4),
            SuperWeight("conv1x1-bin1@64,0", (64, 128), (0, 64),   4,        4),
        )),
        "conv1x1-bin2": Cluster(kernel=(1, 1), fan_in=128, layers=(
            Layers((64, 128), (
                "thrifty.blocks.4.project", "thrifty.blocks.5.project", "thrifty.blocks.6.project",
                "thrifty.blocks.7.project",
            )),
            Layers((128, 64), (
                "thrifty.blocks.4.expand", "thrifty.blocks.5.expand", "thrifty.blocks.6.expand",
                "thrifty.blocks.7.expand",
            )),
        ), superweights=(
            #           id                   rows       columns    templates vectors
            SuperWeight("conv1x1-bin2@0,0",  (0, 64),   (0, 64),   5,        8),
            SuperWeight("conv1x1-bin2@0,64", (0, 64),   (64, 128), 4,        4),
            SuperWeight("conv1x1-bin2@64,0", (64, 128), (0, 64),   4,        4),
        )),
        "conv1x5-bin1": Cluster(kernel=(1, 5), fan_in=5, layers=(
            Layers((128, 1), (
                "thrifty.blocks.0.rows", "thrifty.blocks.1.rows", "thrifty.blocks.2.rows", "thrifty.blocks.3.rows",
            )),
        ), superweights=(
            #           id                  rows      columns templates vectors
            SuperWeight("conv1x5-bin1@0,0", (0, 128), (0, 1), 4,        4),
        )),
        "conv1x5-bin2": Cluster(kernel=(1, 5), fan_in=5, layers=(
            Layers((128, 1), (
                "thrifty.blocks.4.rows", "thrifty.blocks.5.rows", "thrifty.blocks.6.rows", "thrifty.blocks.7.rows",
            )),
        ), superweights=(
            #           id                  rows      columns templates vectors
            SuperWeight("conv1x5-bin2@0,0", (0, 128), (0, 1), 4,        4),
        )),
        "conv5x1-bin1": Cluster(kernel=(5, 1), fan_in=5, layers=(
            Layers((128, 1), (
                "thrifty.blocks.0.columns", "thrifty.blocks.1.columns", "thrifty.blocks.2.columns",
                "thrifty.blocks.3.columns",
            )),
        ), superweights=(
            #           id                  rows      columns templates vectors
            SuperWeight("conv5x1-bin1@0,0", (0, 128), (0, 1), 4,        4),
        )),
        "conv5x1-bin2": Cluster(kernel=(5, 1), fan_in=5, layers=(
            Layers((128, 1), (
                "thrifty.blocks.4.columns", "thrifty.blocks.5.columns", "thrifty.blocks.6.columns",
                "thrifty.blocks.7.columns",
            )),
        ), superweights=(
            #           id                  rows      columns templates vectors
            SuperWeight("conv5x1-bin2@0,0", (0, 128), (0, 1), 4,        4),
        )),
        "linear-bin1": Cluster(kernel=(1, 1), fan_in=384, layers=(
            Layers((64, 64), (
                "shallow.blocks.0.query", "shallow.blocks.0.key", "shallow.blocks.0.value", "shallow.blocks.0.out",
                "shallow.blocks.1.query", "shallow.blocks.1.key", "shallow.blocks.1.value", "shallow.blocks.1.out",
            )),
            Layers((64, 256), ("shallow.blocks.0.down", "shallow.blocks.1.down")),
            Layers((96, 96), (
                "deep.blocks.0.query", "deep.blocks.0.key", "deep.blocks.0.value", "deep.blocks.0.out",
                "deep.blocks.1.query", "deep.blocks.1.key", "deep.blocks.1.value", "deep.blocks.1.out",
                "deep.blocks.2.query", "deep.blocks.2.key", "deep.blocks.2.value", "deep.blocks.2.out",
            )),
            Layers((96, 384), ("deep.blocks.0.down", "deep.blocks.1.down", "deep.blocks.2.down")),
            Layers((256, 64), ("shallow.blocks.0.up", "shallow.blocks.1.up")),
            Layers((384, 96), ("deep.blocks.0.up", "deep.blocks.1.up", "deep.blocks.2.up")),
        ), superweights=(
            #           id                   rows        columns     templates vectors
            SuperWeight("linear-bin1@0,0",   (0, 64),    (0, 64),    4,        30),
            SuperWeight("linear-bin1@0,64",  (0, 64),    (64, 96),   4,        20),
            SuperWeight("linear-bin1@0,96",  (0, 64),    (96, 256),  5,        5),
            SuperWeight("linear-bin1@0,256", (0, 64),    (256, 384), 3,        3),
            SuperWeight("linear-bin1@64,0",  (64, 96),   (0, 64),    4,        20),
            SuperWeight("linear-bin1@64,64", (64, 96),   (64, 96),   4,        18),
            SuperWeight("linear-bin1@64,96", (64, 96),   (96, 384),  3,        3),
            SuperWeight("linear-bin1@96,0",  (96, 256),  (0, 64),    5,        5),
            SuperWeight("linear-bin1@96,64", (96, 256),  (64, 96),   3,        3),
            SuperWeight("linear-bin1@256,0", (256, 384), (0, 96),    3,        3),
        )),
        "linear-bin2": Cluster(kernel=(1, 1), fan_in=384, layers=(
            Layers((64, 64), (
                "shallow.blocks.2.query", "shallow.blocks.2.key", "shallow.blocks.2.value", "shallow.blocks.2.out",
                "shallow.blocks.3.query", "shallow.blocks.3.key", "shallow.blocks.3.value", "shallow.blocks.3.out",
            )),
            Layers((64, 256), ("shallow.blocks.2.down", "shallow.blocks.3.down")),
            Layers((96, 96), (
                "deep.blocks.3.query", "deep.blocks.3.key", "deep.blocks.3.value", "deep.blocks.3.out",
                "deep.blocks.4.query", "deep.blocks.4.key", "deep.blocks.4.value", "deep.blocks.4.out",
                "deep.blocks.5.query", "deep.blocks.5.key", "deep.blocks.5.value", "deep.blocks.5.out",
            )),
            Layers((96, 384), ("deep.blocks.3.down", "deep.blocks.4.down", "deep.blocks.5.down")),
            Layers((256, 64), ("shallow.blocks.2.up", "shallow.blocks.3.up")),
            Layers((384, 96), ("deep.blocks.3.up", "deep.blocks.4.up", "deep.blocks.5.up")),
        ), superweights=(
            #           id                   rows        columns     templates vectors
            SuperWeight("linear-bin2@0,0",   (0, 64),    (0, 64),    4,        30),
            SuperWeight("linear-bin2@0,64",  (0, 64),    (64, 96),   4,        20),
            SuperWeight("linear-bin2@0,96",  (0, 64),    (96, 256),  4,        5),
            SuperWeight("linear-bin2@0,256", (0, 64),    (256, 384), 3,        3),
            SuperWeight("linear-bin2@64,0",  (64, 96),   (0, 64),    4,        20),
            SuperWeight("linear-bin2@64,64", (64, 96),   (64, 96),   4,        18),
            SuperWeight("linear-bin2@64,96", (64, 96),   (96, 384),  3,        3),
            SuperWeight("linear-bin2@96,0",  (96, 256),  (0, 64),    4,        5),
            SuperWeight("linear-bin2@96,64", (96, 256),  (64, 96),   3,        3),
            SuperWeight("linear-bin2@256,0", (256, 384), (0, 96),    3,        3),
        )),
    },
)
# fmt: on


class FashionMixed(Family):
    """Family fashion_mixed: 3 members in 611,832 of at most 614,667 parameters.

    The members, and the parameters that each would have alone:

    - shallow = vit(depth=4, width=64, heads=4, patch=4, ratio=4): 201,802
    - deep = vit(depth=6, width=96, heads=4, patch=4, ratio=4): 673,834
    - thrifty = factorised_net(width=64, rounds=8, length=5): 148,810
    """

    plan = PLAN
    recipe = Recipe(
        epochs=30,
        batch=128,
        optimizer=Sgd(lr=0.05, momentum=0.9, nesterov=True, decay=0.0001),
        schedule=Cosine(warmup=3.0),
        augment=(Crop(padding=2), Flip()),
        smoothing=0.0,
    )
    search = GradientSearch(threshold=0.1, epochs=3)
    refinement = GradientRefinement(threshold=0.9, after=5)
    input = (1, 28, 28)
    classes = 10
    architectures: ClassVar[dict[str, Callable[[Weights], nn.Module]]] = {
        "shallow": partial(Vit, channels=1, classes=10, depth=4, width=64, heads=4, patch=4, ratio=4),
        "deep": partial(Vit, channels=1, classes=10, depth=6, width=96, heads=4, patch=4, ratio=4),
        "thrifty": partial(FactorisedNet, channels=1, classes=10, width=64, rounds=8, length=5),
    }
