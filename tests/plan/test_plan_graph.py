"""The layer-shape graph and its rectangles against slow constructions straight from their definitions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from swc.plan.graph import Shape, closed, covers, layer_shape_graph
from swc.plan.rectangles import bands, cut, tally

SHAPES = st.sets(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=8)


def slow_closure(shapes: set[Shape]) -> set[Shape]:
    found = set(shapes)
    while True:
        more = found | {(min(a, c), min(b, d)) for a, b in found for c, d in found}
        if more == found:
            return found
        found = more


def below(small: Shape, large: Shape) -> bool:
    return small != large and small[0] <= large[0] and small[1] <= large[1]


@given(SHAPES)
def test_closure_is_the_fixpoint_of_minima(shapes: set[Shape]) -> None:
    found = closed(shapes)
    assert list(found) == sorted(slow_closure(shapes))


@given(SHAPES)
def test_edges_are_the_cover_relation(shapes: set[Shape]) -> None:
    nodes = slow_closure(shapes)
    expected = {
        (a, b) for a in nodes for b in nodes if below(a, b) and not any(below(a, c) and below(c, b) for c in nodes)
    }
    graph = layer_shape_graph(shapes)
    assert set(graph.nodes) == nodes
    assert set(graph.edges) == expected


@given(SHAPES)
def test_a_tally_counts_what_is_cut(shapes: set[Shape]) -> None:
    for node, below in covers(shapes):
        rectangles = bands(node, below)
        assert tally(node, below) == (len(rectangles), sum(r.cells for r in rectangles))


@given(SHAPES)
def test_rectangles_tile_every_shape(shapes: set[Shape]) -> None:
    pieces = cut(shapes)
    for out, inputs in slow_closure(shapes):
        cells = [
            (row, column)
            for rectangle, node in pieces
            if node[0] <= out and node[1] <= inputs
            for row in range(rectangle.row, rectangle.row + rectangle.rows)
            for column in range(rectangle.column, rectangle.column + rectangle.columns)
        ]
        assert sorted(cells) == [(row, column) for row in range(out) for column in range(inputs)]


@given(SHAPES)
def test_a_rectangle_belongs_to_the_smallest_shape_that_contains_it(shapes: set[Shape]) -> None:
    nodes = slow_closure(shapes)
    for rectangle, node in cut(shapes):
        assert rectangle.cells > 0
        around = [
            n for n in nodes if n[0] >= rectangle.row + rectangle.rows and n[1] >= rectangle.column + rectangle.columns
        ]
        assert node == (min(o for o, _ in around), min(i for _, i in around))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=6))
def test_chain_adds_one_rectangle_per_dimension_that_grew(steps: list[tuple[int, int]]) -> None:
    chain = [(1, 1)]
    for rows, columns in steps:
        chain.append((chain[-1][0] + rows, chain[-1][1] + columns))
    per_node = [1, *((rows > 0) + (columns > 0) for rows, columns in steps)]
    assert len(cut(chain)) == sum(per_node)


def test_input_extension_comes_before_output_extension() -> None:
    (inputs, outs) = bands((4, 6), [(2, 3)])
    assert (inputs.row, inputs.column, inputs.rows, inputs.columns) == (0, 3, 2, 3)
    assert (outs.row, outs.column, outs.rows, outs.columns) == (2, 0, 2, 6)


def test_shapes_that_do_not_nest_share_their_minimum() -> None:
    graph = layer_shape_graph([(8, 2), (3, 6)])
    assert list(graph.nodes) == [(3, 2), (3, 6), (8, 2)]
    assert dict(covers([(8, 2), (3, 6)]))[8, 2] == [(3, 2)]


def test_large_staircase_is_closed_quickly() -> None:
    shapes = [(7 * k, 7 * (101 - k)) for k in range(1, 101)]
    graph = layer_shape_graph(shapes)
    assert len(graph) == 100 * 101 // 2
    assert graph.number_of_edges() == 2 * (99 * 100 // 2)
