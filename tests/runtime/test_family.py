"""A family as a module: members, predictions, frozen and independent copies, optimizer groups."""

from __future__ import annotations

import copy
import math
from typing import ClassVar

import handmade
import pytest
import torch
from handmade import FoldedMini, Mini
from torch import Tensor, nn

from swc_runtime import Family, Frontier, FrontierPoint

X = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=[Mini, FoldedMini])
def family(request: pytest.FixtureRequest) -> Family:
    torch.manual_seed(0)
    made: Family = request.param()
    made(X)  # running statistics that differ from those of a fresh module
    return made


def test_logits_are_in_the_order_of_the_spec(family: Family) -> None:
    family.eval()
    logits = family(X)
    assert logits.shape == (2, 4, 10)
    assert list(family.members) == ["deep", "wide"]
    assert torch.equal(logits[0], family.members["deep"](X))
    assert torch.equal(logits[1], family.members["wide"](X))


def test_the_bank_is_registered_once(family: Family) -> None:
    assert [name for name, module in family.named_modules(remove_duplicate=False) if module is family.bank] == ["bank"]
    names = [name for name, _ in family.named_parameters(remove_duplicate=False)]
    assert len(names) == len({id(p) for p in family.parameters()})


def test_predictions_average_probabilities(family: Family) -> None:
    family.eval()
    with torch.no_grad():
        probabilities = family(X).softmax(-1)
    torch.testing.assert_close(family.predict(X), probabilities.mean(0))
    torch.testing.assert_close(family.predict(X, members=["wide"]), probabilities[1])
    torch.testing.assert_close(family.predict(X, members=("wide", "deep")), probabilities.mean(0))
    assert not family.predict(X).requires_grad


def test_predictions_restore_every_mode(family: Family) -> None:
    family.train()
    family.members["wide"].get_submodule("bn").eval()
    modes = [module.training for module in family.modules()]
    statistics = {name: buffer.clone() for name, buffer in family.named_buffers()}
    family.predict(X)
    assert [module.training for module in family.modules()] == modes
    for name, buffer in family.named_buffers():
        assert torch.equal(buffer, statistics[name]), name
    with pytest.raises(ValueError, match=r"images \(batch, 1, 8, 8\)"):
        family.predict(torch.zeros(2, 3, 8, 8))
    assert [module.training for module in family.modules()] == modes


def test_predictions_refuse_what_they_cannot_do(family: Family) -> None:
    with pytest.raises(ValueError, match=r"no member 'wid'; did you mean 'wide'\? \(members: deep, wide\)"):
        family.predict(X, members=["wid"])
    with pytest.raises(ValueError, match="at least one member"):
        family.predict(X, members=[])
    with pytest.raises(ValueError, match="each once"):
        family.predict(X, members=["wide", "wide"])
    with pytest.raises(ValueError, match=r"members=\['wide'\]"):
        family.predict(X, members="wide")
    with pytest.raises(ValueError, match="either members or budget_ms"):
        family.predict(X, members=["wide"], budget_ms=1.0)
    with pytest.raises(ValueError, match="needs a measured frontier"):
        family.predict(X, budget_ms=1.0)


def test_a_deadline_picks_from_the_frontier(family: Family) -> None:
    family.frontier = Frontier(
        "cpu",
        1,
        1,
        "val",
        tuple("0123456789"),
        (
            FrontierPoint(("deep",), 8, 1.0, 2.0, 4.0, top1=0.8, nll=0.5, ece=0.1),
            FrontierPoint(("wide",), 8, 2.0, 3.0, 6.0, top1=0.9, nll=0.5, ece=0.1),
            FrontierPoint(("deep", "wide"), 8, 3.0, 5.0, 7.0, top1=0.95, nll=0.5, ece=0.1),
        ),
    )
    assert torch.equal(family.predict(X, budget_ms=3.5), family.predict(X, members=["wide"]))
    assert torch.equal(family.predict(X, budget_ms=3.5, percentile=50), family.predict(X))
    assert torch.equal(family.predict(X, budget_ms=5.5, percentile=99), family.predict(X, members=["deep"]))
    assert torch.equal(family.predict(X, budget_ms=50.0), family.predict(X))
    with pytest.raises(ValueError, match=r"the fastest, deep, takes 2 ms"):
        family.predict(X, budget_ms=1.0)


def test_a_first_call_in_inference_mode_does_not_hinder_training(family: Family) -> None:
    superweight = family.bank.superweights["conv3x3@0,0"]
    family.bank.split(superweight.id, [superweight.users[::2], superweight.users[1::2]])
    twin = copy.deepcopy(family)
    with torch.inference_mode():
        twin(X)
    twin(X).sum().backward()
    assert all(p.grad is not None for p in twin.parameters())


def test_frozen_members_give_the_same_outputs_without_the_runtime(family: Family) -> None:
    superweight = family.bank.superweights["conv3x3@0,0"]
    family.bank.split(superweight.id, [superweight.users[::2], superweight.users[1::2]])
    for bank in family.bank.template_banks():
        bank.coefficients.data.mul_(1.1).add_(0.01)
    state = torch.get_rng_state()
    frozen = family.freeze()
    assert torch.equal(torch.get_rng_state(), state)  # freezing draws no random numbers
    family.eval()
    assert list(frozen) == ["deep", "wide"]
    for i, (name, member) in enumerate(frozen.items()):
        assert not member.training
        torch.testing.assert_close(member(X), family(X)[i], rtol=0, atol=0)
        plain = handmade.Mini.independent()[name]
        assert [n for n, _ in member.named_parameters()] == [n for n, _ in plain.named_parameters()]
        assert [p.shape for p in member.parameters()] == [p.shape for p in plain.parameters()]
        for module in member.modules():
            assert type(module).__module__.startswith(("torch.nn.", "handmade"))
            assert "forward" not in vars(module)
    before = frozen["deep"](X)
    for parameter in family.parameters():
        parameter.data.zero_()
    assert torch.equal(frozen["deep"](X), before)
    assert list(family.freeze(["wide"])) == ["wide"]
    with pytest.raises(ValueError, match="no member 'slim'"):
        family.freeze(["slim"])


class Remembering(nn.Module):
    """A buffer that is not saved belongs to a frozen copy all the same."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("offset", torch.tensor(2.0), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        offset = self.get_buffer("offset")
        return x + offset


class FamilyWithBuffer(Mini):
    architectures: ClassVar = {
        name: (lambda weights, build=build: nn.Sequential(build(weights), Remembering()))
        for name, build in Mini.architectures.items()
    }


def test_frozen_members_keep_buffers_that_are_not_saved() -> None:
    family = FamilyWithBuffer().eval()
    frozen = family.freeze()
    torch.testing.assert_close(frozen["wide"](X), family(X)[1], rtol=0, atol=0)


def test_independent_members_have_weights_of_their_own() -> None:
    torch.manual_seed(3)
    members = Mini.independent()
    assert list(members) == ["deep", "wide"]
    alone = sum(p.numel() for p in members.parameters())
    assert alone == sum(p.numel() for member in Mini().freeze().values() for p in member.parameters())
    assert alone > Mini.plan.parameters
    assert members["deep"](X).shape == (4, 10)
    torch.manual_seed(3)
    again = Mini.independent()
    assert all(torch.equal(a, b) for a, b in zip(members.parameters(), again.parameters(), strict=True))


def test_coefficients_do_not_decay(family: Family) -> None:
    decayed, spared = family.parameter_groups(0.25)
    assert decayed["weight_decay"] == 0.25
    assert spared["weight_decay"] == 0.0
    names = {id(p): name for name, p in family.named_parameters()}
    assert all(names[id(p)].endswith(".coefficients") for p in spared["params"])
    assert not any(names[id(p)].endswith(".coefficients") for p in decayed["params"])
    assert len(decayed["params"]) + len(spared["params"]) == len(names)


class Half(Mini):
    """Members may have the names of methods of modules."""

    plan = handmade.Plan("half", "half", 10**6, 0, {})
    architectures: ClassVar = {"half": Mini.architectures["deep"], "keys": Mini.architectures["wide"]}


def test_a_family_without_clusters_shares_nothing() -> None:
    family = Half()
    assert not family.bank.layers
    assert list(family.members) == ["half", "keys"]
    assert family(X).shape == (2, 4, 10)
    assert "members.half.stem.weight" in family.state_dict()
    assert len(family.parameter_groups(0.1)) == 1
    assert list(family.freeze()) == list(Half.independent()) == ["half", "keys"]


def test_training_reduces_the_loss(family: Family) -> None:
    torch.manual_seed(0)
    optimizer = torch.optim.SGD(family.parameter_groups(5e-4), lr=0.05, momentum=0.9)
    x, y = torch.randn(16, 1, 8, 8), torch.randint(10, (16,))
    losses = []
    for _ in range(25):
        loss = torch.stack([nn.functional.cross_entropy(logits, y) for logits in family(x)]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert math.isfinite(losses[-1])
