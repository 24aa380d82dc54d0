"""The layer-shape graph of a cluster (paper sec. 2.1.2, carried over to shapes that do not nest).

Nodes are the cluster's distinct shapes (out, in), closed under component-wise minimum; edges are the cover relation
of the component-wise order, from the smaller shape to the larger one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator

import networkx as nx

Shape = tuple[int, int]


def closed(shapes: Iterable[Shape]) -> tuple[Shape, ...]:
    """Close shapes (out, in) under component-wise minimum, sorted.

    A minimum of shapes takes its ``out`` from one of them and its ``in`` from one, and both are at least as large in
    the other direction. So (a, b) is in the closure just when some shape (a, i) has i >= b and some shape (o, b) has
    o >= a, which needs one look at each pair instead of repeated minima.
    """
    widest: dict[int, int] = {}
    tallest: dict[int, int] = {}
    for out, inputs in shapes:
        widest[out] = max(inputs, widest.get(out, 0))
        tallest[inputs] = max(out, tallest.get(inputs, 0))
    columns = sorted(tallest)
    return tuple((a, b) for a in sorted(widest) for b in columns if b <= widest[a] and a <= tallest[b])


def covers(shapes: Iterable[Shape]) -> Iterator[tuple[Shape, list[Shape]]]:
    """Each closed shape, sorted, with the shapes that it covers: ``out`` rising and ``in`` falling, an antichain.

    For a node (a, b) the rows of the closure are walked from out = a downwards: the largest shape of a row that lies
    below the node is a cover if it is wider than every one found before. The walk ends at the first row that holds
    a shape of width b, because nothing further down can be wider.
    """
    rows: dict[int, list[int]] = defaultdict(list)
    for out, inputs in closed(shapes):
        rows[out].append(inputs)
    found: list[tuple[int, list[int]]] = []
    for out, row in rows.items():
        narrower = 0
        for inputs in row:
            below = [(out, narrower)] if narrower else []
            best = narrower
            for o, other in reversed(found):
                k = bisect_right(other, inputs)
                if k and other[k - 1] > best:
                    best = other[k - 1]
                    below.append((o, best))
                    if best == inputs:
                        break
            below.reverse()
            yield (out, inputs), below
            narrower = inputs
        found.append((out, row))


def layer_shape_graph(shapes: Iterable[Shape]) -> nx.DiGraph[Shape]:
    """Build the layer-shape graph of shapes (out, in); nodes and edges come in sorted order."""
    graph: nx.DiGraph[Shape] = nx.DiGraph()
    for node, below in covers(shapes):
        graph.add_node(node)
        graph.add_edges_from((cover, node) for cover in below)
    return graph
