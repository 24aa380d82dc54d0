"""Per-layer gradients and cosines against untied copies of the members, differentiated by plain autograd."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F  # noqa: N812 - the field's name for it
from train_families import TugOfWar, digits, noise, session_of, tiny

from swc_runtime.cosines import common_cosines, cosines
from swc_runtime.progress import Silent
from swc_runtime.training.probing import weight_gradients


def untied_gradients(session, epoch):
    """Every layer copied into a plain network, gradients summed over the same batches."""
    members = session.family.freeze()
    for member in members.values():
        member.train()
    for images, labels in session.batches(epoch, "probe"):
        for member in members.values():
            F.cross_entropy(member(images), labels).backward()
    return {
        f"{name}.{path}": module.weight.grad
        for name, member in members.items()
        for path, module in member.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    }


@pytest.mark.parametrize("trained", [0, 1])
def test_gradients_are_those_of_untied_copies(trained):
    family = tiny()
    session = session_of(family, digits(200))
    for epoch in range(trained):
        session.train_epoch(epoch, Silent())
    found = weight_gradients(session, 5, Silent())
    expected = untied_gradients(session, 5)
    assert set(found) == set(family.bank.layers)
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-6)
    table = common_cosines(found, list(found))
    for (a, b), value in table.items():
        left, right = (expected[name].double() for name in (a, b))
        out, inputs = min(len(left), len(right)), min(left.shape[1], right.shape[1])
        left, right = left[:out, :inputs].flatten(), right[:out, :inputs].flatten()
        reference = sum(x * y for x, y in zip(left.tolist(), right.tolist(), strict=True))
        reference /= math.sqrt(sum(x * x for x in left.tolist()) * sum(y * y for y in right.tolist()))
        assert value == pytest.approx(reference, abs=2e-4)


def test_probing_changes_nothing():
    family = tiny()
    session = session_of(family, digits(100))
    before = {name: value.clone() for name, value in family.state_dict().items()}
    family.eval()
    weight_gradients(session, 0, Silent())
    for name, value in family.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(parameter.grad is None and parameter.requires_grad for parameter in family.parameters())


def test_layers_of_one_member_that_share_pull_apart():
    torch.manual_seed(0)
    family = TugOfWar()
    session = session_of(family, noise(64, (1, 6, 6), 4))
    gradients = weight_gradients(session, 0, Silent())
    found = common_cosines(gradients, ["one.a", "one.b", "one.c"])
    assert found == {("one.a", "one.b"): -1.0, ("one.a", "one.c"): 1.0, ("one.b", "one.c"): -1.0}
    # What the shared parameters themselves receive hides it: a and b cancel, and c alone is left.
    for images, labels in session.batches(0, "probe"):
        F.cross_entropy(family(images)[0], labels).backward()
    bank = next(family.bank.template_banks())
    seen_by_all = family.bank.coefficient_gradients("conv3x3@0,0", "one.c", gradients["one.c"])
    torch.testing.assert_close(bank.coefficients.grad[0], seen_by_all, rtol=1e-4, atol=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_cosines_over_the_common_rectangle(seed):
    generator = np.random.default_rng(seed)
    shapes = [(int(a), int(b), 3, 3) for a, b in generator.integers(1, 6, (4, 2))]
    arrays = {f"l{n}": generator.normal(size=shape).astype(np.float32) for n, shape in enumerate(shapes)}
    found = common_cosines({name: torch.from_numpy(array) for name, array in arrays.items()}, list(arrays))
    assert len(found) == 6
    for (a, b), value in found.items():
        out, inputs = np.minimum(arrays[a].shape, arrays[b].shape)[:2]
        x, y = (arrays[name][:out, :inputs].astype(np.float64).ravel() for name in (a, b))
        assert value == pytest.approx(x @ y / np.sqrt((x @ x) * (y @ y)), abs=1e-6)
        assert value == round(value, 6)


def test_long_gradients_are_summed_in_pieces(monkeypatch):
    gradients = {name: torch.randn(40, 7, 3, 3) for name in "abc"}
    whole = common_cosines(gradients, "abc")
    monkeypatch.setattr("swc_runtime.cosines._CHUNK", 500)
    assert common_cosines(gradients, "abc") == whole


def test_a_zero_gradient_has_no_cosine():
    found = common_cosines({"a": torch.zeros(2, 2, 1, 1), "b": torch.ones(2, 2)}, ["a", "b"])
    assert math.isnan(found["a", "b"])
    assert math.isnan(cosines({"a": torch.zeros(1), "b": torch.ones(1)})["a", "b"])


def test_scalars_agree_or_oppose():
    vectors = {"a": torch.tensor([2.0]), "b": torch.tensor([0.1]), "c": torch.tensor([-5.0])}
    assert cosines(vectors) == {("a", "b"): 1.0, ("a", "c"): -1.0, ("b", "c"): -1.0}
