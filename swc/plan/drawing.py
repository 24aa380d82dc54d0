"""The layer-shape graphs of a plan as plain values, for drawing: nodes with who has them, and the cover relation."""

from __future__ import annotations

from attrs import frozen

from swc.plan.graph import Shape, layer_shape_graph
from swc.plan.model import Cluster, Plan, SuperWeight
from swc.plan.rectangles import cut


@frozen
class ShapeNode:
    """A shape (out, in) of the closed graph.

    ``layers`` have exactly this shape (none, if the shape is only the common part of others), ``members`` are theirs;
    ``users`` counts the layers that contain it; ``adds`` are the SuperWeights that it adds to the shapes below it (in
    a folded cluster none: tiles belong to no shape).
    """

    shape: Shape
    layers: tuple[str, ...]
    members: tuple[str, ...]
    users: int
    adds: tuple[SuperWeight, ...]


@frozen
class ShapeGraph:
    """The graph of one cluster; ``edges`` lead from a shape to those that cover it."""

    cluster: Cluster
    nodes: tuple[ShapeNode, ...]
    edges: tuple[tuple[Shape, Shape], ...]
    superweights: tuple[SuperWeight, ...]


def shape_graphs(plan: Plan) -> tuple[ShapeGraph, ...]:
    """The layer-shape graph of each cluster, in the plan's order; nodes and edges are sorted."""
    own: dict[str, list[SuperWeight]] = {cluster.name: [] for cluster in plan.clusters}
    for item in plan.superweights:
        own[item.cluster].append(item)
    found: dict[str, dict[Shape, list[tuple[str, str]]]] = {cluster.name: {} for cluster in plan.clusters}
    for member in plan.members:
        for layer in member.layers:
            if layer.cluster is not None:
                shape = layer.shape[0], layer.shape[1]
                found[layer.cluster].setdefault(shape, []).append((member.name, layer.name))
    return tuple(_graph(cluster, found[cluster.name], tuple(own[cluster.name])) for cluster in plan.clusters)


def _graph(
    cluster: Cluster, layers: dict[Shape, list[tuple[str, str]]], superweights: tuple[SuperWeight, ...]
) -> ShapeGraph:
    graph = layer_shape_graph(layers)
    adds: dict[Shape, list[SuperWeight]] = {}
    if cluster.fold is None:
        at = {(item.rectangle.row, item.rectangle.column): item for item in superweights}
        for rectangle, node in cut(layers):
            adds.setdefault(node, []).append(at[rectangle.row, rectangle.column])
    nodes = []
    for node in graph.nodes:
        own = layers.get(node, [])
        members = tuple(dict.fromkeys(member for member, _ in own))
        added = tuple(adds.get(node, ()))
        users = len(added[0].users) if added else _users(node, layers)
        nodes.append(ShapeNode(node, tuple(name for _, name in own), members, users, added))
    return ShapeGraph(cluster, tuple(nodes), tuple(graph.edges), superweights)


def _users(node: Shape, layers: dict[Shape, list[tuple[str, str]]]) -> int:
    return sum(len(names) for shape, names in layers.items() if shape[0] >= node[0] and shape[1] >= node[1])
