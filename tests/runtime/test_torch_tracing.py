"""Traces of torch.fx call shared layers as they are; programs of torch.export have the members' own signature."""

from __future__ import annotations

import copy
import inspect

import handmade
import pytest
import torch
from handmade import FoldedMini, Mini, divided
from torch import nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils.flop_counter import FlopCounterMode

from swc_runtime import Family, PlainWeights, SharedConv2d, SharedLinear
from swc_runtime.evaluating import evaluation_view

X = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=[Mini, FoldedMini])
def family(request: pytest.FixtureRequest) -> Family:
    return divided(request.param)


@torch.no_grad()
def change(family: Family) -> None:
    for parameter in family.bank.parameters():
        parameter.mul_(1.05)


@pytest.mark.parametrize("part", ["members.wide", "", "members.deep.group1.0"])
@pytest.mark.parametrize("grad", [False, True])
def test_shared_layers_are_leaves_of_traces(family: Family, part: str, *, grad: bool) -> None:
    module = family.get_submodule(part)
    x = torch.randn(2, 8, 4, 4) if "group" in part else X
    with torch.set_grad_enabled(grad):
        traced = torch.fx.symbolic_trace(module)
    called = {traced.get_submodule(str(node.target)) for node in traced.graph.nodes if node.op == "call_module"}
    shared = {layer for layer in module.modules() if isinstance(layer, SharedConv2d | SharedLinear)}
    assert shared
    assert shared <= called
    assert not [node for node in traced.graph.nodes if node.op == "get_attr"]  # nothing is baked in
    for _ in range(2):
        assert torch.equal(traced(x), module(x))
        with torch.no_grad():
            assert torch.equal(traced(x), module(x))
        change(family)
    users = family.bank.superweights["conv3x3@8,0"].users
    family.bank.split("conv3x3@8,0", [users[:1], users[1:]])
    assert torch.equal(traced(x), module(x))
    traced(x).sum().backward()
    assert all(p.grad is not None for name, p in family.bank.named_parameters() if name.startswith("conv3x3@0,0"))


def test_a_traced_family_can_be_copied(family: Family) -> None:
    traced = torch.fx.symbolic_trace(family.members["wide"])
    twin = copy.deepcopy(family)
    twin_trace = copy.deepcopy(traced)
    change(family)
    assert torch.equal(twin_trace(X), twin.members["wide"](X))
    assert not torch.equal(traced(X), twin_trace(X))


@pytest.mark.parametrize("name", ["deep", "wide"])
def test_members_have_their_own_signature(family: Family, name: str) -> None:
    member = family.members[name]
    expected = inspect.signature(handmade.Net(PlainWeights(), 1, 10, 8, 16, 1).forward)
    assert inspect.signature(member.forward) == expected
    assert inspect.signature(evaluation_view(family.train()).members[name].forward) == expected
    family.eval()
    assert inspect.signature(copy.deepcopy(family).members[name].forward) == inspect.signature(member.forward)
    assert torch.equal(member(x=X), member(X))


@pytest.mark.filterwarnings("ignore:While compiling, we found certain side effects:UserWarning")  # steps, when strict
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("part", ["members.wide", ""])
def test_members_and_families_are_exported_for_any_batch(family: Family, part: str, *, strict: bool) -> None:
    module = family.get_submodule(part)
    family.predict(X)  # weights are kept, which an exported family must not be built from
    batch = torch.export.Dim("batch", min=2, max=64)
    for grad in (False, True):
        with torch.set_grad_enabled(grad):
            program = torch.export.export(module, (X,), dynamic_shapes={"x": {0: batch}}, strict=strict)
        for size in (2, 7):
            x = torch.randn(size, 1, 8, 8)
            torch.testing.assert_close(program.module()(x), module(x), rtol=1e-4, atol=1e-5)
    assert torch.equal(family.predict(X), copy.deepcopy(family).predict(X))
    if not part:
        assert {name for name in program.state_dict if name.startswith("bank.")} >= {
            f"bank.{name}" for name, _ in family.bank.named_parameters()
        }


def test_modes_that_look_on_see_what_is_composed(family: Family) -> None:
    with torch.no_grad():
        family(X)
        with FlopCounterMode(display=False) as kept:
            family(X)
        graph = make_fx(family)(X)
        change(family)
        assert torch.equal(family(X), copy.deepcopy(family)(X))
    plain = nn.ModuleList(family.freeze().values())
    with torch.no_grad(), FlopCounterMode(display=False) as frozen:
        for member in plain:
            member(X)
    assert kept.get_total_flops() > frozen.get_total_flops()
    assert "aten.mm" in str(graph.code)
