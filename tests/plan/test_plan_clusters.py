"""The clusters a family starts from, and the names of found ones."""

from __future__ import annotations

from attrs import evolve
from plan_families import family, hetero, hint, member, wrn

from swc.family import ClusterHint, Clustering, ClusterMethod, Family, Refinement, Sharing
from swc.plan import cluster_name, initial_clusters, plan_family, shareable_layers

SINGLE = Clustering(ClusterMethod.SINGLE)


def made(sharing: Sharing, budget: int = 10**9) -> Family:
    layers = [("c1", 8, 8, 3), ("s", 8, 8, 1), ("c2", 8, 8, 3), ("f", 8, 8, 0), ("c3", 8, 8, 3)]
    return family([member("a", layers), member("b", layers)], budget, evolve(sharing, clustering=SINGLE))


def test_one_cluster_per_kernel() -> None:
    assert initial_clusters(made(Sharing())) == {
        "conv3x3": ("a.c1", "a.c2", "a.c3", "b.c1", "b.c2", "b.c3"),
        "conv1x1": ("a.s", "b.s"),
        "linear": ("a.f", "b.f"),
    }


def test_bins_part_by_depth() -> None:
    found = initial_clusters(made(Sharing(bins=2)))
    assert found["conv3x3-bin1"] == ("a.c1", "b.c1")
    assert found["conv3x3-bin2"] == ("a.c2", "a.c3", "b.c2", "b.c3")
    assert found["linear-bin2"] == ("a.f", "b.f")


def test_depth_clusters_have_four_bins() -> None:
    depth = evolve(hetero(), sharing=evolve(hetero().sharing, clustering=Clustering(ClusterMethod.DEPTH)))
    assert {name for name in initial_clusters(depth) if name.startswith("conv3x3")} == {
        f"conv3x3-bin{k}" for k in (1, 2, 3, 4)
    }


def test_as_many_bins_as_it_takes_to_spend_the_budget() -> None:
    one = family([wrn("mid", 28, 10)], 36_500_000)
    assert set(initial_clusters(evolve(one, budget=evolve(one.budget, parameters=25_000_000)))) == {
        "conv1x1",
        "conv3x3",
    }
    names = set(initial_clusters(one))
    assert "conv3x3-bin2" in names
    plan = plan_family(one, structure="s")
    assert plan.parameters.total >= 36_500_000 * 0.999
    fewer = evolve(one, sharing=evolve(one.sharing, bins=max(int(name[-1]) for name in names) - 1))
    assert plan_family(fewer, structure="s").parameters.total < 36_500_000 * 0.999


def test_hard_sharing_spends_by_bins_alone() -> None:
    one = family([wrn("mid", 28, 10)], 20_000_000)
    hard = evolve(one, sharing=evolve(one.sharing, refinement=None))
    plan = plan_family(hard, structure="s")
    assert 20_000_000 * 0.999 <= plan.parameters.total <= 20_000_000
    assert all(s.coefficient_vectors == 1 for s in plan.superweights)


def equal(budget: int, sharing: Sharing, *, members: int = 4) -> Family:
    """Members of three layers at the same depths, 3x3, whose widths rise from member to member."""
    widths = range(8, 8 + 2 * members, 2)
    return family([member(f"m{w}", [(f"c{n}", w, w, 3) for n in range(3)]) for w in widths], budget, sharing)


def test_layers_of_one_depth_are_parted_by_shape() -> None:
    whole = equal(10**6, Sharing(refinement=None))
    found = initial_clusters(whole)
    assert len(found) == 12
    assert found["conv3x3-bin1-shape1"] == ("m8.c0",)
    assert found["conv3x3-bin3-shape4"] == ("m14.c2",)
    half = initial_clusters(equal(whole.parameters_independent * 59 // 100, Sharing(refinement=None)))
    assert half["conv3x3-bin1-shape1"] == ("m8.c0", "m10.c0")
    assert half["conv3x3-bin1-shape2"] == ("m12.c0", "m14.c0")


def test_bins_that_gain_nothing_are_not_parted() -> None:
    wide = [("c0", 16, 16, 3), ("c1", 16, 16, 3), ("s", 8, 8, 1)]
    members = [member(f"m{k}", wide if k < 2 else wide[:2]) for k in range(4)]
    found = initial_clusters(family(members, 10**6, Sharing(templates=(1, 2))))
    assert found["conv1x1-bin3"] == ("m0.s", "m1.s")
    assert found["conv3x3-bin1-shape1"] == ("m0.c0", "m1.c0")
    assert found["conv3x3-bin1-shape2"] == ("m2.c0", "m3.c0")


def test_parting_by_shape_keeps_hints() -> None:
    tie = hint(["m8.c0", "m14.c0"], [["m8.c0"], ["m14.c0"]])
    apart = hint(["m8.c1", "m10.c1"], [["m8.c1"], ["m10.c1"]])
    back = ClusterHint(("*.c2",), (tuple(f"m{w}.c2" for w in (8, 10, 12, 14)),), name="back")
    sharing = Sharing(refinement=None, ties=(tie,), aparts=(apart,), hand_made=(back,))
    found = initial_clusters(equal(10**6, sharing))
    assert found["conv3x3-back"] == ("m8.c2", "m10.c2", "m12.c2", "m14.c2")
    assert ("m8.c0", "m14.c0") in found.values()
    assert {name for name, layers in found.items() if layers in (("m8.c1",), ("m10.c1",))} == {
        "conv3x3-bin2-part1-shape1",
        "conv3x3-bin2-part2",
    }


def test_one_depth_alone_is_the_first_bin() -> None:
    members = [member(f"m{k}", [("c", 8, 8, 3)]) for k in range(3)]
    found = initial_clusters(family(members, 10**6, Sharing(refinement=None)))
    assert list(found) == ["conv3x3-bin1-shape1", "conv3x3-bin1-shape2", "conv3x3-bin1-shape3"]


def test_refinement_reserves_a_vector_for_each_user() -> None:
    plan = plan_family(made(Sharing(refinement=Refinement())), structure="s")
    assert all(s.coefficient_vectors == len(s.users) for s in plan.superweights)


def test_private_layers_and_heads_do_not_share() -> None:
    names = [layer.name for layer in shareable_layers(hetero())]
    assert "deep.stem" not in names
    assert "deep.fc" not in names
    assert names[0] == "deep.group1.0.conv1"


def test_public_heads_share() -> None:
    sharing = evolve(hetero().sharing, public=(hint(["*.fc"], [["deep.fc", "slim.fc"]]),))
    found = initial_clusters(evolve(hetero(), sharing=sharing))
    assert found["linear"] == ("deep.fc", "slim.fc")


def test_a_tie_brings_a_linear_layer_to_the_convolutions() -> None:
    tie = hint(["a.f", "*.s"], [["a.f"], ["a.s", "b.s"]])
    found = initial_clusters(made(Sharing(ties=(tie,))))
    assert found["conv1x1"] == ("a.s", "a.f", "b.s")
    assert found["linear"] == ("b.f",)


def test_tied_layers_stay_in_one_bin() -> None:
    tie = hint(["a.c1", "b.c3"], [["a.c1"], ["b.c3"]])
    found = initial_clusters(made(Sharing(ties=(tie,), bins=4)))
    assert any({"a.c1", "b.c3"} <= set(layers) for layers in found.values())


def test_apart_parts_a_cluster() -> None:
    apart = hint(["a.c1", "b.*"], [["a.c1"], ["b.c1", "b.c2", "b.c3", "b.s", "b.f"]])
    found = initial_clusters(made(Sharing(aparts=(apart,))))
    assert found["conv3x3-part1"] == ("a.c1", "a.c2", "a.c3")
    assert found["conv3x3-part2"] == ("b.c1", "b.c2", "b.c3")
    assert found["conv1x1"] == ("a.s", "b.s")


def test_cluster_names() -> None:
    four = hetero()
    assert cluster_name(["wide.group1.0.conv2", "deep.group1.0.conv1"], four) == "conv3x3-deep-group1-0-conv1"
    assert cluster_name(initial_clusters(four)["conv3x3"], four) == "conv3x3"
    assert cluster_name(["mid.group3.0.shortcut"], four) == "conv1x1-mid-group3-0-shortcut"
    tied = made(Sharing(ties=(hint(["a.f", "a.s"], [["a.f"], ["a.s"]]),)))
    assert cluster_name(["a.s", "a.f", "b.s"], tied) == "conv1x1"
    assert cluster_name(["b.f"], tied) == "linear"
