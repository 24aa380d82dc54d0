"""Frozen members: what they alone use stays as it is to the bit, what they share is trained and said to be."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from train_families import Tiny, digits, session_of, tiny

from swc_runtime.checkpoint import read_checkpoint
from swc_runtime.problems import CheckpointError, TrainingError
from swc_runtime.progress import Silent
from swc_runtime.training import LAST, Session, TrainOptions, train
from swc_runtime.training.freezing import Freezing
from swc_runtime.training.refine import refine

CPU = TrainOptions(accelerator="cpu", val=0.0)


def options(folder, **changes):
    return replace(CPU, run_dir=folder, **changes)


def state(family):
    return {name: value.clone() for name, value in family.state_dict().items()}


def changed(family, before):
    return {name for name, value in family.state_dict().items() if not torch.equal(value, before[name])}


def test_what_a_member_alone_uses_stays_and_everything_else_is_trained(tmp_path):
    family = tiny()
    before = state(family)
    train(family, digits(150), options(tmp_path, freeze=("large",), epochs=1))
    parts = changed(family, before)
    assert not {name for name in parts if name.startswith("members.large.")}
    # The two SuperWeights beyond 6 x 6 are large's alone; the first is shared.
    assert {name for name in parts if name.startswith("bank.")} == {
        "bank.conv3x3@0,0.templates",
        "bank.conv3x3@0,0.coefficients",
    }
    small = {name for name in before if name.startswith("members.small.")}
    assert parts >= small
    assert all(parameter.requires_grad for parameter in family.parameters())


def test_nothing_is_kept_in_mind_of_what_is_frozen(tmp_path):
    train(tiny(), digits(150), options(tmp_path, freeze=("large",), epochs=1))
    tensors, metadata = read_checkpoint(tmp_path / LAST)
    memory = {name for name in tensors if name.startswith("optimizer/")}
    assert memory
    assert not {name for name in memory if "members.large" in name or "conv3x3@6,0" in name}
    assert metadata["training"]["freeze"] == ["large"]


def test_vectors_that_only_frozen_members_read_stay_although_their_bank_is_trained():
    session = session_of(tiny(), digits(150), freeze=("large",))
    bank = session.family.bank
    users = bank.superweights["conv3x3@0,0"].users
    bank.split("conv3x3@0,0", [users[:1], users[1:2], users[2:3], users[3:]])
    assert users[2:] == ("large.conv1", "large.conv2")
    coefficients = bank.template_bank("conv3x3@0,0").coefficients
    before = coefficients.detach().clone()
    session.train_epoch(0, Silent())
    assert torch.equal(coefficients[2:], before[2:])
    assert not torch.equal(coefficients[:2], before[:2])


def test_vectors_that_frozen_members_take_with_them_stop_at_once():
    """Refinement in the middle: the momentum that such a vector takes along must not move it any more."""
    session = session_of(tiny(), digits(150), freeze=("large",))
    session.train_epoch(0, Silent())
    refine(session, 1, 0.9999999, Silent())
    bank = session.family.bank
    groups = bank.groups("conv3x3@0,0")
    frozen = [index for index, group in enumerate(groups) if all(user.startswith("large") for user in group)]
    assert frozen
    coefficients = bank.template_bank("conv3x3@0,0").coefficients
    before = coefficients.detach().clone()
    session.train_epoch(1, Silent())
    for index, group in enumerate(groups):
        row = bank.template_bank("conv3x3@0,0").assignment[bank.superweights["conv3x3@0,0"].users.index(group[0])]
        assert torch.equal(coefficients[row], before[row]) == (index in frozen)


def test_the_loss_of_a_frozen_member_counts_for_what_it_shares():
    session = session_of(tiny(), digits(150), freeze=("large",))
    images, labels = next(session.batches(0, "train"))
    session.train_mode()
    assert not session.family.members["large"].training
    assert session.family.members["small"].training
    losses = session.member_losses(session.family(images), labels)
    losses[1].backward()  # large's
    shared = session.family.bank.template_bank("conv3x3@0,0")
    assert shared.templates.grad.abs().sum() > 0
    assert session.family.members["large"].head.weight.grad is None


def test_a_killed_run_with_frozen_members_resumes_to_the_same_bits(tmp_path, monkeypatch):
    train(tiny(), digits(150), options(tmp_path / "whole", freeze=("large",)))

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("swc_runtime.training.loop.refine", killed)
        with pytest.raises(KeyboardInterrupt):
            train(tiny(), digits(150), options(tmp_path / "parts", freeze=("large",)))
    train(tiny(4), digits(150), options(tmp_path / "parts", freeze=("large",), resume=True))
    found, expected = (read_checkpoint(tmp_path / name / LAST)[0] for name in ("parts", "whole"))
    assert set(found) == set(expected)
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_resuming_with_other_members_frozen_is_refused(tmp_path):
    train(tiny(), digits(64), options(tmp_path, freeze=("large",), epochs=1))
    with pytest.raises(CheckpointError, match=r"freeze was \['large'\] and is now \[\]"):
        train(tiny(), digits(64), options(tmp_path, epochs=1, resume=True))


def test_it_is_said_what_is_frozen_and_what_is_shared():
    with Freezing(tiny(), ["large"]) as freezing:
        assert freezing.text() == (
            "frozen    large: its own layers, norms and head, and 2 SuperWeights that nobody else uses\n"
            "          1 SuperWeight is shared with small and trained, which changes large too: conv3x3@0,0"
        )
    family = tiny()
    with Freezing(family, ["small"]):
        assert not family.members["small"].head.weight.requires_grad
        assert family.bank.template_bank("conv3x3@6,0").templates.requires_grad
    assert family.members["small"].head.weight.requires_grad


def test_what_starts_fresh_in_a_frozen_member_is_trained(tmp_path):
    """A head for other classes, a norm, and a shared layer: they would stay random otherwise."""
    family = tiny()
    before = state(family)
    fresh = ["large.head", "large.bn1", "large.conv2"]
    origin = {"family": "tiny", "digest": "0", "fresh": fresh}
    chosen = options(tmp_path, freeze=("large",), epochs=2, origin=origin)
    train(family, digits(150), chosen)
    parts = {name for name in changed(family, before) if name.startswith("members.large.")}
    assert {name.rpartition(".")[0] for name in parts} == {"members.large.head", "members.large.bn1"}
    assert "members.large.bn1.running_mean" in parts
    assert any("conv3x3@6,0" in name for name in changed(family, before))  # conv2 reads it
    with Freezing(family, ["large"], fresh) as freezing:
        assert "; 3 parts of it that started fresh are trained" in freezing.text()


def test_heads_alone_are_trained_where_all_members_are_frozen_and_resuming_knows_it(tmp_path, monkeypatch):
    heads = {"family": "tiny", "digest": "0", "fresh": ["large.head", "small.head"]}
    chosen = options(tmp_path / "whole", freeze=("large", "small"), origin=heads, epochs=2)
    family = tiny()
    before = state(family)
    train(family, digits(150), chosen)
    assert changed(family, before) == {f"members.{m}.head.{p}" for m in ("large", "small") for p in ("weight", "bias")}
    original, count = Session.train_epoch, iter(range(10))

    def killed(*arguments):
        if next(count):
            raise KeyboardInterrupt
        return original(*arguments)

    parts = replace(chosen, run_dir=tmp_path / "parts")
    with monkeypatch.context() as patch:
        patch.setattr(Session, "train_epoch", killed)
        with pytest.raises(KeyboardInterrupt):
            train(tiny(), digits(150), parts)
    again = tiny(3)
    train(again, digits(150), replace(parts, origin=None, resume=True))
    assert not changed(again, state(family))


@pytest.mark.parametrize(
    ("members", "told"),
    [(("large", "small"), "nothing to train"), (("lagre",), "did you mean 'large'"), (("large", "large"), "once")],
)
def test_members_that_cannot_be_frozen_are_told(members, told):
    with pytest.raises(TrainingError, match=told):
        Freezing(tiny(), members)


def test_a_family_that_was_not_frozen_is_left_alone():
    family = tiny()
    family.members["small"].head.weight.requires_grad = False
    with Freezing(family, ["small"]):
        assert not family.members["small"].head.bias.requires_grad
    assert not family.members["small"].head.weight.requires_grad  # it was the caller's
    assert family.members["small"].head.bias.requires_grad
    assert Tiny().members["small"].head.weight.requires_grad
