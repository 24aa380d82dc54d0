"""Clusters made by hand: what they hold, that nothing changes them, and what contradicts them."""

from __future__ import annotations

import itertools

import pytest
from hint_specs import SPEC, clusters_of, errors, family, places, plan

from swc.check import check_text
from swc.elaborate import elaborate
from swc.family import Family
from swc.lock import structure_hash
from swc.pipeline.search import named_clusters, search_hints
from swc.plan import cluster_name, initial_clusters, plan_family
from swc_runtime.grouping import Groups
from swc_runtime.search_result import Pool, regroup

METHODS = ["clusters single", "clusters depth", "clusters gradient", "clusters gradient bins 3"]


@pytest.mark.parametrize("method", METHODS)
def test_a_cluster_holds_what_it_names_and_no_others(method: str) -> None:
    found = clusters_of(plan(f"{method} cluster back *.c2, b.c3"))
    assert found["conv3x3-back"] == ("a.c2", "b.c2", "b.c3")
    others = [layer for name, layers in found.items() if name != "conv3x3-back" for layer in layers]
    assert sorted(others) == ["a.c1", "a.c3", "a.f", "a.s1", "a.s2", "b.c1", "b.f", "b.s1", "b.s2"]


def test_the_others_keep_the_names_that_they_have_without_it() -> None:
    found = clusters_of(plan("clusters single cluster back *.c2"))
    assert set(found) == {"conv3x3", "conv3x3-back", "conv1x1", "linear"}
    assert found["conv3x3"] == ("a.c1", "a.c3", "b.c1", "b.c3")


def test_what_is_tied_to_it_belongs_to_it() -> None:
    found = clusters_of(plan("clusters single cluster back a.c1 tie b.c1, b.c2 tie a.c1, b.c1"))
    assert found["conv3x3-back"] == ("a.c1", "b.c1", "b.c2")


def test_linear_layers_may_join_convolutions_of_size_one() -> None:
    found = clusters_of(plan("clusters single cluster mixed *.f, a.s1"))
    assert found["conv1x1-mixed"] == ("a.s1", "a.f", "b.f")
    assert found["conv1x1"] == ("a.s2", "b.s1", "b.s2")
    assert clusters_of(plan("clusters single cluster alone *.f"))["linear-alone"] == ("a.f", "b.f")


def test_a_public_head_may_be_in_one() -> None:
    found = clusters_of(plan("clusters single public *.fc cluster heads *.fc"))
    assert found["linear-heads"] == ("a.fc", "b.fc")


def pools(made: Family) -> list[Pool]:
    """All cosines are 1: a search would join whatever it may."""
    layers: dict[str, list[str]] = {}
    for name, own in initial_clusters(made).items():
        layers.setdefault(name.partition("-")[0], []).extend(own)
    return [Pool(k, tuple(x), dict.fromkeys(itertools.combinations(x, 2), 1.0)) for k, x in layers.items()]


def searched(made: Family, threshold: float) -> Groups:
    hints = search_hints(made)
    return regroup(pools(made), threshold, together=hints.together, apart=hints.apart)


@pytest.mark.parametrize("threshold", [0.1, -1.0, 1.0])
def test_a_search_leaves_it_as_it_is(threshold: float) -> None:
    made = family("cluster back a.c1, b.c3 cluster mixed *.f, a.s1 tie b.c3, b.c2")
    groups = searched(made, threshold)
    found = named_clusters(groups, made)
    assert found["conv3x3-back"] == ("a.c1", "b.c2", "b.c3")
    assert set(found["conv1x1-mixed"]) == {"a.s1", "a.f", "b.f"}
    joined = {"conv3x3": ("a.c2", "a.c3", "b.c1"), "conv1x1": ("a.s2", "b.s1", "b.s2")}
    assert all((found.get(name) == layers) == (threshold < 1) for name, layers in joined.items())
    planned = plan_family(made, found, structure="s")
    assert {c.name: set(c.layers) for c in planned.clusters} == {name: set(x) for name, x in found.items()}


def test_two_clusters_never_meet_in_a_search() -> None:
    made = family("cluster one a.c1, a.c2 cluster two b.c1, b.c2")
    assert set(named_clusters(searched(made, -1.0), made)) >= {"conv3x3-one", "conv3x3-two", "conv3x3"}


def test_names_of_found_clusters() -> None:
    made = family("cluster back *.c1")
    assert cluster_name(["a.c1", "b.c1"], made) == "conv3x3-back"
    assert cluster_name(["a.c2", "a.c3", "b.c2", "b.c3"], made) == "conv3x3"
    assert cluster_name(["a.c2", "a.c3"], made) == "conv3x3-a-c2"


LOCKED = {
    "conv3x3-back": ["a.c1", "b.c1"],
    "conv3x3": ["a.c2", "a.c3", "b.c2", "b.c3"],
    "conv1x1": ["a.s1", "a.s2", "b.s1", "b.s2"],
    "linear": ["a.f", "b.f"],
}


def test_locked_clusters_that_agree_are_taken() -> None:
    assert set(clusters_of(plan("cluster back *.c1", clusters=LOCKED))) == set(LOCKED)


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"conv3x3-back": ["a.c1"], "conv3x3-b-c1": ["b.c1"]}, "b.c1: in cluster `conv3x3-b-c1`"),
        (
            {"conv3x3-back": ["a.c1", "b.c1", "a.c2"], "conv3x3": ["a.c3", "b.c2", "b.c3"]},
            "a.c2: in `conv3x3-back`, where it does not belong",
        ),
        (
            {"conv3x3-back": ["a.c2"], "conv3x3": ["a.c3", "b.c2", "b.c3", "a.c1", "b.c1"]},
            "a.c1: in cluster `conv3x3`\nb.c1: in cluster `conv3x3`\na.c2: in `conv3x3-back`, where it does not belong",
        ),
    ],
)
def test_locked_clusters_that_do_not_agree_are_refused(changes: dict[str, list[str]], detail: str) -> None:
    (found,) = errors("cluster back *.c1", clusters={**LOCKED, **changes})
    assert (found.code, found.detail) == ("SW0719", detail)
    assert places(found) == ["*.c1"]


def test_a_renamed_cluster_is_refused() -> None:
    renamed = {"conv3x3-front" if name == "conv3x3-back" else name: layers for name, layers in LOCKED.items()}
    (found,) = errors("cluster back *.c1", clusters=renamed)
    assert found.code == "SW0719"
    assert found.detail == "a.c1: in cluster `conv3x3-front`\nb.c1: in cluster `conv3x3-front`"


@pytest.mark.parametrize(
    ("hints", "code", "shown"),
    [
        ("private a.c1 cluster back *.c1", "SW0502", ["*.c1", "a.c1"]),
        ("cluster one a.c1, a.s1", "SW0504", ["a.s1", "a.c1"]),
        ("cluster one a.c? cluster two *.c1", "SW0508", ["*.c1", "a.c?"]),
        ("cluster one *.c1 apart a.*, b.*", "SW0506", ["b.*", "a.*", "*.c1"]),
    ],
)
def test_contradictions_show_both_places(hints: str, code: str, shown: list[str]) -> None:
    (found,) = errors(hints)
    assert found.code == code
    assert places(found) == shown


def test_a_head_is_shown_where_it_is_made() -> None:
    (found,) = errors("cluster heads *.fc")
    assert found.code == "SW0503"
    assert places(found) == ["*.fc", "linear(y, classes)"]
    assert "public a.fc" in found.help


def test_a_tie_between_two_clusters_shows_each_link() -> None:
    (found,) = errors("cluster one a.c1 cluster two b.c1 tie a.c1, a.c2 tie a.c2, b.c1")
    assert found.code == "SW0508"
    assert found.summary == "ties join the clusters `one` and `two`: `a.c1` to `b.c1`"
    assert [r.label for r in found.related] == [
        "puts `a.c1` into `one`",
        "`a.c1` and `a.c2` are tied here",
        "`a.c2` and `b.c1` are tied here",
    ]


def test_every_kernel_of_a_mixed_cluster_is_named() -> None:
    (found,) = errors("cluster all a.c1, a.s1, b.f")
    assert found.summary == "the cluster joins kernels of different sizes: `a.c1` is 3x3, `a.s1` 1x1"


def test_clusters_by_hand_are_part_of_the_structure_and_bounds_are_not() -> None:
    plain = structure_hash(family(""))
    hashes = [
        structure_hash(family(hints)) for hints in ("cluster back *.c1", "cluster front *.c1", "cluster back *.c2")
    ]
    assert len({plain, *hashes}) == 4
    assert structure_hash(family("templates 2..4 for *.c1 templates 1..6")) == plain
    assert structure_hash(family("cluster back a.c1, b.c1")) == hashes[0]


def test_parts_are_numbered_by_patterns_and_not_by_the_order_of_members() -> None:
    text = SPEC.format(hints="clusters single apart a.c1, b.c1", budget="100k")
    swapped = text.replace(
        "    member a = net(8)\n    member b = net(12)", "    member b = net(12)\n    member a = net(8)"
    )
    assert swapped != text
    one, other = (initial_clusters(elaborate(check_text(x, "hints.sw"))) for x in (text, swapped))
    assert {name: set(layers) for name, layers in one.items()} == {name: set(layers) for name, layers in other.items()}
    assert "a.c1" in one["conv3x3-part1"]
    assert set(one["conv3x3-part2"]) == {"b.c1"}


@pytest.mark.parametrize("idle", ["apart a.c1, *.s1", "apart *.fc, a.c1", "apart *.f, *.s1"])
def test_an_apart_without_effect_parts_nothing_otherwise(idle: str) -> None:
    """Sides that never meet anyway are not what the other layers are sorted by."""
    others = "clusters single apart *.c2, a.c1, b.c3"
    assert clusters_of(plan(f"{idle} {others}")) == clusters_of(plan(others))
