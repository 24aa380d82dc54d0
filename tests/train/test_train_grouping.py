"""The priority queue against brute force: connected components of the pairs above the threshold."""

from __future__ import annotations

import ast
import math
import sys
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swc_runtime import grouping
from swc_runtime.grouping import group_by_similarity, unordered_pairs

COSINES = st.one_of(st.just(math.nan), st.integers(-10, 10).map(lambda n: n / 10))


@st.composite
def problems(draw):
    items = [f"layer{n}" for n in range(draw(st.integers(1, 7)))]
    similarity = {}
    for first, second in combinations(items, 2):
        pair = (first, second) if draw(st.booleans()) else (second, first)
        similarity[pair] = draw(COSINES)
    return items, similarity, draw(st.integers(-10, 10)) / 10


def components(items, edges):
    """Connected components by flooding, in the order of the items."""
    left, result = list(items), []
    while left:
        group, frontier = set(), [left[0]]
        while frontier:
            item = frontier.pop()
            if item not in group:
                group.add(item)
                frontier += [b for a, b in edges if a == item] + [a for a, b in edges if b == item]
        result.append(tuple(item for item in items if item in group))
        left = [item for item in left if item not in group]
    return tuple(result)


def queue_literally(items, similarity, threshold, apart):
    """The paper's queue step by step, with apart pairs: sets of groups, rebuilt at every merge."""
    groups = [{item} for item in items]
    order = {item: n for n, item in enumerate(items)}
    pairs = [(sorted(p, key=order.get), v) for p, v in similarity.items() if not math.isnan(v)]
    pairs.sort(key=lambda e: (-e[1], order[e[0][0]], order[e[0][1]]))
    for (a, b), value in pairs:
        if not value > threshold:
            break
        left = next(g for g in groups if a in g)
        right = next(g for g in groups if b in g)
        union = left | right
        if left is right or any({c, d} <= union for c, d in apart):
            continue
        groups = [g for g in groups if g is not left and g is not right] + [union]
    return {frozenset(g) for g in groups}


@given(problems())
def test_groups_are_the_connected_components(problem):
    items, similarity, threshold = problem
    edges = [pair for pair, value in similarity.items() if value > threshold]
    assert group_by_similarity(items, similarity, threshold) == components(items, edges)


@given(problems(), st.data())
def test_tied_items_count_as_connected(problem, data):
    items, similarity, threshold = problem
    together = data.draw(st.lists(st.lists(st.sampled_from(items), min_size=1, unique=True), max_size=3))
    edges = [pair for pair, value in similarity.items() if value > threshold]
    ties = [(names[0], name) for names in together for name in names[1:]]
    assert group_by_similarity(items, similarity, threshold, together) == components(items, edges + ties)


@given(problems(), st.data())
def test_apart_pairs_never_meet_and_everything_else_is_as_the_queue_says(problem, data):
    items, similarity, threshold = problem
    pairs = unordered_pairs(items)
    apart = data.draw(st.lists(st.sampled_from(pairs), max_size=4)) if pairs else []
    groups = group_by_similarity(items, similarity, threshold, apart=apart)
    assert {frozenset(group) for group in groups} == queue_literally(items, similarity, threshold, apart)
    assert not any({a, b} <= set(group) for group in groups for a, b in apart)


def test_merges_are_transitive():
    similarity = {("a", "b"): 0.9, ("c", "d"): 0.8, ("b", "c"): 0.5, ("a", "d"): -1.0, ("d", "e"): 0.1}
    assert group_by_similarity("abcde", similarity, 0.1) == (("a", "b", "c", "d"), ("e",))


def test_the_more_similar_pair_wins_against_apart():
    similarity = {("a", "b"): 0.8, ("b", "c"): 0.9}
    assert group_by_similarity("abc", similarity, 0.0, apart=[("a", "c")]) == (("a",), ("b", "c"))


def test_ties_go_by_the_order_of_items_whatever_the_mapping_s_order():
    similarity = {("b", "c"): 0.5, ("b", "a"): 0.5}
    for order in (similarity, dict(reversed(similarity.items()))):
        assert group_by_similarity("abc", order, 0.0, apart=[("c", "a")]) == (("a", "b"), ("c",))


def test_zero_gradients_are_like_nothing():
    assert group_by_similarity("ab", {("a", "b"): math.nan}, -2.0) == (("a",), ("b",))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((["a", "a"], {}, 0.0), "twice"),
        ((["a"], {("a", "x"): 1.0}, 0.0), "a, x"),
        ((["a", "b"], {}, 0.0, [], [("a", "x")]), "a and x"),
        ((["a", "b"], {}, 0.0, [["a", "b"]], [("a", "b")]), "must be together"),
    ],
)
def test_nonsense_is_refused(arguments, told):
    with pytest.raises(ValueError, match=told):
        group_by_similarity(*arguments)


@pytest.mark.parametrize("module", ["grouping", "search_result"])
def test_decisions_need_no_torch(module):
    source = Path(grouping.__file__).with_name(f"{module}.py").read_text(encoding="utf-8")
    imported = [
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert imported
    assert all(name == "swc_runtime.grouping" or name.partition(".")[0] in sys.stdlib_module_names for name in imported)
