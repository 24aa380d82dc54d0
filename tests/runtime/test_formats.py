"""Autocast, half precision parameters and channels-last memory."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from handmade import FoldedMini, Mini

from swc_runtime import Family

X = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=[Mini, FoldedMini])
def family(request: pytest.FixtureRequest) -> Family:
    torch.manual_seed(0)
    made: Family = request.param()
    made(X)
    return made.eval()


def test_autocast_composes_in_full_precision(family: Family) -> None:
    expected = {name: family.bank.weight(name) for name in family.bank.layers}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for name, weight in expected.items():
            assert family.bank.weight(name).dtype == torch.float32
            assert torch.equal(family.bank.weight(name), weight)
        logits = family(X)
        loss = F.cross_entropy(logits.flatten(0, 1), torch.zeros(6, dtype=torch.long))
    assert logits.dtype == torch.bfloat16
    torch.testing.assert_close(logits.float(), family(X), rtol=0.1, atol=0.1)
    loss.backward()
    for name, parameter in family.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.dtype == torch.float32


def test_predictions_under_autocast_are_averaged_in_full_precision(family: Family) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        probabilities = family.predict(X)
    assert probabilities.dtype == torch.float32
    torch.testing.assert_close(probabilities.sum(-1), torch.ones(3))


def test_half_precision_parameters(family: Family) -> None:
    half = copy.deepcopy(family).to(torch.bfloat16)
    logits = half(X.to(torch.bfloat16))
    assert logits.dtype == torch.bfloat16
    torch.testing.assert_close(logits.float(), family(X), rtol=0.1, atol=0.2)
    assert half.bank.groups("conv3x3@0,0") == family.bank.groups("conv3x3@0,0")


def test_channels_last(family: Family) -> None:
    expected = family(X)
    expected.sum().backward()
    gradients = {name: p.grad.clone() for name, p in family.named_parameters() if p.grad is not None}
    family.zero_grad()
    family.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs ask for a device
    seen = []
    last = family.members["deep"].get_submodule("group2.1.conv1")
    last.register_forward_hook(lambda _module, _args, output: seen.append(output))
    logits = family(X.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)
    assert seen[0].is_contiguous(memory_format=torch.channels_last)
    assert not seen[0].is_contiguous()
    logits.sum().backward()
    for name, parameter in family.named_parameters():
        assert parameter.grad is not None, name
        torch.testing.assert_close(parameter.grad, gradients[name], rtol=1e-3, atol=1e-3)
