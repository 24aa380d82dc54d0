"""Refinement against coefficients that each layer holds for itself, differentiated by plain autograd."""

from __future__ import annotations

import torch
from torch.func import functional_call
from torch.nn import functional as F  # noqa: N812 - the field's name for it
from train_families import TugOfWar, digits, noise, session_of, tiny

from swc_runtime.grouping import group_by_similarity
from swc_runtime.progress import Silent
from swc_runtime.refinement import RefinementSummary, coefficient_groups
from swc_runtime.regroup import Move
from swc_runtime.training.optimizer import carry_over
from swc_runtime.training.probing import weight_gradients
from swc_runtime.training.refine import refine


def private_coefficients(session, epoch):
    """Gradient of each layer's own copy of each coefficient vector (eq. 3), from eq. 1 and the plane by hand."""
    family, bank = session.family, session.family.bank
    alphas = {
        (name, layer): bank.template_bank(superweight.bank)
        .coefficients.detach()[superweight.first_row]
        .clone()
        .requires_grad_()
        for name, superweight in bank.superweights.items()
        for layer in superweight.users
    }
    plain = family.freeze()
    for module in plain.values():
        module.train()
    for images, labels in session.batches(epoch, "probe"):
        for member, module in plain.items():
            weights = {}
            for layer, shared in bank.layers.items():
                if layer.startswith(f"{member}."):
                    weight = torch.zeros(shared.shape)
                    for name in shared.superweights:
                        s = bank.superweights[name]
                        mixed = torch.einsum("n,nrcij->rcij", alphas[name, layer], bank.templates(name).detach())
                        weight[s.rows[0] : s.rows[1], s.columns[0] : s.columns[1]] = shared.gain * mixed
                    weights[f"{layer.removeprefix(f'{member}.')}.weight"] = weight
            F.cross_entropy(functional_call(module, weights, (images,)), labels).backward()
    return {key: alpha.grad for key, alpha in alphas.items()}


def test_coefficient_gradients_and_groups_are_those_of_private_copies():
    session = session_of(tiny(), digits(200))
    session.train_epoch(0, Silent())
    gradients = weight_gradients(session, 1, Silent())
    expected = private_coefficients(session, 1)
    bank = session.family.bank
    for (name, layer), alpha in expected.items():
        found = bank.coefficient_gradients(name, layer, gradients[layer])
        torch.testing.assert_close(found, alpha, rtol=1e-3, atol=1e-5)
    for threshold in (0.9, 0.0, -0.5):
        groups = coefficient_groups(bank, gradients, threshold)
        assert set(groups) == set(bank.superweights)
        for name, superweight in bank.superweights.items():
            similarity = {
                (a, b): float(F.cosine_similarity(expected[name, a], expected[name, b], dim=0))
                for i, a in enumerate(superweight.users)
                for b in superweight.users[i + 1 :]
            }
            assert groups[name] == group_by_similarity(superweight.users, similarity, threshold)


def test_refinement_splits_and_training_goes_on_from_the_same_function():
    torch.manual_seed(0)
    session = session_of(TugOfWar(), noise(64, (1, 6, 6), 4))
    session.train_epoch(0, Silent())
    family = session.family
    images = torch.randn(3, 1, 6, 6)
    before = family(images).detach()
    summary = refine(session, 1, 0.9, Silent())
    assert summary.groups == {"conv3x3@0,0": (("one.a", "one.c"), ("one.b",))}
    assert (summary.shared, summary.split, summary.vectors) == (1, 1, 2)
    assert family.bank.groups("conv3x3@0,0") == (("one.a", "one.c"), ("one.b",))
    torch.testing.assert_close(family(images), before)
    session.train_epoch(1, Silent())
    assert not torch.allclose(family.bank.weight("one.a"), family.bank.weight("one.b"))
    assert torch.equal(family.bank.weight("one.a"), family.bank.weight("one.c"))


def momentum_of(session, superweight):
    owner = session.family.bank.template_bank(superweight.bank)
    return session.optimizer.state[owner.coefficients]["momentum_buffer"]


def test_each_group_takes_its_share_of_the_momentum():
    session = session_of(tiny(), digits(200))
    session.train_epoch(0, Silent())
    bank = session.family.bank
    before = {name: momentum_of(session, s)[0].clone() for name, s in bank.superweights.items()}
    summary = refine(session, 1, 0.99, Silent())
    assert summary.split == 3
    for name, groups in summary.groups.items():
        superweight = bank.superweights[name]
        assert before[name].abs().sum() > 0
        for row, group in enumerate(groups):  # the first group keeps row 0, the others take those that follow
            share = len(group) / len(superweight.users)
            torch.testing.assert_close(momentum_of(session, superweight)[row], share * before[name])
    assert summary.before == summary.shared < summary.vectors


def test_momentum_of_parted_copies_sums_to_what_a_training_with_copies_from_the_start_has():
    """At a rate too small to move anything, copies from the start see the gradients that the shared one sums."""
    shared, apart = (session_of(tiny(), digits(200), lr=1e-12) for _ in range(2))
    for superweight in apart.family.bank.superweights.values():
        apart.family.bank.split(superweight.id, [[user] for user in superweight.users])
    for session in (shared, apart):
        session.train_epoch(0, Silent())
    refine(shared, 1, 0.99, Silent())
    for superweight in shared.family.bank.superweights.values():
        users = len(superweight.users)
        found, expected = momentum_of(shared, superweight)[:users], momentum_of(apart, superweight)[:users]
        assert expected.abs().max() > 0
        torch.testing.assert_close(found.sum(0), expected.sum(0), rtol=1e-3, atol=1e-5)


def test_second_moments_take_the_square_of_the_share_and_counts_stay():
    parameter = torch.nn.Parameter(torch.ones(3, 2))
    optimizer = torch.optim.Adam([parameter], lr=0.1)
    (parameter * torch.tensor([[1.0, 2.0], [0.0, 0.0], [3.0, 3.0]])).sum().backward()
    optimizer.step()
    before = {kind: value.clone() for kind, value in optimizer.state[parameter].items()}
    carry_over(optimizer, {"c": parameter}, [Move("c", 0, 1, 0.25), Move("c", 0, 0, 0.75)])
    state = optimizer.state[parameter]
    for kind, power in (("exp_avg", 1), ("exp_avg_sq", 2)):
        torch.testing.assert_close(state[kind][0], before[kind][0] * 0.75**power)
        torch.testing.assert_close(state[kind][1], before[kind][0] * 0.25**power)
        assert torch.equal(state[kind][2], before[kind][2])
    assert torch.equal(state["step"], before["step"])


def test_a_refined_family_is_refined_within_its_groups():
    torch.manual_seed(0)
    session = session_of(TugOfWar(), noise(64, (1, 6, 6), 4))
    session.train_epoch(0, Silent())
    bank, name = session.family.bank, "conv3x3@0,0"
    bank.split(name, [("one.a",), ("one.b", "one.c")])  # against the gradients: a and c agree, b opposes them
    session.train_epoch(1, Silent())
    images = torch.randn(3, 1, 6, 6)
    before = session.family(images).detach()
    summary = refine(session, 2, 0.9, Silent())
    assert summary.groups == {name: (("one.a",), ("one.b",), ("one.c",))}  # a and c agree, and stay apart
    assert (summary.shared, summary.split, summary.before, summary.vectors) == (1, 1, 2, 3)
    torch.testing.assert_close(session.family(images), before)
    again = refine(session, 3, 0.9, Silent())
    assert (again.split, again.before, again.vectors, again.groups) == (0, 3, 3, {})


def test_groups_that_agree_still_are_left_as_they_are():
    torch.manual_seed(0)
    session = session_of(TugOfWar(), noise(64, (1, 6, 6), 4))
    session.train_epoch(0, Silent())
    refine(session, 1, 0.9, Silent())
    groups = session.family.bank.groups("conv3x3@0,0")
    assert refine(session, 2, 0.9, Silent()).groups == {}
    assert session.family.bank.groups("conv3x3@0,0") == groups == (("one.a", "one.c"), ("one.b",))


def test_without_momentum_there_is_nothing_to_carry():
    parameter = torch.nn.Parameter(torch.zeros(3, 2))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    parameter.sum().backward()
    optimizer.step()
    carry_over(optimizer, {"c": parameter}, [Move("c", 0, 1, 0.5)])
    assert optimizer.state[parameter].get("momentum_buffer") is None


def test_the_summary_survives_json():
    summary = RefinementSummary(3, 0.9, 4, 1, 6, 7, {"x@0,0": (("a",), ("b", "c"))})
    assert RefinementSummary.from_json(summary.to_json()) == summary
    assert summary.text().startswith("1 of 4 shared SuperWeights split after epoch 3")
    assert summary.text().endswith("6 coefficient vectors became 7")
