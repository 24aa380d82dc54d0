"""Families made on the spot from a table of convolution shapes, for tests that need many."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import reference
from torch import Tensor, nn

from swc_runtime import Cluster, Family, Layers, Plan, Recipe, SuperWeight, Tiles, Weights


class Bag(nn.Module):
    """Layers that are never called together: only their weights matter."""

    def __init__(self, weights: Weights, shapes: Sequence[tuple[int, int]], kernel: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for i, (out, inputs) in enumerate(shapes):
            self.layers.append(weights.conv2d(f"layers.{i}", inputs, out, kernel))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers[0](x)


def grouped(shapes: Sequence[tuple[int, int]], member: str = "net") -> tuple[Layers, ...]:
    """The layers ``net.layers.i`` by shape."""
    names: dict[tuple[int, int], list[str]] = {}
    for i, shape in enumerate(shapes):
        names.setdefault(shape, []).append(f"{member}.layers.{i}")
    return tuple(Layers(shape, tuple(names[shape])) for shape in sorted(names))


def cluster(
    shapes: Sequence[tuple[int, int]], *, kernel: int = 3, templates: int = 2, tiles: Tiles | None = None
) -> Cluster:
    """All layers in one cluster, in whole SuperWeights or tiles."""
    layers = grouped(shapes)
    fan_in = max(inputs for _, inputs in shapes) * kernel * kernel
    if tiles is not None:
        return Cluster((kernel, kernel), fan_in, layers, tiles=tiles)
    superweights = []
    for top, bottom, left, right in reference.rectangles(set(shapes)):
        users = sum(bottom <= out and right <= inputs for out, inputs in shapes)
        superweights.append(SuperWeight(f"c@{top},{left}", (top, bottom), (left, right), min(templates, users), users))
    return Cluster((kernel, kernel), fan_in, layers, superweights=tuple(superweights))


def bag(shapes: Sequence[tuple[int, int]], of: Cluster) -> Family:
    """A family of one member with one layer of each of ``shapes`` (out, in)."""
    return family({"c": of}, {"net": partial(Bag, shapes=shapes, kernel=of.kernel[0])})


def family(clusters: dict[str, Cluster], architectures: dict[str, object]) -> Family:
    """A family of any clusters and architectures."""
    attributes = {
        "plan": Plan("made", "made", 10**9, 0, clusters),
        "recipe": Recipe(epochs=1, batch=4),
        "input": (1, 8, 8),
        "classes": 10,
        "architectures": architectures,
    }
    made: Family = type("Made", (Family,), attributes)()
    return made
