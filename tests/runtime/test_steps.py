"""Within a step nothing is composed twice; between steps nothing is kept."""

from __future__ import annotations

import copy
from collections import Counter

import pytest
import torch
from handmade import FoldedMini, Mini
from torch import Tensor
from torch.autograd.graph import Node

from swc_runtime import Family
from swc_runtime.assembly import Assembly
from swc_runtime.selection import Selection
from swc_runtime.templates import TemplateBank

X = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))


class Counts:
    def __init__(self) -> None:
        self.composed: Counter[int] = Counter()
        self.assembled: Counter[int] = Counter()

    def clear(self) -> None:
        self.composed.clear()
        self.assembled.clear()


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counts:
    counts = Counts()
    compose, weight = TemplateBank.compose, Assembly.weight

    def counted_compose(self: TemplateBank, selection: Selection) -> Tensor:
        counts.composed[id(self)] += 1
        return compose(self, selection)

    def counted_weight(self: Assembly, mixtures: list[Tensor]) -> Tensor:
        counts.assembled[id(self)] += 1
        return weight(self, mixtures)

    monkeypatch.setattr(TemplateBank, "compose", counted_compose)
    monkeypatch.setattr(Assembly, "weight", counted_weight)
    return counts


@pytest.fixture(params=[Mini, FoldedMini])
def family(request: pytest.FixtureRequest) -> Family:
    made: Family = request.param()
    return made


def test_the_family_composes_each_bank_once(family: Family, counts: Counts) -> None:
    family(X)
    assert set(counts.composed) == {id(bank) for bank in family.bank.template_banks()}
    assert set(counts.composed.values()) == {1}
    assert len(counts.assembled) == len({(x.cluster, x.shape) for x in family.bank.layers.values()})
    assert set(counts.assembled.values()) == {1}


def test_a_member_alone_composes_each_bank_it_uses_once(family: Family, counts: Counts) -> None:
    family.members["deep"](X)
    layers = [layer for name, layer in family.bank.layers.items() if name.startswith("deep.")]
    banks = {family.bank.superweights[s].bank for layer in layers for s in layer.superweights}
    assert len(counts.composed) == len(banks)
    assert set(counts.composed.values()) == {1}
    assert len(counts.assembled) == len({(x.cluster, x.shape) for x in layers})
    assert set(counts.assembled.values()) == {1}


def test_after_a_split_each_live_row_is_composed_once_and_only_live_rows(family: Family, counts: Counts) -> None:
    superweight = family.bank.superweights["conv3x3@0,0"]
    family.bank.split(superweight.id, [superweight.users[:1], superweight.users[1:]])
    rows = {
        bank: len(
            {
                row
                for s in family.bank.superweights.values()
                if s.bank == name
                for row in family.bank.template_bank(name).rows_read(s)
            }
        )
        for name, bank in family.bank._modules.items()
    }
    for (name, bank), expected in zip(family.bank.named_children(), rows.values(), strict=True):
        assert isinstance(bank, TemplateBank)
        assert len(bank.compose(family.bank.resolution.selections[name])) == expected
    counts.clear()
    family(X)
    assert set(counts.composed.values()) == {1}
    assert set(counts.assembled.values()) == {1}
    assert len(counts.assembled) == 1 + len({(x.cluster, x.shape) for x in family.bank.layers.values()})


@pytest.mark.parametrize("parts", [1, 2, 99])
def test_the_mixtures_of_a_bank_are_cut_at_once(family: Family, parts: int) -> None:
    """One reader, and so one gradient of the size of the bank, however many layers there are."""
    for superweight in family.bank.superweights.values():
        users, size = superweight.users, -(-len(superweight.users) // parts)
        family.bank.split(superweight.id, [users[start : start + size] for start in range(0, len(users), size)])
    with family.bank.step():
        weights = [family.bank.weight(name) for name in family.bank.layers]
    readers: dict[Node, set[Node]] = {}
    nodes = [weight.grad_fn for weight in weights if weight.grad_fn is not None]
    while nodes:
        node = nodes.pop()
        for source, _ in node.next_functions:
            if source is not None:
                nodes += [] if source in readers else [source]
                readers.setdefault(source, set()).add(node)
    products = [node for node in readers if node.name().startswith("MmBackward")]
    assert len(products) == len(list(family.bank.template_banks()))
    for product in products:
        (view,) = readers[product]
        assert len(readers[view]) == 1


def test_steps_nest(family: Family, counts: Counts) -> None:
    with family.bank.step():
        family(X)
        family.members["wide"](X)
        with family.bank.step():
            family(X)
        weight = family.bank.weight("deep.group2.0.conv2")
        assert family.bank.weight("deep.group2.1.conv1") is weight
    assert set(counts.composed.values()) == {1}
    assert family.bank.weight("deep.group2.0.conv2") is not weight


def test_each_call_sees_new_parameters_and_a_graph_of_its_own(family: Family) -> None:
    first = family(X)
    first.sum().backward()
    with torch.no_grad():
        next(family.bank.template_banks()).templates.mul_(2.0)
    second = family(X)
    assert not torch.allclose(first, second)
    second.sum().backward()  # would fail on a graph that is freed


def test_a_failing_forward_ends_the_step(family: Family) -> None:
    for error in (RuntimeError, KeyboardInterrupt):

        def fail(*_: object, error: type[BaseException] = error) -> None:
            raise error

        handle = family.members["wide"].get_submodule("fc").register_forward_hook(fail)
        for call in (family, family.members["wide"]):
            with pytest.raises(error):
                call(X)
            assert family.bank.composer.running() is None
        handle.remove()
    family(X).sum().backward()


def test_weights_without_a_graph_are_not_mistaken_for_those_with_one(family: Family) -> None:
    with family.bank.step():
        with torch.no_grad():
            assert not family(X).requires_grad
        family.members["wide"](X).sum().backward()
    assert next(family.bank.template_banks()).templates.grad is not None


def test_a_copy_made_within_a_step_starts_outside_of_it(family: Family) -> None:
    with family.bank.step():
        family(X)
        twin = copy.deepcopy(family)
        assert twin.bank.composer.running() is None
        assert family.bank.composer.running() is not None
    assert torch.equal(twin(X), family(X))
