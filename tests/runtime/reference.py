"""Slow references, written from the method's description alone: Python loops over cells, no autograd, no bands.

They read a family's plan and its state dict, and know where numbers are kept: ``bank.<id>.templates`` is
(templates, rows, columns * kh * kw), ``bank.<id>.coefficients`` (vectors, templates) and ``bank.<id>.rows`` a
matrix (users, vectors), flattened, with a one where the user reads the vector; a folded cluster keeps the vectors and
the matrices of all its tiles one after the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from swc_runtime import Cluster, Family

Shape = tuple[int, int]
Rectangle = tuple[int, int, int, int]  # top, bottom, left, right


def find(clusters: Mapping[str, Cluster], layer: str) -> tuple[str, Cluster, Shape]:
    """The cluster and shape of a layer."""
    for name, cluster in clusters.items():
        for layers in cluster.layers:
            if layer in layers.names:
                return name, cluster, layers.shape
    raise AssertionError(layer)


def users(cluster: Cluster, row: int, column: int) -> list[str]:
    """The layers that contain the cell (row, column), in the plan's order."""
    return [n for layers in cluster.layers if row < layers.shape[0] and column < layers.shape[1] for n in layers.names]


def cell_source(name: str, cluster: Cluster, row: int, column: int) -> tuple[str, int, int, list[str], int, int, int]:
    """The bank of a cell, its place in the templates, its users and vectors, and where vectors and marks start."""
    if cluster.tiles is None:
        for s in cluster.superweights:
            if s.rows[0] <= row < s.rows[1] and s.columns[0] <= column < s.columns[1]:
                return s.id, row - s.rows[0], column - s.columns[0], users(cluster, row, column), s.vectors, 0, 0
        raise AssertionError((name, row, column))
    tiles = cluster.tiles
    height = max(layers.shape[0] for layers in cluster.layers)
    width = max(layers.shape[1] for layers in cluster.layers)
    row_start = mark_start = 0
    for top in range(0, height, tiles.rows):
        for left in range(0, width, tiles.columns):
            readers = users(cluster, top, left)
            vectors = len(readers) if tiles.refinable else 1
            if top <= row < top + tiles.rows and left <= column < left + tiles.columns:
                return name, row - top, column - left, readers, vectors, row_start, mark_start
            if readers:
                row_start += vectors
                mark_start += vectors * len(readers)
    raise AssertionError((name, row, column))


def cells(family: Family, layer: str) -> Iterator[tuple[int, int, str, int, int, int]]:
    """For each cell of a layer: its row and column, its bank, its place in the templates, its coefficient row."""
    name, cluster, (out, inputs) = find(family.plan.clusters, layer)
    state = family.state_dict()
    for row in range(out):
        for column in range(inputs):
            bank, r, c, readers, vectors, row_start, mark_start = cell_source(name, cluster, row, column)
            start = mark_start + readers.index(layer) * vectors
            marks = state[f"bank.{bank}.rows"][start : start + vectors].tolist()
            assert sorted(marks) == [0.0] * (vectors - 1) + [1.0]
            yield row, column, bank, r, c, row_start + marks.index(1.0)


def scale(family: Family, layer: str) -> float:
    """The fixed gain of a layer."""
    _, cluster, (_, inputs) = find(family.plan.clusters, layer)
    return math.sqrt(cluster.fan_in / (inputs * cluster.kernel[0] * cluster.kernel[1]))


def weight(family: Family, layer: str) -> Tensor:
    """The weight (out, in, kh, kw) of a shared layer, in double precision, cell by cell."""
    _, cluster, (out, inputs) = find(family.plan.clusters, layer)
    size = cluster.kernel[0] * cluster.kernel[1]
    state = {name: tensor.double() for name, tensor in family.state_dict().items()}
    result = torch.full((out, inputs, size), math.nan, dtype=torch.float64)
    for row, column, bank, r, c, vector in cells(family, layer):
        alpha = state[f"bank.{bank}.coefficients"][vector]
        templates = state[f"bank.{bank}.templates"]
        total = torch.zeros(size, dtype=torch.float64)
        for n in range(len(alpha)):
            total += alpha[n] * templates[n, r, c * size : (c + 1) * size]
        assert result[row, column].isnan().all()  # each cell once
        result[row, column] = scale(family, layer) * total
    return result.view(out, inputs, *cluster.kernel)


def gradients(family: Family, weight_gradients: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The gradients of all templates and coefficients, given dL/dW of each layer, in double precision."""
    state = {name: tensor.double() for name, tensor in family.state_dict().items()}
    result = {n: torch.zeros_like(t) for n, t in state.items() if n.endswith((".templates", ".coefficients"))}
    for layer, gradient in weight_gradients.items():
        for row, column, bank, r, c, vector in cells(family, layer):
            g = scale(family, layer) * gradient[row, column].double().flatten()
            place = slice(c * len(g), (c + 1) * len(g))
            alpha = state[f"bank.{bank}.coefficients"][vector]
            for n in range(len(alpha)):
                result[f"bank.{bank}.templates"][n, r, place] += alpha[n] * g
                result[f"bank.{bank}.coefficients"][vector, n] += state[f"bank.{bank}.templates"][n, r, place] @ g
    return result


def rectangles(shapes: set[Shape]) -> list[Rectangle]:
    """The SuperWeights of a cluster, straight from the rule: what each shape adds to those it covers."""
    nodes = set(shapes)
    while True:
        closed = nodes | {(min(a[0], b[0]), min(a[1], b[1])) for a in nodes for b in nodes}
        if closed == nodes:
            break
        nodes = closed
    result = []
    for node in sorted(nodes):
        below = [n for n in nodes if n != node and n[0] <= node[0] and n[1] <= node[1]]
        covers = sorted(n for n in below if not any(n != m and n[0] <= m[0] and n[1] <= m[1] for m in below))
        top = 0
        for out, inputs in covers:
            result.append((top, out, inputs, node[1]))
            top = out
        result.append((top, node[0], 0, node[1]))
    return [r for r in result if r[0] < r[1] and r[2] < r[3]]
