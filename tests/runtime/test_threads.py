"""Several threads at once get the answers of one, and leave everything as it was."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import torch
from handmade import FoldedMini, Mini
from torch import Tensor, nn

from swc_runtime import Family
from swc_runtime.problems import ThreadProblem

THREADS = 6
ROUNDS = 8
INPUTS = [torch.randn(n, 1, 8, 8, generator=torch.Generator().manual_seed(n)) for n in (1, 2, 3, 4)]


@pytest.fixture(params=[Mini, FoldedMini])
def family(request: pytest.FixtureRequest) -> Family:
    torch.manual_seed(0)
    made: Family = request.param()
    made(INPUTS[-1])
    superweight = made.bank.superweights["conv3x3@0,0"]
    made.bank.split(superweight.id, [superweight.users[::2], superweight.users[1::2]])
    return made


def in_threads(work: Callable[[int], None]) -> None:
    """Run ``work`` in all threads at once, and raise what any of them raised."""
    start = threading.Barrier(THREADS)

    def run(number: int) -> None:
        start.wait()
        work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(run, number) for number in range(THREADS)]:
            done.result()


def answers(family: Family, x: Tensor, turn: int) -> list[Tensor]:
    """What a thread asks for: all kinds of calls, begun with a different one each turn."""
    kinds: list[Callable[[], Tensor]] = [
        lambda: family.predict(x),
        lambda: family.predict(x, members=["wide"]),
        lambda: family.predict(x, members=["wide", "deep"]),
    ]
    if not family.training:
        kinds += [lambda: family(x), lambda: family.members["deep"](x), lambda: family.members["wide"](x)]
    order = [(turn + i) % len(kinds) for i in range(len(kinds))]
    found = {kind: kinds[kind]().detach() for kind in order}
    return [found[kind] for kind in range(len(kinds))]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("grad", [False, True])
def test_answers_are_those_of_one_thread_and_nothing_changes(family: Family, *, training: bool, grad: bool) -> None:
    family.train(training)
    reference = copy.deepcopy(family)
    with torch.set_grad_enabled(grad):
        expected = [answers(reference, x, 0) for x in INPUTS]
    modes = [module.training for module in family.modules()]
    state = {name: tensor.clone() for name, tensor in family.state_dict().items()}

    def work(number: int) -> None:
        with torch.set_grad_enabled(grad):
            for turn in range(ROUNDS):
                which = (number + turn) % len(INPUTS)
                for found, right in zip(answers(family, INPUTS[which], number + turn), expected[which], strict=True):
                    assert torch.equal(found, right)

    in_threads(work)
    assert [module.training for module in family.modules()] == modes
    for name, tensor in family.state_dict().items():
        assert torch.equal(tensor, state[name]), name


def test_gradients_of_calls_in_several_threads_are_right(family: Family) -> None:
    family.eval()
    names = [name for name, _ in family.named_parameters()]

    def gradients(number: int) -> list[Tensor]:
        member = family.members["wide" if number % 2 else "deep"]
        loss = member(INPUTS[number % len(INPUTS)]).square().sum()
        own = torch.autograd.grad(loss, list(family.parameters()), allow_unused=True, materialize_grads=True)
        return list(own)

    expected = [gradients(number) for number in range(THREADS)]

    def work(number: int) -> None:
        for _ in range(ROUNDS):
            for name, found, right in zip(names, gradients(number), expected[number], strict=True):
                assert torch.equal(found, right), name

    in_threads(work)


def test_predictions_beside_a_training_thread_are_those_of_evaluation() -> None:
    """The modes that training sets are its own: predictions of another thread neither see nor change them."""
    family = Mini().train()
    for parameter in family.parameters():
        parameter.requires_grad_(requires_grad=False)
    for module in family.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.0  # training-mode calls then change no statistics: answers can be compared
    expected = copy.deepcopy(family).eval().predict(INPUTS[1])
    trained = family(INPUTS[3])
    stop = threading.Event()

    def train() -> int:
        calls = 0
        while not stop.is_set() or calls == 0:
            assert torch.equal(family(INPUTS[3]), trained)
            calls += 1
        return calls

    with ThreadPoolExecutor(1) as pool:
        training = pool.submit(train)
        try:
            for _ in range(20):
                assert torch.equal(family.predict(INPUTS[1]), expected)
        finally:
            stop.set()
        assert training.result() > 0
    assert all(module.training for module in family.modules())


@contextmanager
def another_thread_within(call: Callable[[], object], module: nn.Module) -> Iterator[None]:
    """Hold another thread within ``call``, where it comes to ``module``, while the context lasts."""
    inside, go_on = threading.Event(), threading.Event()

    def wait(*_: object) -> None:
        if threading.current_thread() is not here:
            inside.set()
            go_on.wait(60)

    here = threading.current_thread()
    handle = module.register_forward_pre_hook(wait)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(call)
        try:
            assert inside.wait(60)
            yield
        finally:
            go_on.set()
            handle.remove()
        running.result()


def test_splitting_and_probing_beside_calls_of_other_threads_are_refused(family: Family) -> None:
    family.eval()
    users = family.bank.superweights["conv3x3@8,0"].users
    groups = family.bank.groups("conv3x3@8,0")
    within = family.members["wide"].get_submodule("group2.0.bn1")
    for call in (lambda: family.predict(INPUTS[0]), lambda: family(INPUTS[0])):
        expected = call()
        with another_thread_within(call, within):
            with pytest.raises(ThreadProblem, match="cannot split while 1 other thread is within a call"):
                family.bank.split("conv3x3@8,0", [users[:1], users[1:]])
            with pytest.raises(ThreadProblem, match=r"cannot probe while .*copy.deepcopy"), family.bank.probing():
                pass
            assert torch.equal(call(), expected)  # further calls are welcome
            assert torch.equal(copy.deepcopy(family).predict(INPUTS[0]), family.predict(INPUTS[0]))
    assert family.bank.groups("conv3x3@8,0") == groups
    family.bank.split("conv3x3@8,0", [users[:1], users[1:]])
    with family.bank.probing():
        family(INPUTS[0])


def test_calls_beside_a_thread_that_probes_are_refused(family: Family) -> None:
    family.eval()
    expected = family.predict(INPUTS[0])
    with family.bank.probing() as probes, ThreadPoolExecutor(1) as pool:
        for call in (lambda: family.predict(INPUTS[0]), lambda: family.members["wide"](INPUTS[0])):
            with pytest.raises(ThreadProblem, match="another thread probes this family"):
                pool.submit(call).result()
        with pytest.raises(ThreadProblem):
            pool.submit(lambda: family.bank.probing().__enter__()).result()
        assert family.bank.weight("wide.fc") is probes["wide.fc"]
    with ThreadPoolExecutor(1) as pool:
        assert torch.equal(pool.submit(lambda: family.predict(INPUTS[0])).result(), expected)


def test_training_from_two_threads_is_refused(family: Family) -> None:
    family.train()
    with another_thread_within(lambda: family(INPUTS[1]), family.members["wide"].get_submodule("group2.0.bn1")):
        for call in (lambda: family(INPUTS[1]), lambda: family.members["deep"](INPUTS[1])):
            with pytest.raises(ThreadProblem, match="another thread is within a call of this family in training mode"):
                call()
        family.predict(INPUTS[1])  # evaluation is no training, whatever the mode is
        with torch.no_grad():
            family.members["deep"](INPUTS[1])
    family(INPUTS[1]).sum().backward()


def test_splits_wait_for_nobody_and_calls_wait_for_splits(family: Family) -> None:
    """A thread that calls in a loop beside one that splits gets right answers, or the split is refused."""
    family.eval()
    expected = family.predict(INPUTS[2])
    done = 0

    def serve() -> None:
        while done < 4:
            torch.testing.assert_close(family.predict(INPUTS[2]), expected)  # a split changes nothing at once

    with ThreadPoolExecutor(1) as pool:
        serving = pool.submit(serve)
        try:
            for name in ("conv3x3@8,0", "conv3x3@0,12", "conv3x3@0,0", "conv3x3@12,12"):
                superweight = family.bank.superweights.get(name)
                while superweight is not None and not serving.done():
                    own = family.bank.groups(name)
                    try:
                        family.bank.split(name, [group[i::2] for group in own for i in (0, 1) if group[i::2]])
                        break
                    except ThreadProblem:
                        continue
                done += 1
        finally:
            done = 4
        serving.result()
