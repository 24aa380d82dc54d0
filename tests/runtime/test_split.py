"""Splitting the users of a SuperWeight into groups with coefficient vectors of their own."""

from __future__ import annotations

import families
import pytest
import torch
from handmade import FoldedMini, Mini

from swc_runtime import Family, Tiles

ID = "conv3x3@0,8"
USERS = (
    "wide.group1.0.conv2",
    "deep.group2.0.conv2",
    "deep.group2.1.conv1",
    "deep.group2.1.conv2",
    "wide.group2.0.conv1",
    "wide.group2.0.conv2",
)


def weights(family: Family) -> dict[str, torch.Tensor]:
    return {name: family.bank.weight(name).detach().clone() for name in family.bank.layers}


def test_all_users_share_one_vector_at_first() -> None:
    for family in (Mini(), FoldedMini()):
        for superweight in family.bank.superweights.values():
            assert family.bank.groups(superweight.id) == (superweight.users,)
    assert Mini().bank.superweights[ID].users == USERS


def test_a_split_copies_rows_and_changes_no_weight() -> None:
    family = Mini()
    coefficients = dict(family.named_parameters())[f"bank.{ID}.coefficients"]
    with torch.no_grad():
        coefficients[1:] = -7.0  # what the reserved rows hold does not matter
        coefficients[0].mul_(1.5)
    before = weights(family)
    moves = family.bank.split(ID, [USERS[1:3], (USERS[0], USERS[3]), USERS[4:]])
    name = f"bank.{ID}.coefficients"
    assert moves == [(name, 0, 1, 1 / 3), (name, 0, 2, 1 / 3), (name, 0, 0, 1 / 3)]
    assert family.bank.groups(ID) == ((USERS[0], USERS[3]), USERS[1:3], USERS[4:])
    for name, weight in weights(family).items():
        torch.testing.assert_close(weight, before[name])
    with torch.no_grad():
        coefficients[1].add_(1.0)
    changed = {name for name, weight in weights(family).items() if not torch.equal(weight, before[name])}
    assert changed == set(USERS[1:3])


def test_groups_split_again_from_the_row_they_use() -> None:
    family = Mini()
    name = f"bank.{ID}.coefficients"
    family.bank.split(ID, [USERS[:3], USERS[3:]])
    with torch.no_grad():
        dict(family.named_parameters())[name][1].add_(1.0)
    before = weights(family)
    assert family.bank.split(ID, [USERS[:3], USERS[3:5], USERS[5:]]) == [(name, 1, 2, 1 / 3), (name, 1, 1, 2 / 3)]
    assert family.bank.split(ID, [USERS[:3], USERS[3:5], USERS[5:]]) == []
    for layer, weight in weights(family).items():
        torch.testing.assert_close(weight, before[layer])
    assert family.bank.split(ID, [(user,) for user in USERS]) == [
        *((name, 0, 3, 1 / 3), (name, 0, 4, 1 / 3), (name, 1, 5, 1 / 2)),
        *((name, 0, 0, 1 / 3), (name, 1, 1, 1 / 2)),
    ]


def test_a_tile_splits_within_its_own_rows() -> None:
    family = FoldedMini()
    first = family.bank.superweights["conv3x3@0,0"]
    second = family.bank.superweights["conv3x3@0,6"]
    assert (first.first_row, first.vectors, second.first_row) == (0, 12, 12)
    before = weights(family)
    moves = family.bank.split(second.id, [second.users[:5], second.users[5:]])
    assert moves == [("bank.conv3x3.coefficients", 12, 13, 7 / 12), ("bank.conv3x3.coefficients", 12, 12, 5 / 12)]
    assert family.bank.groups(second.id) == (second.users[:5], second.users[5:])
    assert family.bank.groups(first.id) == (first.users,)
    for name, weight in weights(family).items():
        torch.testing.assert_close(weight, before[name])
    with torch.no_grad():
        dict(family.named_parameters())["bank.conv3x3.coefficients"][13].add_(1.0)
    changed = {name for name, weight in weights(family).items() if not torch.equal(weight, before[name])}
    assert changed == set(second.users[5:])


def test_gradients_reach_each_group_apart() -> None:
    family = Mini()
    family.bank.split(ID, [USERS[:1], USERS[1:]])
    family.bank.weight(USERS[0]).sum().backward()
    gradient = dict(family.named_parameters())[f"bank.{ID}.coefficients"].grad
    assert gradient is not None
    assert gradient[0].abs().min() > 0
    assert gradient[1:].abs().max() == 0


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([USERS[:5]], "expected each of the 6 layers"),
        ([USERS, USERS[:1]], "expected each of the 6 layers"),
        ([USERS, ()], "expected each of the 6 layers"),
        ([(*USERS[:5], "wide.group2.0.conv3")], "'wide.group2.0.conv3' does not use .* did you mean"),
    ],
)
def test_groups_must_be_a_partition(groups: list[tuple[str, ...]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Mini().bank.split(ID, groups)


def test_groups_cannot_join_again() -> None:
    family = Mini()
    family.bank.split(ID, [USERS[:1], USERS[1:]])
    with pytest.raises(ValueError, match="already use different vectors"):
        family.bank.split(ID, [USERS])
    assert family.bank.groups(ID) == (USERS[:1], USERS[1:])


def test_groups_stay_within_the_reserve() -> None:
    shapes = [(4, 4)] * 3
    shared = families.cluster(shapes, tiles=Tiles(4, 4, templates=2, refinable=False))
    family = families.bag(shapes, shared)
    with pytest.raises(ValueError, match="2 groups for SuperWeight 'c@0,0', but the plan reserves 1"):
        family.bank.split("c@0,0", [["net.layers.0"], ["net.layers.1", "net.layers.2"]])
