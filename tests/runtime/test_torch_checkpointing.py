"""Activation checkpointing around blocks and members: outputs and gradients are those without it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from handmade import FoldedMini, Mini
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from swc_runtime import Family

X = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([1, 3, 5, 7])


@pytest.fixture(params=[Mini, FoldedMini])
def family(request: pytest.FixtureRequest) -> Family:
    torch.manual_seed(0)
    made: Family = request.param()
    superweight = made.bank.superweights["conv3x3@0,0"]
    made.bank.split(superweight.id, [superweight.users[::2], superweight.users[1::2]])
    return made


def blocks(family: Family) -> list[nn.Module]:
    return [
        block
        for member in family.members.values()
        for name in ("group1", "group2")
        for block in member.get_submodule(name).children()
    ]


def checkpointed(module: nn.Module, **options: Any) -> None:
    """Compute ``module`` again in the backward pass."""
    forward: Callable[[Tensor], Tensor] = module.forward
    object.__setattr__(module, "forward", lambda x: checkpoint(forward, x, **options))


def step(family: Family, *, within: bool = False) -> dict[str, Tensor]:
    """What a training step computes: the logits, and the gradients of everything."""
    x = X.clone().requires_grad_()  # a reentrant checkpoint needs an input that requires a gradient
    if within:
        with family.bank.step():
            logits = family(x)
            sum(nn.functional.cross_entropy(member, LABELS) for member in logits).backward()
    else:
        logits = family(x)
        sum(nn.functional.cross_entropy(member, LABELS) for member in logits).backward()
    assert x.grad is not None
    gradients = {name: p.grad for name, p in family.named_parameters() if p.grad is not None}
    assert len(gradients) == len(list(family.parameters()))
    return {"logits": logits.detach(), "input": x.grad, **gradients}


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("around", ["blocks", "some blocks", "members"])
@pytest.mark.parametrize("within", [False, True])
def test_gradients_are_those_without(
    family: Family, around: str, *, reentrant: bool, training: bool, within: bool
) -> None:
    family.train(training)
    expected = step(copy.deepcopy(family))
    if around == "members":
        parts = list(family.members.values())
    else:
        parts = blocks(family)[:: 2 if around == "some blocks" else 1]
    for part in parts:
        checkpointed(part, use_reentrant=reentrant)
    found = step(family, within=within)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-4, atol=1e-5)
    assert family.bank.composer.running() is None


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad=True:UserWarning")
@pytest.mark.parametrize("reentrant", [False, True])
def test_evaluation_of_a_checkpointed_family_keeps_weights(family: Family, *, reentrant: bool) -> None:
    family.eval()
    expected = family.predict(X)
    for block in blocks(family):
        checkpointed(block, use_reentrant=reentrant)
    assert torch.equal(family.predict(X), expected)
    assert family.bank.composer._kept is not None


def test_saved_tensors_may_be_kept_elsewhere(family: Family) -> None:
    family.eval()
    expected = step(copy.deepcopy(family))
    with torch.autograd.graph.save_on_cpu():
        found = step(family)
    for name, tensor in expected.items():
        assert torch.equal(found[name], tensor)
