"""Tools of torch that replace weights or modules: each works, or is refused in a sentence that says the way out."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from handmade import FoldedMini, Mini
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune

from swc_runtime import Family
from swc_runtime.problems import SharedWeightError

X = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=[Mini, FoldedMini])
def family(request: pytest.FixtureRequest) -> Family:
    torch.manual_seed(0)
    made: Family = request.param()
    made(X)
    return made.eval()


REFUSED: dict[str, Callable[[nn.Module], object]] = {
    "pruned": lambda layer: prune.l1_unstructured(layer, "weight", 0.5),
    "pruned by rows": lambda layer: prune.ln_structured(layer, "weight", 0.5, n=2, dim=0),
    "pruned globally": lambda layer: prune.global_unstructured([(layer, "weight")], prune.L1Unstructured, amount=0.5),
    "weight norm of old": torch.nn.utils.weight_norm,
    "weight norm": parametrizations.weight_norm,
    "spectral norm": parametrizations.spectral_norm,
    "orthogonal": parametrizations.orthogonal,
    "parametrized": lambda layer: parametrize.register_parametrization(layer, "weight", nn.Identity()),
    "assigned": lambda layer: setattr(layer, "weight", nn.Parameter(torch.zeros(12, 8, 3, 3))),
}


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated:FutureWarning")
@pytest.mark.parametrize("tool", REFUSED)
@pytest.mark.parametrize("name", ["group1.0.conv1", "fc"])
def test_the_weight_of_a_shared_layer_is_not_replaced(family: Family, tool: str, name: str) -> None:
    member = family.members["wide"]
    layer = member.get_submodule(name)
    expected, state = family.predict(X), set(family.state_dict())
    for _ in range(2):
        with pytest.raises(
            SharedWeightError, match=rf"'wide.{name}' is composed.*prune or parametrize the templates.*"
        ):
            REFUSED[tool](layer)
    assert torch.equal(family.predict(X), expected)
    assert set(family.state_dict()) == state
    assert torch.equal(copy.deepcopy(family).predict(X), expected)
    frozen = family.freeze(["wide"])["wide"]
    REFUSED[tool](frozen.get_submodule(name)) if tool != "assigned" else None  # the way out


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.spectral_norm` is deprecated:FutureWarning")
def test_the_old_spectral_norm_is_refused_by_torch(family: Family) -> None:
    with pytest.raises(ValueError, match="cannot be applied as parameter `weight` is None"):
        torch.nn.utils.spectral_norm(family.members["wide"].get_submodule("fc"))


def test_a_weight_cannot_be_set(family: Family) -> None:
    layer = family.members["wide"].get_submodule("fc")
    for value in (torch.zeros(10, 20), None, nn.Parameter(torch.zeros(10, 20))):
        with pytest.raises(SharedWeightError, match=r"'wide.fc' is composed"):
            layer.weight = value  # type: ignore[assignment]
    assert torch.equal(family.predict(X), anew(family).softmax(-1).mean(0))


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:FutureWarning")
def test_scripting_a_member_says_what_to_do(family: Family) -> None:
    with pytest.raises(
        SharedWeightError, match=r"torch.jit.script cannot compile layer 'wide.*script the frozen member"
    ):
        torch.jit.script(family.members["wide"])
    torch.jit.script(family.freeze(["wide"])["wide"])


@pytest.mark.filterwarnings("ignore:`torch.jit.trace:FutureWarning")
def test_tracing_a_member_without_its_family_says_what_to_do(family: Family) -> None:
    with pytest.raises(SharedWeightError, match=r"torch.jit.trace of a member.*trace the whole family"):
        torch.jit.trace(family.members["wide"], X)
    assert family.bank.composer.running() is None
    for part, expected in ((family, family(X)), (family.freeze(["wide"])["wide"], family(X)[1])):
        torch.testing.assert_close(torch.jit.trace(part, X)(X), expected)


def test_what_a_shared_layer_owns_can_be_pruned(family: Family) -> None:
    layer = family.members["wide"].get_submodule("fc")
    with torch.no_grad():
        layer.get_parameter("bias").copy_(torch.arange(10.0))
    prune.l1_unstructured(layer, "bias", 5)
    assert (layer.bias == 0).sum() == 5
    assert torch.equal(family.predict(X, members=["wide"]), family(X)[1].softmax(-1))


@torch.no_grad()
def anew(family: Family) -> Tensor:
    with torch.enable_grad():
        return family(X).detach()


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated:FutureWarning")
@pytest.mark.parametrize("tool", ["pruned", "weight norm of old", "weight norm", "orthogonal"])
def test_templates_can_be_pruned_and_parametrized(family: Family, tool: str) -> None:
    before = family.predict(X)
    banks = list(family.bank.template_banks())
    seen = set()
    for bank in banks:
        if tool == "pruned":
            prune.l1_unstructured(bank, "templates", 0.5)
            assert (bank.templates == 0).sum() >= bank.templates.numel() // 2
        elif tool == "weight norm of old":
            torch.nn.utils.weight_norm(bank, "templates")
        elif tool == "weight norm":
            parametrizations.weight_norm(bank, "templates")
        else:
            parametrizations.orthogonal(bank, "templates")
    optimizer = torch.optim.SGD(family.parameters(), lr=1e-4)
    for _ in range(3):
        with torch.no_grad():
            assert torch.equal(family(X), anew(family))
        seen.add(float(anew(family)[0, 0, 0]))
        optimizer.zero_grad()
        family(X).mean().backward()
        assert all(p.grad is not None for p in family.bank.parameters())
        optimizer.step()
    assert len(seen) == 3
    if tool == "pruned":
        assert not torch.equal(family.predict(X), before)
        for bank in banks:
            prune.remove(bank, "templates")
    elif tool != "weight norm of old":
        for bank in banks:
            parametrize.remove_parametrizations(bank, "templates")
    assert torch.equal(family.predict(X), anew(family).softmax(-1).mean(0))


@pytest.mark.filterwarnings("ignore:torch.ao.quantization:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*quantiz.*:UserWarning")
def test_dynamic_quantization_changes_plain_layers_and_leaves_shared_ones(family: Family) -> None:
    family.members["wide"].fc = nn.Linear(20, 10)
    for whole in (True, False):
        module = family if whole else family.members["wide"]
        quantized = torch.ao.quantization.quantize_dynamic(module, {nn.Linear})
        head = quantized.members["wide"].fc if whole else quantized.fc
        assert "quantized" in type(head).__module__
        torch.testing.assert_close(quantized(X), module(X), rtol=0.1, atol=0.1)
    assert isinstance(family.members["wide"].fc, nn.Linear)
    frozen = family.freeze(["deep"])["deep"]  # the way for shared layers
    quantized = torch.ao.quantization.quantize_dynamic(frozen, {nn.Linear})
    assert "quantized" in type(quantized.fc).__module__
    torch.testing.assert_close(quantized(X), family.members["deep"](X), rtol=0.1, atol=0.1)


def test_data_parallel_without_replicas_is_the_family_itself(family: Family) -> None:
    assert torch.equal(nn.DataParallel(family)(X), family(X))


def test_data_parallel_replicas_are_refused(family: Family) -> None:
    sentence = r"nn.DataParallel cannot replicate layer 'deep.*use torch.nn.parallel.DistributedDataParallel"
    for module in (family, family.members["deep"]):
        with pytest.raises(SharedWeightError, match=sentence):
            replicas(module)


def replicas(module: nn.Module) -> list[nn.Module]:
    """What ``nn.parallel.replicate`` does for each device."""
    return [part._replicate_for_data_parallel() for part in module.modules()]
