"""Composed weights and their gradients against the slow construction, and plans that cannot be composed."""

from __future__ import annotations

import dataclasses
import math
import random
from itertools import pairwise

import families
import pytest
import reference
import torch
from handmade import PLAN, FoldedMini, Mini
from hypothesis import given, settings
from hypothesis import strategies as st

from swc_runtime import Cluster, Family, Layers, PlanError, SuperWeight, SuperWeightBank, Tiles

CHAIN = [(4, 2), (4, 4), (8, 4), (8, 8), (8, 8), (12, 10)]
SHAPES = st.lists(st.tuples(st.integers(1, 7), st.integers(1, 7)), min_size=1, max_size=6)
TILE = st.tuples(st.integers(1, 5), st.integers(1, 5))


def scatter(family: Family, seed: int) -> None:
    """Give every reserved vector its own values and split the users of every SuperWeight at random."""
    rng = random.Random(seed)
    generator = torch.Generator().manual_seed(seed)
    for bank in family.bank.template_banks():
        bank.coefficients.data.normal_(generator=generator)
    for superweight in family.bank.superweights.values():
        names: dict[int, list[str]] = {}
        for user in superweight.users:
            names.setdefault(rng.randrange(superweight.vectors), []).append(user)
        family.bank.split(superweight.id, list(names.values()))
    for bank in family.bank.template_banks():
        bank.coefficients.data.normal_(generator=generator)


def assert_as_reference(family: Family) -> None:
    for name, layer in family.bank.layers.items():
        weight = family.bank.weight(name)
        expected = reference.weight(family, name)
        assert tuple(expected.shape) == layer.shape
        torch.testing.assert_close(weight.double().reshape(layer.shape), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("family_class", [Mini, FoldedMini])
@pytest.mark.parametrize("split", [False, True])
def test_weights_are_those_of_the_slow_construction(family_class: type[Family], *, split: bool) -> None:
    family = family_class()
    if split:
        scatter(family, 3)
    assert_as_reference(family)


@settings(max_examples=60, deadline=None)
@given(shapes=SHAPES, seed=st.integers(0, 3), split=st.booleans())
def test_any_shapes_compose(shapes: list[tuple[int, int]], seed: int, *, split: bool) -> None:
    torch.manual_seed(seed)
    family = families.bag(shapes, families.cluster(shapes, kernel=1))
    if split:
        scatter(family, seed)
    assert_as_reference(family)


@settings(max_examples=60, deadline=None)
@given(
    shapes=SHAPES, tile=st.tuples(st.integers(1, 5), st.integers(1, 5)), refinable=st.booleans(), seed=st.integers(0, 3)
)
def test_any_shapes_fold(shapes: list[tuple[int, int]], tile: tuple[int, int], seed: int, *, refinable: bool) -> None:
    torch.manual_seed(seed)
    tiles = Tiles(*tile, templates=2, refinable=refinable)
    family = families.bag(shapes, families.cluster(shapes, kernel=1, tiles=tiles))
    if refinable:
        scatter(family, seed)
    assert_as_reference(family)


def test_a_chain_of_nested_shapes_shares_its_corner() -> None:
    family = families.bag(CHAIN, families.cluster(CHAIN))
    assert_as_reference(family)
    weights = [family.bank.weight(f"net.layers.{i}") / family.bank.layers[f"net.layers.{i}"].gain for i in range(6)]
    for small, large in pairwise(weights):
        torch.testing.assert_close(large[: small.shape[0], : small.shape[1]], small)


@pytest.mark.parametrize("family_class", [Mini, FoldedMini])
@pytest.mark.parametrize("split", [False, True])
def test_gradients_are_those_of_the_slow_construction(family_class: type[Family], *, split: bool) -> None:
    family = family_class()
    if split:
        scatter(family, 5)
    upstream = {name: torch.randn(layer.shape) for name, layer in family.bank.layers.items()}
    with family.bank.step():
        loss = sum(
            (family.bank.weight(name).reshape(gradient.shape) * gradient).sum() for name, gradient in upstream.items()
        )
    assert isinstance(loss, torch.Tensor)
    loss.backward()
    parameters = dict(family.named_parameters())
    expected = reference.gradients(family, upstream)
    assert expected
    for name, gradient in expected.items():
        found = parameters[name].grad
        assert found is not None, name
        torch.testing.assert_close(found.double(), gradient, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("family_class", [Mini, FoldedMini])
def test_coefficient_gradients_of_a_layer(family_class: type[Family]) -> None:
    family = family_class()
    scatter(family, 7)
    for name, layer in family.bank.layers.items():
        gradient = torch.randn(layer.shape)
        expected = reference.gradients(family, {name: gradient})
        for superweight_id in layer.superweights:
            superweight = family.bank.superweights[superweight_id]
            row = [i for i, group in enumerate(family.bank.groups(superweight_id)) if name in group]
            assert len(row) == 1
            found = family.bank.coefficient_gradients(superweight_id, name, gradient)
            rows = expected[f"bank.{superweight.bank}.coefficients"][
                superweight.first_row : superweight.first_row + superweight.vectors
            ]
            torch.testing.assert_close(found.double(), rows.sum(0), rtol=1e-4, atol=1e-4)
            assert found.abs().max() > 0


def test_a_cropped_tile_counts_as_far_as_the_layer_uses_it() -> None:
    family = FoldedMini()
    gradient = torch.zeros(family.bank.layers["wide.group1.0.conv2"].shape)  # (12, 12, 3, 3), tiles of 8 x 6
    gradient[8:, 6:] = 1.0
    templates = family.bank.templates("conv3x3@8,6")
    assert templates.shape == (3, 8, 6, 3, 3)
    expected = math.sqrt(144 / 108) * templates[:, :4].sum((1, 2, 3, 4))
    found = family.bank.coefficient_gradients("conv3x3@8,6", "wide.group1.0.conv2", gradient)
    torch.testing.assert_close(found, expected.detach())


def test_weights_are_contiguous_also_when_cropped() -> None:
    shapes = [(7, 5), (7, 5)]
    family = families.bag(shapes, families.cluster(shapes, tiles=Tiles(4, 4, templates=2, refinable=False)))
    assert family.bank.layers["net.layers.0"].gain == 1.0
    assert family.bank.weight("net.layers.0").is_contiguous()


def test_templates_are_a_view_of_the_parameter() -> None:
    family = Mini()
    templates = family.bank.templates("conv3x3@0,12")
    assert templates.shape == (3, 16, 4, 3, 3)
    assert templates.data_ptr() == dict(family.named_parameters())["bank.conv3x3@0,12.templates"].data_ptr()


def one(superweights: tuple[SuperWeight, ...], tiles: Tiles | None = None, layers: int = 1) -> dict[str, Cluster]:
    names = tuple(f"a.{i}" for i in range(layers))
    return {"c": Cluster((1, 1), 4, (Layers((4, 4), names),), superweights=superweights, tiles=tiles)}


def whole(rows: tuple[int, int], columns: tuple[int, int], *, vectors: int = 1, templates: int = 1) -> SuperWeight:
    return SuperWeight(f"c@{rows[0]},{columns[0]}", rows, columns, templates, vectors)


@pytest.mark.parametrize(
    ("clusters", "message"),
    [
        (one(()), "either superweights or tiles"),
        (one((whole((0, 4), (0, 4)),), Tiles(2, 2, 1, refinable=False)), "either superweights or tiles"),
        (one((whole((0, 4), (0, 3)),)), "cover 12 of the 16 cells of layer 'a.0'"),
        (one((whole((0, 4), (0, 3)), whole((0, 4), (2, 4)))), "'c@0,0' and 'c@0,2' of cluster 'c' overlap"),
        (one((whole((0, 5), (0, 4)),)), "reaches beyond layer 'a.0'"),
        (one((whole((0, 4), (0, 4)), whole((9, 10), (9, 10)))), "no layer uses SuperWeight 'c@9,9'"),
        (one((whole((0, 4), (0, 4)), whole((4, 4), (0, 4)))), "is empty"),
        (one((whole((0, 4), (0, 4), vectors=2),)), "2 coefficient vectors for 1 layers"),
        (one((whole((0, 4), (0, 4), templates=0),)), "0 templates"),
        (one((), Tiles(2, 2, 0, refinable=False)), "0 templates"),
        ({"c": Cluster((1, 1), 4, (), superweights=(whole((0, 4), (0, 4)),))}, "has no layers"),
        ({**one((whole((0, 4), (0, 4)),)), "d": one((), Tiles(2, 2, 1, refinable=False))["c"]}, "layer 'a.0' twice"),
        ({"c": one((whole((0, 4), (0, 4)),))["c"], "d": dataclasses.replace(
            one((whole((0, 4), (0, 4)),))["c"], layers=(Layers((4, 4), ("b",)),))}, "SuperWeight 'c@0,0' twice"),
        ({"c.d": one((), Tiles(2, 2, 1, refinable=False))["c"]}, "has a dot"),
    ],
)  # fmt: skip
def test_contradictory_plans_are_refused(clusters: dict[str, Cluster], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        SuperWeightBank(clusters)


def test_names_of_methods_will_do_for_clusters() -> None:
    bank = SuperWeightBank({"step": one((), Tiles(2, 2, 1, refinable=False))["c"]})
    assert "step.templates" in bank.state_dict()
    assert bank.weight("a.0").shape == (4, 4, 1, 1)


def test_a_plan_says_which_layers_share_what() -> None:
    bank = SuperWeightBank(PLAN.clusters)
    layer = bank.layers["wide.group2.0.conv1"]
    assert layer.shape == (20, 12, 3, 3)
    corners = ((0, 0), (0, 8), (8, 0), (12, 0), (12, 8), (16, 0))
    assert layer.superweights == tuple(f"conv3x3@{row},{column}" for row, column in corners)
    assert layer.gain == pytest.approx(math.sqrt(144 / 108))
    superweight = bank.superweights["conv3x3@16,0"]
    assert superweight.users == ("wide.group2.0.conv1", "wide.group2.0.conv2")
    assert (superweight.rows, superweight.columns) == ((16, 20), (0, 12))
    assert (superweight.templates, superweight.vectors) == (2, 2)
