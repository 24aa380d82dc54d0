"""torch.func: other tensors in place of a family's, gradients as functions, stacked families."""

from __future__ import annotations

import copy

import pytest
import torch
from handmade import FoldedMini, Mini, divided
from torch import Tensor, nn
from torch.func import functional_call, grad, hessian, jacrev, jvp, stack_module_state, vmap

from swc_runtime import Family
from swc_runtime.problems import SharedWeightError

X = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
SMALL = "bank.heads@0,0.coefficients"


@pytest.fixture(params=[Mini, FoldedMini])
def family(request: pytest.FixtureRequest) -> Family:
    return divided(request.param)


def others(family: Family) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(3)
    return {
        name: p.detach() * (0.9 + 0.2 * torch.rand(p.shape, generator=generator))
        for name, p in family.named_parameters()
    }


def having(family: Family, parameters: dict[str, Tensor]) -> Family:
    """A copy of the family with these parameters."""
    twin = copy.deepcopy(family)
    twin.load_state_dict({**twin.state_dict(), **parameters})
    return twin


def parameters(family: Family) -> dict[str, Tensor]:
    return {name: p.detach() for name, p in family.named_parameters()}


def loss(logits: Tensor) -> Tensor:
    return logits.softmax(-1)[..., 0].sum()


@pytest.mark.parametrize("record", [False, True])
def test_functional_calls_use_the_tensors_given(family: Family, record: bool) -> None:  # noqa: FBT001 - a parameter
    expected, given = having(family, others(family)), others(family)
    before = family.predict(X)
    with torch.set_grad_enabled(record):
        assert torch.equal(functional_call(family, given, (X,)), expected(X))
        assert torch.equal(family(X), copy.deepcopy(family)(X))  # and afterwards its own again
        assert torch.equal(functional_call(family, given, (X,)), expected(X))
    assert torch.equal(family.predict(X), before)


def test_functional_calls_of_members_replace_what_the_member_owns(family: Family) -> None:
    member = family.members["wide"]
    given = {name: p.detach() * 1.1 for name, p in member.named_parameters()}
    twin = having(family, {f"members.wide.{name}": tensor for name, tensor in given.items()})
    with torch.no_grad():
        assert torch.equal(functional_call(member, given, (X,)), twin.members["wide"](X))


def test_functional_calls_can_bring_another_assignment(family: Family) -> None:
    other = type(family)().eval()
    with torch.no_grad():
        for p in other.bank.parameters():
            p.add_(torch.randn_like(p), alpha=0.1)
    users = other.bank.superweights["conv3x3@8,0"].users
    other.bank.split("conv3x3@8,0", [users[:1], users[1:]])
    with torch.no_grad():
        assert torch.equal(functional_call(family, other.state_dict(), (X,)), other(X))
        assert torch.equal(family(X), copy.deepcopy(family)(X))


def test_gradients_as_functions(family: Family) -> None:
    found = grad(lambda p: loss(functional_call(family, p, (X,))))(parameters(family))
    loss(family(X)).backward()
    for name, parameter in family.named_parameters():
        assert parameter.grad is not None
        torch.testing.assert_close(found[name], parameter.grad, rtol=1e-4, atol=1e-6)


def test_gradients_of_each_example(family: Family) -> None:
    def one(p: dict[str, Tensor], x: Tensor) -> Tensor:
        return loss(functional_call(family, p, (x[None],)))

    found = vmap(grad(one), in_dims=(None, 0))(parameters(family), X)
    for i, x in enumerate(X):
        family.zero_grad()
        loss(family(x[None])).backward()
        for name, parameter in family.named_parameters():
            torch.testing.assert_close(found[name][i], parameter.grad, rtol=1e-3, atol=1e-5)


def stacked(family: Family) -> list[Family]:
    families = [copy.deepcopy(family) for _ in range(3)]
    with torch.no_grad():
        for i, one in enumerate(families):
            for parameter in one.parameters():
                parameter.mul_(1 + 0.02 * i)
    return families


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("record", [False, True])
def test_stacked_families_are_computed_at_once(family: Family, device: str, record: bool) -> None:  # noqa: FBT001
    families = stacked(family)
    state = stack_module_state(families)
    base = type(family)().eval().to(device)  # not split: the assignment comes with the buffers
    with torch.set_grad_enabled(record):
        for _ in range(2):
            found = vmap(lambda p, b, x: functional_call(base, (p, b), (x,)), in_dims=(0, 0, None))(*state, X)
            for one, logits in zip(families, found, strict=True):
                torch.testing.assert_close(logits, one(X), rtol=1e-4, atol=1e-4)
    if record:
        loss(found).backward()
        loss(torch.stack([one(X) for one in families])).backward()
        for name, tensor in state[0].items():
            expected = torch.stack([torch.as_tensor(one.get_parameter(name).grad) for one in families])
            torch.testing.assert_close(tensor.grad, expected, rtol=1e-3, atol=1e-5)
    if device == "cpu":
        assert torch.equal(base(X), copy.deepcopy(base)(X))  # it has its own assignment again


def test_stacked_families_must_share_alike(family: Family) -> None:
    other = copy.deepcopy(family)
    users = other.bank.superweights["conv3x3@8,0"].users
    other.bank.split("conv3x3@8,0", [users[:1], users[1:]])
    state = stack_module_state([family, other])
    base = copy.deepcopy(family)
    with pytest.raises(SharedWeightError, match="stacked families were split differently"):
        vmap(lambda p, b: functional_call(base, (p, b), (X,)))(*state)
    assert torch.equal(base(X), family(X))


def test_second_derivatives(family: Family) -> None:
    family.double()
    x = X.double()
    name = SMALL.removeprefix("bank.")
    small = family.bank.get_parameter(name)
    (first,) = torch.autograd.grad(loss(family(x)), small, create_graph=True)
    first.square().sum().backward()
    assert small.grad is not None
    found = small.grad.clone()
    step = 1e-6
    numeric = torch.zeros_like(found)
    for i in range(small.numel()):
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                small.view(-1)[i] += sign * step
            values.append(torch.autograd.grad(loss(family(x)), small)[0].square().sum())
            with torch.no_grad():
                small.view(-1)[i] -= sign * step
        numeric.view(-1)[i] = (values[0] - values[1]) / (2 * step)
    torch.testing.assert_close(found, numeric, rtol=1e-3, atol=1e-6)


@pytest.mark.filterwarnings("ignore:`torch.jit.:FutureWarning")  # torch's own use of it
def test_hessians_and_directional_derivatives(family: Family) -> None:
    given = parameters(family)

    def of(coefficients: Tensor) -> Tensor:
        return functional_call(family, {**given, SMALL: coefficients}, (X,))

    direction = torch.randn(given[SMALL].shape, generator=torch.Generator().manual_seed(1))
    _, moved = jvp(of, (given[SMALL],), (direction,))
    expected = torch.einsum("mbcij,ij->mbc", jacrev(of)(given[SMALL]), direction)
    torch.testing.assert_close(moved, expected, rtol=1e-4, atol=1e-5)
    curvature = hessian(lambda c: loss(of(c)))(given[SMALL]).reshape(given[SMALL].numel(), -1)
    torch.testing.assert_close(curvature, curvature.T, rtol=1e-3, atol=1e-5)


def test_members_of_independent_families_are_unaffected() -> None:
    members = nn.ModuleList([Mini.independent()["wide"].eval() for _ in range(2)])
    state = stack_module_state(list(members))
    found = vmap(lambda p, b: functional_call(members[0], (p, b), (X,)))(*state)
    torch.testing.assert_close(found[1], members[1](X), rtol=1e-4, atol=1e-5)
