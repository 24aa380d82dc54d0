"""``bins N for patterns``: which clusters layers start in, and what contradicts it."""

from __future__ import annotations

import pytest
from hint_specs import clusters_of, errors, family, places, plan

from swc.check import check_text
from swc.diagnostics import SpecError
from swc.elaborate import elaborate
from swc.family import Family
from swc.lock import structure_hash
from swc.pipeline.search import search_hints
from swc.plan import initial_clusters
from swc.plan.idle import hint_warnings

WRN = """sw 1
family f {{
    input image(3, 32, 32) output classes(10)
    budget 50% of members
    member deep = wrn(22, 2)
    member wide = wrn(10, 4)
    share {{ private *.stem {hints} }}
}}
"""


def wrn(hints: str) -> Family:
    return elaborate(check_text(WRN.format(hints=hints), "wrn.sw"))


@pytest.mark.parametrize("method", ["clusters gradient", "clusters depth", "clusters gradient bins 3"])
def test_the_layers_of_a_member_start_in_bins_of_their_own(method: str) -> None:
    made = wrn(f"{method} bins 2 for deep.*")
    found = initial_clusters(made)
    own = {name: layers for name, layers in found.items() if any(x.startswith("deep.") for x in layers)}
    assert set(own) == {"conv3x3-bin1of2", "conv3x3-bin2of2", "conv1x1-bin1of2", "conv1x1-bin2of2"}
    assert all(x.startswith("deep.") for layers in own.values() for x in layers)
    depths = {layer.name: layer.depth for layer in made.layers}
    first, second = own["conv3x3-bin1of2"], own["conv3x3-bin2of2"]
    assert max(map(depths.__getitem__, first)) < min(map(depths.__getitem__, second))
    without = initial_clusters(wrn(method))
    assert {name for name in found if name not in own} <= set(without) | {"conv3x3", "conv1x1"}


def test_depth_counts_among_the_layers_that_are_named() -> None:
    found = initial_clusters(wrn("bins 3 for deep.group3.*.conv?"))
    # The third place of the six that they span is the shortcut's, so the second bin has one layer.
    assert [len(found[f"conv3x3-bin{k}of3"]) for k in (1, 2, 3)] == [2, 1, 3]
    assert found["conv3x3-bin1of3"] == ("deep.group3.0.conv1", "deep.group3.0.conv2")


def test_one_bin_keeps_layers_together_that_others_are_parted_from() -> None:
    made = wrn("clusters depth bins 1 for *.group1.*")
    named = {x.name for x in made.layers if ".group1." in x.name and x.kernel == (3, 3)}
    assert set(initial_clusters(made)["conv3x3-bin1of1"]) == named


def test_hints_of_one_number_are_one_set() -> None:
    once = initial_clusters(wrn("bins 2 for deep.group1.*, wide.*"))
    twice = initial_clusters(wrn("bins 2 for deep.group1.* bins 2 for wide.*"))
    assert once == twice


def test_tied_layers_go_where_one_of_them_is_sent() -> None:
    found = clusters_of(plan("tie a.c1, b.c3 bins 1 for a.c1"))
    assert set(found["conv3x3-bin1of1"]) == {"a.c1", "b.c3"}


def test_clusters_made_by_hand_and_aparts_hold() -> None:
    found = clusters_of(plan("cluster back *.c2 apart *.c1, *.c3 bins 1 for *.c?"))
    assert found["conv3x3-back"] == ("a.c2", "b.c2")
    assert found["conv3x3-bin1of1-part1"] == ("a.c1", "b.c1")
    assert found["conv3x3-bin1of1-part2"] == ("a.c3", "b.c3")


def test_a_search_may_join_what_starts_in_different_bins_and_locks_stay_valid() -> None:
    plain, binned = family(""), family("bins 2 for a.*")
    assert structure_hash(plain) == structure_hash(binned)
    assert search_hints(plain) == search_hints(binned)


@pytest.mark.parametrize(
    ("hints", "words", "spots"),
    [
        ("bins 2 for a.* bins 3 for *.c1", "`a.c1` is to start in 2 bins and in 3", ["*.c1", "a.*"]),
        (
            "bins 2 for a.c1 bins 3 for b.c3 tie a.c1, *.c2 tie b.c2, b.c3",
            "`a.c1` and `b.c3` are tied, and are to start in 2 bins and in 3",
            ["b.c3", "a.c1", "a.c1", "b.c2"],
        ),
    ],
)
def test_different_numbers_contradict_each_other(hints: str, words: str, spots: list[str]) -> None:
    (found,) = errors(hints)
    assert found.code == "SW0516"
    assert words in found.summary
    assert places(found) == spots


def test_different_numbers_for_what_is_never_binned_do_not() -> None:
    assert clusters_of(plan("cluster back *.c1 bins 2 for a.c1, a.c2 bins 3 for b.c1, b.c3"))["conv3x3-back"]


@pytest.mark.parametrize(
    ("hints", "code", "words"),
    [
        ("private *.c1 bins 2 for *.c1", "SW0515", "every layer that it matches owns its weight"),
        ("cluster back *.c1 bins 2 for *.c1", "SW0515", "clusters made by hand are never parted into bins"),
        ("bins 2 for *.c1 bins 2 for ?.c1", "SW0514", "this `bins` says again"),
    ],
)
def test_hints_that_change_nothing_are_warned_of(hints: str, code: str, words: str) -> None:
    (found,) = hint_warnings(family(hints))
    assert found.code == code
    assert words in found.summary


@pytest.mark.parametrize(
    ("hints", "code"),
    [
        ("clusters single bins 2 for a.*", "SW0324"),
        ("bins 0 for a.*", "SW0317"),
        ("bins 2 for c.*", "SW0507"),
        ("bins 2 for a.*, a.*", "SW0322"),
        ("bins 2 bins 3", "SW0322"),
        ("cluster bin1of2 *.c1", "SW0511"),
        ("cluster shape2 *.c1", "SW0511"),
    ],
)
def test_bad_input(hints: str, code: str) -> None:
    with pytest.raises(SpecError) as caught:
        plan(hints)
    assert code in [d.code for d in caught.value.diagnostics]
