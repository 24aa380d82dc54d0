"""Views for evaluation: what a module computes after eval(), without a flag of it being touched."""

from __future__ import annotations

import copy
from functools import partial

import pytest
import torch
from handmade import FoldedMini, Mini
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

from swc_runtime import Family
from swc_runtime.evaluating import evaluation_view
from swc_runtime.problems import RuntimeProblem

X = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=[Mini, FoldedMini])
def family(request: pytest.FixtureRequest) -> Family:
    torch.manual_seed(0)
    made: Family = request.param()
    made(X)  # running statistics that differ from those of a fresh module
    return made


def state_of(module: nn.Module) -> tuple[list[bool], dict[str, Tensor]]:
    return [m.training for m in module.modules()], {name: t.clone() for name, t in module.named_buffers()}


def assert_unchanged(module: nn.Module, before: tuple[list[bool], dict[str, Tensor]]) -> None:
    modes, buffers = state_of(module)
    assert modes == before[0]
    assert buffers.keys() == before[1].keys()
    assert all(torch.equal(buffers[name], before[1][name]) for name in buffers)


@pytest.mark.parametrize("part", ["", "members", "members.wide", "members.wide.group1.0", "members.wide.bn"])
def test_views_compute_what_evaluation_computes(family: Family, part: str) -> None:
    twin = copy.deepcopy(family).eval()
    before = state_of(family)
    module = family.get_submodule(part)
    view = evaluation_view(module)
    assert type(view) is type(module)
    assert not any(m.training for m in view.modules() if m not in list(family.bank.modules()))
    x = X if part in ("", "members", "members.wide") else torch.randn(2, 20 if part.endswith("bn") else 8, 8, 8)
    if part == "members":
        assert torch.equal(view["deep"](x), twin.members["deep"](x))
    else:
        assert torch.equal(view(x), twin.get_submodule(part)(x))
    assert_unchanged(family, before)


def test_a_module_in_evaluation_is_its_own_view(family: Family) -> None:
    family.eval()
    assert evaluation_view(family) is family
    family.bank.train()  # a bank computes the same in both modes
    assert evaluation_view(family) is family
    family.members["wide"].get_submodule("group1.0.bn2").train()
    assert evaluation_view(family) is not family
    assert evaluation_view(family.members["deep"]) is family.members["deep"]


def test_views_share_parameters_buffers_and_hooks(family: Family) -> None:
    view = evaluation_view(family)
    assert [(n, id(p)) for n, p in view.named_parameters()] == [(n, id(p)) for n, p in family.named_parameters()]
    assert [(n, id(b)) for n, b in view.named_buffers()] == [(n, id(b)) for n, b in family.named_buffers()]
    assert view.bank is family.bank
    seen: list[bool] = []
    family.members["wide"].get_submodule("fc").register_forward_hook(lambda m, _, out: seen.append(m.training) or out)
    with torch.no_grad():
        view(X)
        next(family.parameters()).add_(1.0)
    assert seen == [False]
    assert torch.equal(view(X), copy.deepcopy(family).eval()(X))  # new values are seen


def test_gradients_flow_through_views(family: Family) -> None:
    evaluation_view(family)(X).sum().backward()
    assert all(p.grad is not None for p in family.parameters())


class Inside(nn.Module):
    """Refers to parts of itself in ways that torch does not register."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.dropout = nn.Dropout(0.5)
        self.steps = [self.norm, self.dropout.forward]
        self.named = {"again": partial(self.apply_all, 1)}
        self.calls: list[int] = []

    def apply_all(self, times: int, x: Tensor) -> Tensor:
        for _ in range(times):
            for step in self.steps:
                x = step(x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        self.calls.append(1)
        return nn.functional.dropout(self.named["again"](x), training=self.training)


def test_unregistered_references_and_methods_are_those_of_the_view() -> None:
    module = Inside()
    x = torch.randn(5, 3)
    module(x)
    before = state_of(module)
    view = evaluation_view(module)
    expected = copy.deepcopy(module).eval()(x)
    assert torch.equal(view(x), expected)
    assert_unchanged(module, before)
    assert len(module.calls) == 2  # an object that is shared stays shared


def test_tied_submodules_stay_tied_in_a_view() -> None:
    inner = nn.BatchNorm1d(3)
    view = evaluation_view(nn.Sequential(inner, nn.ReLU(), inner))
    assert view[0] is view[2]
    assert view[0] is not inner


@pytest.mark.parametrize("in_place", [False, True])
def test_views_of_compiled_modules_run_their_own_code(*, in_place: bool) -> None:
    inner = nn.BatchNorm1d(3)
    if in_place:
        inner.compile(backend="eager")
        module: nn.Module = nn.Sequential(inner)
    else:
        module = nn.Sequential(torch.compile(inner, backend="eager"))
    x = torch.randn(5, 3)
    module(x)
    before = state_of(module)
    expected = nn.functional.batch_norm(x, inner.running_mean, inner.running_var, inner.weight, inner.bias)
    torch.testing.assert_close(evaluation_view(module)(x), expected)
    assert_unchanged(module, before)


def test_parametrized_and_pruned_modules_have_views() -> None:
    linear = parametrizations.weight_norm(nn.Linear(3, 4))
    pruned = prune.l1_unstructured(nn.Linear(4, 2), "weight", 0.5)
    module = nn.Sequential(linear, nn.BatchNorm1d(4), pruned)
    x = torch.randn(5, 3)
    expected = nn.Sequential(linear, copy.deepcopy(module[1]).eval(), pruned)(x)
    assert torch.equal(evaluation_view(module)(x), expected)


@pytest.mark.filterwarnings("ignore:`torch.jit.:FutureWarning")
def test_scripted_modules_in_training_mode_are_refused() -> None:
    scripted = torch.jit.trace(nn.Dropout(0.5).eval(), torch.zeros(2))
    evaluation_view(nn.Sequential(scripted.eval()))
    with pytest.raises(RuntimeProblem, match=r"made by torch.jit is in training mode.* call eval\(\) on it first"):
        evaluation_view(nn.Sequential(scripted.train()))
