"""Compiled evaluation composes weights once, notices every change of them, and is not compiled anew for it."""

from __future__ import annotations

import copy
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from changes import CHANGES
from handmade import FoldedMini, Mini, divided
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounterWithBackend

from swc_runtime import Family
from swc_runtime.templates import TemplateBank

X = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def _fresh_compiler() -> Iterator[None]:
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.fixture(params=[Mini, FoldedMini])
def family(request: pytest.FixtureRequest) -> Family:
    return divided(request.param)


def expected(family: Family, x: Tensor = X) -> Tensor:
    with torch.enable_grad():
        return family(x).detach()


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_every_change_is_noticed_without_compiling_anew(
    family: Family, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = CompileCounterWithBackend(backend)
    whole = torch.compile(family, backend=counter, fullgraph=True)
    member = torch.compile(family.members["wide"], backend=counter, fullgraph=True)
    composed = 0
    compose = TemplateBank.compose

    def counted(self: TemplateBank, *args: object) -> Tensor:
        nonlocal composed
        composed += 1
        return compose(self, *args)

    def check() -> None:
        nonlocal composed
        right = expected(family)
        with torch.no_grad():
            torch.testing.assert_close(whole(X), right, rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(member(X), right[1], rtol=1e-5, atol=1e-5)
            composed = 0
            assert torch.equal(whole(X), whole(X))
            member(X)
            assert composed == 0 or backend == "aot_eager"  # which works on copies, and writes them back

    monkeypatch.setattr(TemplateBank, "compose", counted)
    check()
    assert counter.frame_count == 2
    for name in (
        "adamw",
        "in place",
        "through data",
        "one number",
        "data replaced twice",
        "split",
        "loaded",
        "rows written",
        "averaged in place",
        "averaged through data",
    ):
        CHANGES[name](family)
        check()
    assert counter.frame_count == 2
    family.forget()
    check()


def test_replaced_parameters_are_noticed(family: Family) -> None:
    compiled = torch.compile(family, backend="aot_eager", fullgraph=True)
    for name in ("parameters replaced", "loaded by assigning", "double precision and back"):
        with torch.no_grad():
            compiled(X)
        CHANGES[name](family)
        with torch.no_grad():
            torch.testing.assert_close(compiled(X), expected(family), rtol=1e-5, atol=1e-5)


def test_copies_and_other_families_have_weights_of_their_own(family: Family) -> None:
    class Pair(nn.Module):
        def __init__(self, *families: Family) -> None:
            super().__init__()
            self.families = nn.ModuleList(families)

        def forward(self, x: Tensor) -> Tensor:
            return torch.stack([one(x) for one in self.families])

    compiled = torch.compile(family, backend="aot_eager", fullgraph=True)
    with torch.no_grad():
        before = compiled(X)
        twin = copy.deepcopy(family)
        for parameter in twin.parameters():
            parameter.mul_(1.1)
        pair = torch.compile(Pair(family, twin), backend="aot_eager", fullgraph=True)
        for _ in range(2):
            together = pair(X)
            torch.testing.assert_close(together[0], expected(family), rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(together[1], expected(twin), rtol=1e-5, atol=1e-5)
        assert torch.equal(compiled(X), before)


def test_copies_share_what_was_compiled(family: Family) -> None:
    counter = CompileCounterWithBackend("aot_eager")
    with torch.no_grad():
        for scale in (1.0, 1.1, 0.9, 1.2):
            twin = copy.deepcopy(family)
            for parameter in twin.bank.parameters():
                parameter.mul_(scale)
            compiled = torch.compile(twin.members["wide"], backend=counter, fullgraph=True)
            torch.testing.assert_close(compiled(X), expected(twin)[1], rtol=1e-5, atol=1e-5)
            CHANGES["in place"](twin)
            torch.testing.assert_close(compiled(X), expected(twin)[1], rtol=1e-5, atol=1e-5)
    assert counter.frame_count == 1


def test_parameters_of_a_type_that_nobody_announced_are_composed_in_the_graph(family: Family) -> None:
    compiled = torch.compile(family, backend="aot_eager", fullgraph=True)
    with torch.no_grad():
        compiled(X)
        for parameter in family.parameters():
            parameter.data = parameter.data.double()
        for buffer in family.buffers():
            buffer.data = buffer.data.double() if buffer.is_floating_point() else buffer.data
        torch.testing.assert_close(compiled(X.double()), expected(family, X.double()))


def test_training_and_probing_are_compiled_as_ever(family: Family) -> None:
    compiled = torch.compile(family, backend="eager", fullgraph=True)
    with torch.no_grad():
        compiled(X)
    compiled(X).sum().backward()
    assert all(p.grad is not None for p in family.parameters())
    with family.bank.probing() as probes, torch.no_grad():
        probes["wide.fc"].zero_()
        assert torch.equal(compiled(X)[1], torch.zeros(3, 10))
    family.train()
    with torch.no_grad():
        torch.testing.assert_close(compiled(X), copy.deepcopy(family)(X))


def test_the_default_compiler_keeps_weights_in_place(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    composed = 0
    compose = TemplateBank.compose

    def counted(self: TemplateBank, *args: object) -> Tensor:
        nonlocal composed
        composed += 1
        return compose(self, *args)

    monkeypatch.setattr(TemplateBank, "compose", counted)
    compiled = torch.compile(family.members["wide"], fullgraph=True)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the compiler says about this machine is not ours
        for name in ("in place", "through data", "split"):
            torch.testing.assert_close(compiled(X), expected(family)[1], rtol=1e-4, atol=1e-4)
            CHANGES[name](family)
            torch.testing.assert_close(compiled(X), expected(family)[1], rtol=1e-4, atol=1e-4)
            composed = 0
            compiled(X)
            assert composed == 0
    flat = family.bank.composer._compiled.flats["wide"]
    for name, place in family.bank.composer._compiled.places.items():
        if name.startswith("wide."):
            kept = flat[place.start : place.end].view(place.shape)
            assert torch.equal(kept, family.bank.weight(name).detach().view(place.shape))


def test_compiled_evaluation_in_several_threads(family: Family) -> None:
    compiled = torch.compile(family, backend="aot_eager", fullgraph=True)
    with torch.no_grad():
        compiled(X)
    CHANGES["in place"](family)
    right = expected(family)
    start = threading.Barrier(4)

    def work(_: int) -> None:
        start.wait()
        with torch.no_grad():
            for _ in range(10):
                torch.testing.assert_close(compiled(X), right, rtol=1e-5, atol=1e-5)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
