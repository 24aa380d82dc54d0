"""Probes: the gradient of each layer's weight apart from those it shares with, against autograd on untied copies."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from handmade import FoldedMini, Mini

from swc_runtime import Family

BATCHES = 3


def batches() -> list[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(1)
    return [
        (torch.randn(5, 1, 8, 8, generator=generator), torch.randint(10, (5,), generator=generator))
        for _ in range(BATCHES)
    ]


@pytest.mark.parametrize("family_class", [Mini, FoldedMini])
def test_probes_gather_what_untied_copies_gather(family_class: type[Family]) -> None:
    family = family_class()
    untied = family.freeze()
    for member in untied.values():
        member.train()
    with family.bank.probing() as probes:
        for x, y in batches():
            logits = family(x)
            torch.stack([F.cross_entropy(z, y) for z in logits]).sum().backward()
    for x, y in batches():
        for member in untied.values():
            F.cross_entropy(member(x), y).backward()
    assert set(probes) == set(family.bank.layers)
    for name, probe in probes.items():
        member, path = name.split(".", 1)
        plain = untied[member].get_parameter(f"{path}.weight")
        assert probe.grad is not None
        assert plain.grad is not None
        torch.testing.assert_close(probe, plain)
        torch.testing.assert_close(probe.grad, plain.grad, rtol=1e-4, atol=1e-5)
    twins = [probes[f"deep.group1.0.conv{i}"].grad for i in (1, 2)]  # one member, one SuperWeight, two gradients
    assert twins[0] is not None
    assert twins[1] is not None
    assert not torch.allclose(twins[0], twins[1])
    assert all(p.grad is None for p in family.bank.parameters())


def test_the_sum_over_layers_is_the_gradient_of_the_shared_coefficients() -> None:
    family = Mini()
    x, y = batches()[0]
    family.eval()
    with family.bank.probing() as probes:
        torch.stack([F.cross_entropy(z, y) for z in family(x)]).sum().backward()
    torch.stack([F.cross_entropy(z, y) for z in family(x)]).sum().backward()
    parameters = dict(family.named_parameters())
    for superweight in family.bank.superweights.values():
        total = torch.zeros(superweight.templates)
        for user in superweight.users:
            gradient = probes[user].grad
            assert gradient is not None
            total += family.bank.coefficient_gradients(superweight.id, user, gradient)
        expected = parameters[f"bank.{superweight.id}.coefficients"].grad
        assert expected is not None
        torch.testing.assert_close(total, expected[0], rtol=1e-4, atol=1e-5)


def test_probes_end_with_the_context_also_after_an_error() -> None:
    family = Mini()
    with pytest.raises(ZeroDivisionError), family.bank.probing():
        raise ZeroDivisionError
    family(torch.randn(2, 1, 8, 8)).sum().backward()
    assert all(p.grad is not None for p in family.bank.parameters())


def test_probing_starts_from_the_weights_of_the_moment() -> None:
    family = Mini()
    with family.bank.step():
        family(torch.randn(2, 1, 8, 8))
        with family.bank.probing() as probes:
            assert probes["deep.fc"].shape == (10, 16)
            assert family.bank.weight("deep.fc") is probes["deep.fc"]
            assert probes["deep.fc"].is_leaf
        torch.testing.assert_close(probes["deep.fc"], family.bank.weight("deep.fc"))


def test_coefficient_gradients_know_who_uses_what() -> None:
    bank = Mini().bank
    gradient = torch.zeros(8, 8, 3, 3)
    with pytest.raises(ValueError, match=r"'deep.group1.0.conv1' does not use SuperWeight 'conv3x3@16,0'"):
        bank.coefficient_gradients("conv3x3@16,0", "deep.group1.0.conv1", gradient)
    with pytest.raises(ValueError, match=r"no SuperWeight 'conv3x3@0,1'; did you mean"):
        bank.coefficient_gradients("conv3x3@0,1", "deep.group1.0.conv1", gradient)
    with pytest.raises(ValueError, match=r"no layer 'deep.group1.0.conv3' shares its weight; did you mean"):
        bank.weight("deep.group1.0.conv3")
