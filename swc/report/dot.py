"""The layer-shape graphs of a plan in the DOT language, for graphviz."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from swc.diagnostics.words import count
from swc.plan.drawing import ShapeGraph, ShapeNode
from swc.plan.model import Plan


def dot(plan: Plan, graphs: Sequence[ShapeGraph]) -> str:
    """One box of shapes for each cluster; arrows lead from a shape to those that cover it."""
    lines = [
        f"digraph {_quoted(plan.family)} {{",
        "  rankdir=LR;",
        '  node [shape=box, fontname="Helvetica", fontsize=10];',
        '  edge [color="#7b8794", arrowsize=0.6];',
    ]
    for graph in graphs:
        lines += _cluster(graph)
    return "\n".join([*lines, "}", ""])


def cluster_caption(graph: ShapeGraph) -> str:
    """What to say about a cluster: its size, and the tiles if it is folded."""
    cluster = graph.cluster
    caption = f"{cluster.name}: {count(len(cluster.layers), 'layer')}, "
    if cluster.fold:
        return caption + (
            f"folded into {count(len(graph.superweights), 'tile')} of {cluster.fold.rows}×{cluster.fold.columns}, "
            f"mixed from {count(cluster.fold.templates, 'template')}"
        )
    return caption + count(len(graph.superweights), "SuperWeight")


def node_lines(node: ShapeNode) -> list[str]:
    """What to write on a shape: its size, how many layers contain it, whose shape it is."""
    whose = ", ".join(node.members) if node.members else "common part"
    return [f"{node.shape[0]}×{node.shape[1]}", count(node.users, "layer"), whose]


def _cluster(graph: ShapeGraph) -> Iterator[str]:
    name = graph.cluster.name
    yield f"  subgraph {_quoted('cluster_' + name)} {{"
    yield f"    label={_quoted(cluster_caption(graph))};"
    for node in graph.nodes:
        adds = [
            f"{item.id.partition('@')[2]} adds {item.rectangle.rows}×{item.rectangle.columns}, "
            f"{count(item.templates, 'template')}"
            for item in node.adds
        ]
        style = "" if node.members else ", style=dashed"
        yield f"    {_node(name, node.shape)} [label={_quoted(chr(10).join([*node_lines(node), *adds]))}{style}];"
    for start, end in graph.edges:
        yield f"    {_node(name, start)} -> {_node(name, end)};"
    yield "  }"


def _node(cluster: str, shape: tuple[int, int]) -> str:
    return _quoted(f"{cluster} {shape[0]}x{shape[1]}")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
