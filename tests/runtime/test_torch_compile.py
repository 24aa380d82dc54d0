"""Families under torch.compile: same results, one graph, and a split takes effect."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import families
import pytest
import torch
from handmade import FoldedMini, Mini
from torch import nn
from torch.optim.swa_utils import AveragedModel

from swc_runtime import Family, Tiles, Weights

X = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def _fresh_compiler() -> Iterator[None]:
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def gradients(family: Family) -> dict[str, torch.Tensor]:
    return {name: p.grad.clone() for name, p in family.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(
    ("family_class", "backend"), [(Mini, "eager"), (FoldedMini, "eager"), (FoldedMini, "aot_eager")]
)
def test_compiled_families_compute_the_same(family_class: type[Family], backend: str) -> None:
    family = family_class().eval()
    compiled = torch.compile(family, backend=backend, fullgraph=True)
    for stage in ("hard", "soft", "loaded"):
        if stage == "soft":
            state = {name: tensor.clone() for name, tensor in family.state_dict().items()}
            for superweight_id in ("conv3x3@0,0", "conv3x3@0,12"):
                users = family.bank.superweights[superweight_id].users
                family.bank.split(superweight_id, [users[::2], users[1::2]])
            with torch.no_grad():
                for bank in family.bank.template_banks():
                    bank.coefficients.add_(torch.randn_like(bank.coefficients), alpha=0.1)
        if stage == "loaded":
            family.load_state_dict(state)
        family.zero_grad()
        family(X).square().sum().backward()
        expected = gradients(family)
        family.zero_grad()
        logits = compiled(X)
        torch.testing.assert_close(logits, family(X), rtol=1e-4, atol=1e-5)
        logits.square().sum().backward()
        found = gradients(family)
        assert set(found) == set(expected) == {name for name, _ in family.named_parameters()}
        for name, gradient in expected.items():
            torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-3)
        assert not family.bank.composer._traced.weights
        assert family.bank.composer._traced.depth == 0


@pytest.mark.parametrize("family_class", [Mini, FoldedMini])
def test_a_compiled_member(family_class: type[Family]) -> None:
    family = family_class().eval()
    compiled = torch.compile(family.members["wide"], backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(X), family(X)[1])


def test_members_that_were_replaced_by_compiled_ones_are_frozen_as_they_are() -> None:
    family = Mini().eval()
    expected = family(X)[1]
    family.members["wide"].stem = torch.compile(family.members["wide"].stem, backend="eager")
    family.members["wide"] = torch.compile(family.members["wide"], backend="eager")
    frozen = family.freeze(["wide"])["wide"]
    torch.testing.assert_close(frozen(X), expected)
    assert "_orig_mod" not in "".join(frozen.state_dict())


def test_a_compiled_family_can_be_probed() -> None:
    family = Mini().eval()
    compiled = torch.compile(family, backend="eager")
    compiled(X)
    with family.bank.probing() as probes:
        compiled(X).sum().backward()
    with family.bank.probing() as expected:
        family(X).sum().backward()
    for name, probe in probes.items():
        assert probe.grad is not None
        other = expected[name].grad
        assert other is not None
        torch.testing.assert_close(probe.grad, other)
    assert all(p.grad is None for p in family.bank.parameters())
    compiled(X).sum().backward()
    assert all(p.grad is not None for p in family.bank.parameters())


def test_compiled_averages_take_up_a_new_assignment_when_they_are_put_into_evaluation() -> None:
    family = Mini().eval()
    average = AveragedModel(family)
    average.update_parameters(family)
    compiled = torch.compile(average.module, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(X), family(X))
    users = family.bank.superweights["conv3x3@0,0"].users
    family.bank.split("conv3x3@0,0", [users[::2], users[1::2]])
    average.update_parameters(family)  # writes into the buffer
    average.eval()
    with torch.no_grad():
        average.module.bank.get_parameter("conv3x3@0,0.coefficients")[1] += 1.0
    torch.testing.assert_close(compiled(X), average(X))
    assert not torch.allclose(compiled(X), family(X))


def pair(weights: Weights) -> nn.Module:
    return nn.Sequential(weights.conv2d("layers.0", 2, 4, 3), weights.conv2d("layers.1", 4, 4, 3))


@pytest.mark.parametrize("tiles", [None, Tiles(3, 2, templates=2, refinable=True)])
def test_the_default_compiler(tiles: Tiles | None) -> None:
    family = families.family({"c": families.cluster([(4, 2), (4, 4)], tiles=tiles)}, {"net": pair})
    x = torch.randn(2, 2, 6, 6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the compiler says about this machine is not ours
        logits = torch.compile(family, fullgraph=True)(x)
        logits.square().sum().backward()
    found = gradients(family)
    family.zero_grad()
    expected = family(x)
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)
    expected.square().sum().backward()
    for name, gradient in gradients(family).items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-3)
