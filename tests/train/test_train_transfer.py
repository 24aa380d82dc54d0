"""Starting from trained weights: what is the same is copied, what is not is refitted as nearly as can be, or said."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import numpy as np
import pytest
import torch
from train_families import CLUSTERS, Net, Tiny, tiny

from swc_runtime.moved import Moved
from swc_runtime.plan import Cluster, Layers, Plan, Tiles
from swc_runtime.problems import CheckpointError, FamilyError
from swc_runtime.training import save_family
from swc_runtime.transfer import open_source, source_of, start_from

CLUSTER = CLUSTERS["conv3x3"]


def family_like(clusters=CLUSTERS, members=None, name="other", seed=1, **net):
    """A family of the members of ``Tiny``, or of other ones, under other clusters."""
    built = members or {"small": 6, "large": 8}
    attributes = {
        "plan": Plan(name, name, 0, 0, clusters),
        "recipe": Tiny.recipe,
        "input": (net.get("channels", 1), 8, 8),
        "classes": net.get("classes", 10),
        "architectures": MappingProxyType({m: partial(Net, width=width, **net) for m, width in built.items()}),
    }
    torch.manual_seed(seed)
    return type("Other", (Tiny,), attributes)()


def trained(family=None, *, groups=2, seed=0):
    """A family that looks trained: vectors parted, norms with statistics, every number moved."""
    family = family or tiny(seed)
    generator = torch.Generator().manual_seed(seed)
    for s in family.bank.superweights.values():
        count = min(groups, s.vectors)
        family.bank.split(s.id, [s.users[start::count] for start in range(count)])
    with torch.no_grad():
        for tensor in (*family.parameters(), *(b for n, b in family.named_buffers() if "running" in n)):
            tensor.add_(0.1 * torch.rand(tensor.shape, generator=generator))
        for bank in family.bank.template_banks():
            bank.coefficients.copy_(torch.randn(bank.coefficients.shape, generator=generator))
    return family.eval()


def with_templates(**counts):
    superweights = tuple(replace(s, templates=counts.get(s.id, s.templates)) for s in CLUSTER.superweights)
    return {"conv3x3": replace(CLUSTER, superweights=superweights)}


def rectangles(family):
    """By SuperWeight, its users' weights without their gains, (users, numbers)."""
    bank = family.bank
    for s in bank.superweights.values():
        (top, bottom), (left, right) = s.rows, s.columns
        yield (
            s,
            torch.stack([(bank.weight(u)[top:bottom, left:right] / bank.layers[u].gain).flatten() for u in s.users]),
            torch.tensor([bank.layers[u].gain for u in s.users]),
        )


def test_the_same_family_is_taken_over_to_the_bit():
    old, new = trained(), tiny(5).eval()
    report = start_from(new, old)
    for name, tensor in old.state_dict().items():
        if not name.endswith("coefficients"):  # rows that nobody reads stay as they were
            assert torch.equal(new.state_dict()[name], tensor), name
    images = torch.randn(4, 1, 8, 8)
    assert torch.equal(new(images), old(images))
    assert {item.origin for item in report.items} == {"taken"}
    assert report.error == 0
    assert not report.left


def test_other_classes_leave_the_heads_fresh_and_take_all_else():
    old, new = trained(), family_like(classes=5)
    fresh = {name: value.clone() for name, value in new.state_dict().items() if "head" in name}
    report = start_from(new, old)
    for name, tensor in new.state_dict().items():
        if "head" in name:
            assert torch.equal(tensor, fresh[name])
        elif not name.endswith("coefficients"):
            assert torch.equal(tensor, old.state_dict()[name])
    assert [item.name for item in report.of("head", "fresh")] == ["small.head", "large.head"]
    assert report.left == ("small.head", "large.head")
    assert "1 fresh (weight 5×24, was 10×24): small.head" in report.text()


def test_heads_of_as_many_other_classes_are_fresh_and_those_of_the_same_are_taken():
    source = source_of(trained(), classes=tuple("abcdefghij"))
    for names, origin in (("abcdefghij", "taken"), ("abcdefghik", "fresh"), ("bacdefghij", "fresh")):
        new = tiny(3)
        before = new.members["small"].head.weight.clone()
        report = start_from(new, source, classes=tuple(names))
        assert {item.origin for item in report.items if item.kind == "head"} == {origin}
        head = new.members["small"].head.weight
        assert torch.equal(head, before if origin == "fresh" else source.family.members["small"].head.weight)
    assert start_from(tiny(3), source).of("head", "fresh") == ()


def test_other_images_leave_the_stem_fresh_and_say_so():
    report = start_from(family_like(channels=3), trained())
    assert [item.name for item in report.of("layer", "fresh")] == ["small.stem", "large.stem"]
    assert "1 fresh (weight 6×3×3×3, was 6×1×3×3): small.stem" in report.text()


@pytest.mark.parametrize("more", [{"conv3x3@0,0": 4}, {"conv3x3@0,6": 3, "conv3x3@6,0": 2}])
def test_a_plan_that_can_represent_the_weights_gets_them_exactly(more):
    old, new = trained(), family_like(with_templates(**more))
    report = start_from(new.eval(), old)
    images = torch.randn(4, 1, 8, 8)
    torch.testing.assert_close(new(images), old(images), rtol=1e-4, atol=1e-4)
    assert report.error < 1e-6
    assert report.clusters == {"conv3x3": report.error}
    for s in new.bank.superweights.values():
        assert new.bank.groups(s.id) == old.bank.groups(s.id)  # what shared goes on sharing


def test_fewer_templates_give_the_error_of_the_truncated_singular_values():
    old = trained(groups=4)
    new = family_like(with_templates(**{"conv3x3@0,0": 1, "conv3x3@0,6": 1}), seed=2)
    report = start_from(new, old)
    missed = whole = 0.0
    for s, weights, gains in rectangles(old):
        scaled = (gains[:, None] * weights).detach().double().numpy()
        values = np.linalg.svd(scaled, compute_uv=False)
        missed += float((values[new.bank.superweights[s.id].templates :] ** 2).sum())
        whole += float((values**2).sum())
    assert missed / whole > 0.05
    assert report.error == pytest.approx((missed / whole) ** 0.5, rel=1e-4)
    by_layer = {item.name: item.error for item in report.of("layer", "refitted")}
    for name, error in by_layer.items():
        before, after = old.bank.weight(name).detach(), new.bank.weight(name).detach()
        assert error == pytest.approx(float((after - before).norm() / before.norm()), rel=1e-4)
    assert set(by_layer) == set(old.bank.layers)


def test_one_vector_for_all_gives_the_weighted_mean():
    clusters = {"conv3x3": replace(CLUSTER, superweights=tuple(replace(s, vectors=1) for s in CLUSTER.superweights))}
    old, new = trained(), family_like(clusters)
    start_from(new, old)
    for (s, before, gains), (_, after, _) in zip(rectangles(old), rectangles(new), strict=True):
        mean = (gains[:, None] ** 2 * before).sum(0) / (gains**2).sum()
        torch.testing.assert_close(after, mean.expand_as(after), rtol=1e-4, atol=1e-5)
        assert new.bank.groups(s.id) == (s.users,)


def tiled(rows, columns, templates, *, refinable=True):
    return {"conv3x3": Cluster((3, 3), 54, CLUSTER.layers, tiles=Tiles(rows, columns, templates, refinable))}


def test_tiles_take_weights_that_tiles_had_and_go_on_in_whole_superweights():
    old = trained(family_like(tiled(4, 4, 3), name="folded"))
    again = family_like(tiled(4, 4, 3), seed=3)
    assert {item.origin for item in start_from(again, old).items} == {"taken"}
    for name in old.bank.layers:
        assert torch.equal(again.bank.weight(name), old.bank.weight(name))
    wide = {s.id: 4 for s in CLUSTER.superweights}
    whole = family_like(with_templates(**wide), seed=4)
    assert start_from(whole, old).error < 1e-6  # four layers in four templates


@pytest.mark.parametrize("size", [(8, 8), (4, 4), (5, 3)])
def test_tiles_with_as_many_templates_as_places_lose_nothing(size):
    """Also where tiles end within layers and are seen in part."""
    new = family_like(tiled(*size, 40), seed=3)
    assert start_from(new, trained()).error < 1e-6


def test_tiles_share_one_vector_where_the_plan_has_one_and_the_error_is_told():
    old, new = trained(), family_like(tiled(4, 4, 2, refinable=False), seed=3)
    report = start_from(new, old)
    with torch.no_grad():
        missed = sum((new.bank.weight(n) - old.bank.weight(n)).square().sum() for n in old.bank.layers)
        whole = sum(old.bank.weight(n).square().sum() for n in old.bank.layers)
    assert report.error == pytest.approx(float(missed / whole) ** 0.5, rel=1e-4)
    assert 0.1 < report.error < 1
    assert "% in all: conv3x3" in report.text()


def more_members():
    layers = (
        Layers((6, 6), ("small.conv1", "small.conv2", "extra.conv1", "extra.conv2")),
        Layers((8, 8), ("large.conv1", "large.conv2")),
    )
    superweights = (replace(CLUSTER.superweights[0], vectors=6), *CLUSTER.superweights[1:])
    return {"conv3x3": replace(CLUSTER, layers=layers, superweights=superweights)}


def test_new_members_share_what_is_there_and_the_others_are_as_they_were():
    old = trained()
    new = family_like(more_members(), {"small": 6, "large": 8, "extra": 6})
    report = start_from(new.eval(), old)
    images = torch.randn(4, 1, 8, 8)
    assert torch.equal(new(images)[:2], old(images))
    assert report.new_members == ("extra",)
    shared = {item.name: item for item in report.of("layer", "fresh")}
    assert set(shared) == {"extra.stem", "extra.conv1", "extra.conv2"}
    assert torch.equal(new.bank.weight("extra.conv1"), old.bank.weight("small.conv1"))  # the same place
    assert torch.equal(new.bank.weight("extra.conv2"), old.bank.weight("small.conv2"))
    assert "1 of its 1 SuperWeights are not" in shared["extra.conv1"].why
    assert "extra: fresh, but for the SuperWeights that they share" in report.text()


def test_members_that_are_gone_are_named_and_change_nothing_else():
    old = trained(family_like(more_members(), {"small": 6, "large": 8, "extra": 6}))
    new = tiny(7).eval()
    report = start_from(new, old)
    images = torch.randn(4, 1, 8, 8)
    assert torch.equal(new(images), old(images)[:2])
    assert report.left == ("extra",)


def test_members_and_parts_that_were_renamed_are_found_by_their_former_names():
    old = trained()
    names = {"small": "tiny", "large": "huge"}
    layers = tuple(Layers(g.shape, tuple(f"{names[n[:5]]}{n[5:]}" for n in g.names)) for g in CLUSTER.layers)
    new = family_like({"conv3x3": replace(CLUSTER, layers=layers)}, {"tiny": 6, "huge": 8})
    report = start_from(new.eval(), old, renamed=names)
    images = torch.randn(4, 1, 8, 8)
    assert torch.equal(new(images), old(images))
    assert {item.origin for item in report.items} == {"taken"}
    assert (report.new_members, report.left) == ((), ())
    fresh = start_from(family_like({"conv3x3": replace(CLUSTER, layers=layers)}, {"tiny": 6, "huge": 8}), old)
    assert (fresh.new_members, fresh.left) == (("tiny", "huge"), ("small", "large"))
    part = start_from(tiny(2), old, renamed={"small.conv1": "small.elsewhere"})
    assert [item.name for item in part.items if item.origin == "fresh"] == ["small.conv1"]
    assert part.left == ("small.elsewhere",)


def test_names_that_the_spec_says_to_have_moved_are_followed_from_any_version():
    moves = (Moved("petty", "small", "s0"), Moved("small.conv1", "small.first", "s1"), Moved("large", "huge", "s2"))
    source = family_like({}, {"petty": 6, "large": 8})
    for old in (source, trained()):  # before the first move, and after it
        new = family_like({}, {"small": 6, "huge": 8})
        type(new).moved = moves
        report = start_from(new, old)
        assert [item.name for item in report.items if item.origin == "fresh"] == ["small.conv1"]  # another layer by now
        assert (report.left, report.new_members) == (("small.first",), ())
        member = "petty" if old is source else "small"
        assert torch.equal(new.members["small"].stem.weight, old.members[member].stem.weight)
        assert torch.equal(new.members["huge"].stem.weight, old.members["large"].stem.weight)
    same = family_like({}, {"small": 6, "huge": 8}, seed=4)
    type(same).moved = moves[2:]
    assert not start_from(same, family_like({}, {"small": 6, "huge": 8})).left  # nothing is called by a former name


def test_private_layers_become_shared_and_shared_ones_private():
    old = trained()
    alone = family_like({})
    report = start_from(alone, old)
    assert {item.origin for item in report.items} == {"taken"}
    for name in old.bank.layers:
        member, _, layer = name.partition(".")
        assert torch.equal(alone.members[member].get_submodule(layer).weight, old.bank.weight(name))
    wide = {s.id: 4 for s in CLUSTER.superweights}
    shared = family_like(with_templates(**wide), seed=9)
    assert start_from(shared, alone).error < 1e-6


def test_a_layer_of_another_shape_is_fresh_and_the_old_one_left():
    new = family_like({}, {"small": 6, "large": 10})
    report = start_from(new, trained())
    assert {item.name for item in report.items if item.origin == "fresh"} == {
        f"large.{part}" for part in ("stem", "bn0", "conv1", "bn1", "conv2", "bn2", "head")
    }
    assert set(report.left) == {f"large.{part}" for part in ("stem", "bn0", "conv1", "bn1", "conv2", "bn2", "head")}


def test_the_record_is_plain_json_and_counts_everything():
    report = start_from(family_like(classes=5), trained())
    record = json.loads(json.dumps(report.record()))
    assert record["counts"] == {
        "layer": {"taken": 6, "refitted": 0, "fresh": 0},
        "norm": {"taken": 6, "refitted": 0, "fresh": 0},
        "head": {"taken": 0, "refitted": 0, "fresh": 2},
    }
    assert record["digest"] == source_of(trained()).digest != source_of(trained(seed=1)).digest
    assert len(json.loads(json.dumps(report.to_json()))["items"]) == 14


def test_the_random_numbers_of_the_new_family_do_not_depend_on_what_it_starts_from(tmp_path):
    save_family(trained(), tmp_path / "family.safetensors", {})
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    open_source(tmp_path, tiny())  # draws for tiny, which is not what is meant
    torch.manual_seed(0)
    family = tiny()
    torch.manual_seed(0)
    source = open_source(tmp_path, family)
    assert torch.equal(torch.rand(3), expected)
    assert source.digest == source_of(trained()).digest


def test_sources_that_cannot_be_read_are_told(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint to start from"):
        start_from(tiny(), tmp_path)
    save_family(trained(), tmp_path / "last.safetensors", {"classes": ["a", "b"]})
    source = open_source(tmp_path, tiny())
    assert source.classes == ("a", "b")
    assert source.name.endswith("last.safetensors")
    with pytest.raises(CheckpointError, match=r"tiny\.py, is not beside it"):
        start_from(family_like(), tmp_path)
    (tmp_path / "tiny.py").write_text("x = 1\n")
    with pytest.raises(FamilyError, match="defines no family"):
        start_from(family_like(), tmp_path)
    (tmp_path / "tiny.py").write_text("from train_families import Tiny as Base\n\nclass Tiny(Base):\n    pass\n")
    assert start_from(family_like(), tmp_path).family == "tiny"
    other = tmp_path / "elsewhere.py"
    other.write_text("from train_families import TugOfWar\n\nclass Mine(TugOfWar):\n    pass\n")
    with pytest.raises(CheckpointError, match="family tiny, not of tug"):
        open_source(tmp_path, family_like(), generated=other)
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"x" * 100)
    with pytest.raises(CheckpointError, match="damaged"):
        open_source(damaged, tiny())
