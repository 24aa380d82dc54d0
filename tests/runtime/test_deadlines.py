"""``predict(deadline_ms=...)``: in time whatever members do, the best of what is done, and nothing left behind.

Members here take their time by waiting, not by computing, so that nothing depends on how fast the machine is.
"""

from __future__ import annotations

import copy
import io
import math
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import families
import pytest
import torch
from handmade import Mini
from torch import Tensor, nn

from swc_runtime import Frontier, FrontierPoint, cancellation
from swc_runtime.cancellation import Cancelled, cancellable
from swc_runtime.serving import deadline, timings, workers
from swc_runtime.serving.deadline import Plan, Timely
from swc_runtime.serving.timings import Reserve, Timings

X = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
LONG = 120_000.0
"""A deadline, in milliseconds, that nothing here comes near to."""
SHORT = 150.0
"""A deadline that members pass which wait for ever."""


@pytest.fixture
def family() -> Mini:
    torch.manual_seed(0)
    return Mini().eval()  # type: ignore[no-any-return]


class Waiting(nn.Module):
    """A member that waits, for ever or until it is let go, before it answers. ``patient`` ones cannot be cancelled."""

    def __init__(self, inner: nn.Module, *, patient: bool = False) -> None:
        super().__init__()
        self.inner = inner
        self.patient = patient
        self.begun = threading.Semaphore(0)
        self.cancelled = threading.Semaphore(0)
        self.let_go = threading.Event()

    def forward(self, x: Tensor) -> Tensor:
        self.begun.release()
        while not self.let_go.wait(0.002):
            if not self.patient:
                try:
                    cancellation.checkpoint()
                except Cancelled:
                    self.cancelled.release()
                    raise
        return self.inner(x)


@pytest.fixture
def wait(family: Mini) -> Iterator[Callable[..., Waiting]]:
    made: list[Waiting] = []

    def replace(member: str, *, patient: bool = False) -> Waiting:
        waiting = Waiting(family.members[member], patient=patient).eval()
        family.members[member] = waiting
        made.append(waiting)
        return waiting

    yield replace
    for waiting in made:
        waiting.let_go.set()


def settled(pool: workers.Workers = workers.WORKERS) -> bool:
    """Wait until no thread of the pool is at work."""
    until = time.monotonic() + 60
    while pool._at_work and time.monotonic() < until:
        time.sleep(0.002)
    return not pool._at_work


def test_with_time_enough_it_answers_as_without_a_deadline(family: Mini) -> None:
    answer = family.predict(X, deadline_ms=LONG)
    assert isinstance(answer, Timely)
    assert answer.members == ("deep", "wide")
    assert torch.equal(answer.probabilities, family.predict(X))
    assert not answer.probabilities.requires_grad
    forever = family.predict(X, deadline_ms=math.inf)
    assert torch.equal(forever.probabilities, answer.probabilities)
    probabilities, members = family.predict(X, deadline_ms=LONG, members=["wide"])
    assert members == ("wide",)
    assert torch.equal(probabilities, family.predict(X, members=["wide"]))


def test_it_does_not_wait_longer_than_members_take(family: Mini) -> None:
    began = time.monotonic()
    family.predict(X, deadline_ms=LONG)
    assert time.monotonic() - began < LONG / 2000


@pytest.mark.parametrize("patient", [False, True])
def test_what_is_done_when_time_is_up_is_averaged(
    family: Mini,
    wait: Callable[..., Waiting],
    monkeypatch: pytest.MonkeyPatch,
    patient: bool,  # noqa: FBT001 - a parameter
) -> None:
    monkeypatch.setattr(deadline, "_at_once", lambda *_: 2)
    expected = family.predict(X, members=["wide"])
    waiting = wait("deep", patient=patient)
    answer = family.predict(X, deadline_ms=2000.0)
    assert answer.members == ("wide",)
    assert torch.equal(answer.probabilities, expected)
    waiting.let_go.set()
    assert settled()


def test_without_any_member_in_time_the_answer_knows_nothing(family: Mini, wait: Callable[..., Waiting]) -> None:
    for name in ("deep", "wide"):
        wait(name)
    answer = family.predict(X, deadline_ms=SHORT)
    assert answer.members == ()
    assert torch.equal(answer.probabilities, torch.full((3, 10), 0.1))
    for passed in (0.0, -5.0, -math.inf):
        assert family.predict(X, deadline_ms=passed).members == ()


def test_what_is_late_is_given_up_at_the_next_layer(family: Mini, wait: Callable[..., Waiting]) -> None:
    waiting = wait("deep")
    family.predict(X, deadline_ms=SHORT, members=["deep"])
    assert waiting.begun.acquire(timeout=60)
    assert waiting.cancelled.acquire(timeout=60)
    assert settled()


def test_shared_layers_are_such_places(family: Mini) -> None:
    class Call:
        cancelled = True

    with cancellable(Call()), pytest.raises(Cancelled):
        family.members["deep"](X)
    family.members["deep"](X)
    assert family.bank.composer._running == {}  # the step of the call that was given up is closed


def test_members_without_shared_layers_are_given_up_too() -> None:
    begun, given_up = threading.Event(), threading.Event()

    class Endless(nn.Module):
        def __init__(self, weights: object) -> None:
            super().__init__()
            del weights
            self.own = nn.Linear(8, 8)

        def forward(self, x: Tensor) -> Tensor:
            begun.set()
            try:
                while True:
                    x = self.own(x)
            finally:
                given_up.set()

    alone = families.family({}, {"net": Endless}).eval()
    assert alone.sharing == frozenset()
    assert alone.predict(X, deadline_ms=SHORT).members == ()
    assert begun.is_set()
    assert given_up.wait(60)


def test_members_that_cannot_be_given_up_hold_up_nobody(
    family: Mini, wait: Callable[..., Waiting], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each holds a thread; others stand in for it, but not without bound."""
    expected = family.predict(X, members=["wide"])
    stuck = wait("deep", patient=True)
    monkeypatch.setattr(deadline, "WORKERS", pool := workers.Workers())
    limit = workers._STAND_INS + deadline._at_once(X, [None])
    for _ in range(workers._STAND_INS):
        family.predict(X, deadline_ms=SHORT, members=["deep"])
    answer = family.predict(X, deadline_ms=LONG, members=["wide"])
    assert torch.equal(answer.probabilities, expected)
    for _ in range(4):
        assert family.predict(X, deadline_ms=SHORT, members=["deep"]).members == ()
    assert pool.threads <= limit
    stuck.let_go.set()
    assert settled(pool)
    assert family.predict(X, deadline_ms=LONG).members == ("deep", "wide")


@pytest.mark.parametrize("stuck_for", ["all", "itself"])
def test_a_member_that_is_stuck_is_not_begun_again_and_again(
    family: Mini,
    wait: Callable[..., Waiting],
    monkeypatch: pytest.MonkeyPatch,
    stuck_for: str,
) -> None:
    """Far more calls than there are threads: all are answered by the member that works."""
    monkeypatch.setattr(deadline, "WORKERS", pool := workers.Workers())
    monkeypatch.setattr(deadline, "_at_once", lambda *_: 1)
    monkeypatch.setattr(Mini, "weights_alone", {"deep": 1, "wide": 2})
    expected = family.predict(X, members=["wide"])
    stuck = wait("deep", patient=True)
    begun = 0
    for _ in range(3 * workers._STAND_INS):
        if stuck_for == "itself":  # calls that want nothing else, and cannot be helped
            assert family.predict(X, deadline_ms=SHORT, members=["deep"]).members == ()
    for _ in range(3 * workers._STAND_INS):
        answer = family.predict(X, deadline_ms=1000.0)
        assert answer.members in {(), ("wide",)}
        begun += answer.members == ()
        if answer.members:
            assert torch.equal(answer.probabilities, expected)
    assert begun <= 1  # the first one, which could not know
    assert pool.threads < workers._STAND_INS + 1
    stuck.let_go.set()
    assert settled(pool)
    assert not family.timings.stuck("deep")
    assert family.predict(X, deadline_ms=LONG).members == ("deep", "wide")


def test_members_that_make_nothing_better_answer_for_those_that_are_stuck(
    family: Mini, wait: Callable[..., Waiting], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "WORKERS", pool := workers.Workers())
    family.frontier = measured(
        (("deep",), 1.0, 0.9, 0.3), (("wide",), 1.0, 0.8, 0.5), (("deep", "wide"), 2.0, 0.85, 0.35)
    )
    plan = Plan(family, None, 3)
    assert (plan.order, plan.spare) == (("deep",), ("wide",))
    assert Plan(family, ["deep"], 3).spare == ()
    stuck = wait("deep", patient=True)
    assert [family.predict(X, deadline_ms=1000.0).members for _ in range(4)] == [(), ("wide",), ("wide",), ("wide",)]
    stuck.let_go.set()
    assert settled(pool)
    assert family.predict(X, deadline_ms=LONG).members == ("deep",)


def test_threads_end_when_there_is_nothing_to_do(family: Mini, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = workers.Workers()
    monkeypatch.setattr(deadline, "WORKERS", pool)
    monkeypatch.setattr(workers, "_IDLE_SECONDS", 0.01)
    family.predict(X, deadline_ms=LONG)
    until = time.monotonic() + 60
    while pool.threads and time.monotonic() < until:
        time.sleep(0.005)
    assert pool.threads == 0
    assert family.predict(X, deadline_ms=LONG).members == ("deep", "wide")


def test_any_number_of_callers(family: Mini) -> None:
    expected = family.predict(X)
    wrong: list[object] = []

    def call() -> None:
        for _ in range(10):
            answer = family.predict(X, deadline_ms=LONG)
            if answer.members != ("deep", "wide") or not torch.equal(answer.probabilities, expected):
                wrong.append(answer)

    threads = [threading.Thread(target=call) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_all_callers_get_a_first_member_before_one_gets_a_second(
    family: Mini, wait: Callable[..., Waiting], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread only, held until three calls wait: it then runs the first member of each before any second."""
    monkeypatch.setattr(deadline, "_at_once", lambda *_: 1)
    monkeypatch.setattr(deadline, "WORKERS", pool := workers.Workers())
    order: list[str] = []
    for name in ("deep", "wide"):
        family.members[name].register_forward_pre_hook(lambda *_, name=name: order.append(name))
    monkeypatch.setattr(Mini, "weights_alone", {"deep": 1, "wide": 2})
    gate = wait("deep")
    calls = [threading.Thread(target=lambda: family.predict(X, deadline_ms=LONG)) for _ in range(3)]
    for call in calls:
        call.start()
    until = time.monotonic() + 60
    while len(pool._waiting) < 3 and time.monotonic() < until:  # the one at work waits for its second member
        time.sleep(0.002)
    gate.let_go.set()
    for call in calls:
        call.join()
    assert order == ["deep"] * 3 + ["wide"] * 3


def test_wrong_answers_of_members_are_raised_and_the_pool_goes_on(family: Mini) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    hook = family.members["wide"].register_forward_pre_hook(fail)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            family.predict(X, deadline_ms=LONG)
    hook.remove()
    assert family.predict(X, deadline_ms=LONG).members == ("deep", "wide")


@pytest.mark.filterwarnings("always::RuntimeWarning")
def test_members_that_fail_too_late_are_told_of(family: Mini, wait: Callable[..., Waiting]) -> None:
    waiting = wait("deep", patient=True)
    waiting.inner.register_forward_pre_hook(lambda *_: 1 / 0)
    assert family.predict(X, deadline_ms=SHORT, members=["deep"]).members == ()

    def end() -> None:
        waiting.let_go.set()
        assert settled()

    with pytest.warns(RuntimeWarning, match=r"deep failed after the deadline of its call: ZeroDivisionError"):
        end()


def test_wrong_images_are_refused_even_when_there_is_no_time(family: Mini) -> None:
    with pytest.raises(ValueError, match="images are float64"):
        family.predict(X.double(), deadline_ms=0.0)
    with pytest.raises(ValueError, match="images are on meta"):
        family.predict(X.to("meta"), deadline_ms=0.0)


def test_members_run_with_the_threads_of_torch_that_the_caller_has_set(family: Mini) -> None:
    seen: list[int] = []
    family.members["deep"].register_forward_pre_hook(lambda *_: seen.append(torch.get_num_threads()))
    before = torch.get_num_threads()
    try:
        for threads in (2, 1, 3):
            torch.set_num_threads(threads)
            family.predict(X, deadline_ms=LONG, members=["deep"])
    finally:
        torch.set_num_threads(before)
    assert seen == [2, 1, 3]


def test_an_interrupted_call_is_given_up(
    family: Mini, wait: Callable[..., Waiting], monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = wait("deep")

    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - as Event.wait
            assert waiting.begun.acquire(timeout=60)
            raise KeyboardInterrupt

    monkeypatch.setattr(deadline.threading, "Event", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        family.predict(X, deadline_ms=LONG, members=["deep"])
    assert waiting.cancelled.acquire(timeout=60)


def test_the_family_stays_in_its_mode_and_a_training_family_predicts_as_in_evaluation(family: Mini) -> None:
    expected = family.predict(X)
    family.train()
    statistics = {name: buffer.clone() for name, buffer in family.named_buffers()}
    assert torch.equal(family.predict(X, deadline_ms=LONG).probabilities, expected)
    assert family.training
    assert all(torch.equal(buffer, statistics[name]) for name, buffer in family.named_buffers())


def test_copies_serve_too(family: Mini) -> None:
    expected = family.predict(X, deadline_ms=LONG).probabilities
    buffer = io.BytesIO()
    torch.save(family, buffer)
    buffer.seek(0)
    for twin in (copy.deepcopy(family), pickle.loads(pickle.dumps(family)), torch.load(buffer, weights_only=False)):
        assert twin.timings is not family.timings
        assert torch.equal(twin.predict(X, deadline_ms=LONG).probabilities, expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_forked_processes_serve_too() -> None:
    """In a process of its own: forking one with many threads is what Python warns of."""
    script = f"""
import os, sys, warnings
sys.path[:0] = {[str(Path(__file__).parent)]!r}
warnings.simplefilter("ignore")
import torch
from handmade import Mini
torch.set_num_threads(1)
family, x = Mini().eval(), torch.randn(2, 1, 8, 8)
expected = family.predict(x, deadline_ms={LONG}).probabilities
child = os.fork()
answer = family.predict(x, deadline_ms={LONG})
right = answer.members == ("deep", "wide") and torch.equal(answer.probabilities, expected)
if child == 0:
    os._exit(0 if right else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) or not right)
"""
    assert subprocess.run([sys.executable, "-c", script], timeout=120, check=False).returncode == 0


def test_a_program_ends_while_members_are_at_work() -> None:
    script = f"""
import sys
sys.path[:0] = {[str(Path(__file__).parent)]!r}
import torch
from handmade import Mini
family = Mini().eval()
many = torch.randn(4096, 1, 8, 8)
for _ in range(3):
    family.predict(many, deadline_ms=20.0)
"""
    done = subprocess.run([sys.executable, "-c", script], timeout=120, check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


# -- what runs first, and what is averaged ---------------------------------------------------------------------------


def measured(*points: tuple[tuple[str, ...], float, float, float]) -> Frontier:
    entries = tuple(FrontierPoint(names, 4, t, 2 * t, 3 * t, top1, nll, 0.0) for names, t, top1, nll in points)
    return Frontier("cpu", 1, 1, "val", tuple("0123456789"), entries)


def test_the_frontier_says_which_members_run_and_what_is_averaged(family: Mini) -> None:
    family.frontier = measured(
        (("deep",), 5.0, 0.9, 0.3), (("wide",), 1.0, 0.8, 0.5), (("deep", "wide"), 6.0, 0.85, 0.35)
    )
    plan = Plan(family, None, 3)
    assert plan.order == ("wide", "deep")
    assert plan.best_of({"wide": X}) == ("wide",)
    assert plan.best_of({"wide": X, "deep": X}) == ("deep",)  # more accurate than both together
    assert family.predict(X, deadline_ms=LONG).members == ("deep",)
    assert Plan(family, None, 10**6).order == ("wide", "deep")  # of no size that was measured: the largest stands in

    family.frontier = measured(
        (("deep",), 1.0, 0.9, 0.3), (("wide",), 1.0, 0.8, 0.5), (("deep", "wide"), 2.0, 0.85, 0.35)
    )
    assert Plan(family, None, 3).order == ("deep",)  # nothing makes it better
    assert Plan(family, ["wide", "deep"], 3).order == ("deep", "wide")
    assert Plan(family, ["wide"], 3).order == ("wide",)
    assert family.predict(X, deadline_ms=LONG, members=["wide"]).members == ("wide",)


def test_without_a_frontier_cheap_members_run_first(family: Mini) -> None:
    sizes = family.weights_alone
    assert Plan(family, None, 3).order == tuple(sorted(sizes, key=lambda name: sizes[name]))
    for name, seconds in (("deep", 0.5), ("wide", 0.2)):
        family.timings.took(name, 3, seconds)
    assert Plan(family, None, 3).order == ("wide", "deep")
    family.timings._note("deep", 3, 0.1, done=True)
    assert Plan(family, None, 3).order == ("deep", "wide")


def call_for(family: Mini, due: float) -> deadline.PendingAnswer:
    plan = Plan(family, ["deep", "wide"], 3)
    context = deadline.Context(X)
    return deadline.PendingAnswer(plan, lambda _: X, lambda logits: logits[0], context, family.timings, due, 1)


def test_members_that_cannot_be_done_in_time_are_not_run_unless_there_is_nothing_else(
    family: Mini, clock: list[float]
) -> None:
    assert clock  # estimates stay what they are
    family.timings.took("deep", 3, 1.0)
    family.timings.took("wide", 3, 2.0)
    assert [call_for(family, due=2.0).take(now) for now in (0.0, 0.9, 1.5, 1.99)] == ["deep", "deep", "deep", "deep"]

    call = call_for(family, due=2.5)
    assert call.take(0.0) == "deep"
    call.run("deep")
    family.timings._note("deep", 3, 1.0, done=True)
    family.timings._note("wide", 3, 2.0, done=True)
    assert call.take(1.0) is None  # wide would take until 3.0
    assert not call.more()
    assert not call.finished.is_set()
    call.done()
    assert call.finished.is_set()  # and nobody waits until 2.5

    call = call_for(family, due=3.5)
    call.take(0.0)
    call.run("deep")
    family.timings._note("deep", 3, 1.0, done=True)
    family.timings._note("wide", 3, 2.0, done=True)
    assert call.take(1.0) == "wide"


def test_how_many_members_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "processors", lambda: 8)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert deadline._at_once(X, [None, 0.1]) == 2
    assert deadline._at_once(X, [None, 0.001]) == 1  # short ones only get in each other's way
    monkeypatch.setattr(torch, "get_num_threads", lambda: 16)
    assert deadline._at_once(X, [None]) == 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock of the estimates that shows what its only item says."""
    now = [100.0]
    monkeypatch.setattr(timings, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    return now


def test_what_members_take_is_learned(clock: list[float]) -> None:
    learned = Timings()
    assert learned.expected("deep", 4) is None
    learned.took("deep", 4, 1.0)
    learned.took("deep", 4, 2.0)
    assert learned.expected("deep", 4) == pytest.approx(1.1)  # hopeful
    assert learned.expected("deep", 7) == pytest.approx(1.1)  # of that order of batch sizes
    assert learned.expected("deep", 8) is None
    learned.took("deep", 4, 0.5)
    assert learned.expected("deep", 4) == pytest.approx(0.8)
    learned.given_up("deep", 4, 0.1)  # says nothing new
    assert learned.expected("deep", 4) == pytest.approx(0.8)
    learned.given_up("deep", 4, 1.8)
    assert learned.expected("deep", 4) == pytest.approx(0.9)
    clock[0] += 10.0
    assert learned.expected("deep", 4) == pytest.approx(0.45)  # tried again one day
    learned.given_up("deep", 4, 0.5)
    assert learned.expected("deep", 4) == pytest.approx(0.9)  # in vain


def test_what_is_at_work_for_nobody_any_more_shows_what_members_take(clock: list[float]) -> None:
    class Call:
        due = 103.0
        cancelled = False

    learned, call = Timings(), Call()
    learned.took("deep", 4, 1.0)
    with learned.running("deep", 4, call):  # type: ignore[arg-type]  # all that it looks at
        clock[0] = 102.9
        assert learned.expected("deep", 4) < 1.0  # type: ignore[operator]  # its caller still waits
        assert not learned.stuck("deep")
        clock[0] = 105.0
        assert learned.expected("deep", 4) == pytest.approx(1.1 * 5.0)
        assert learned.expected("deep", 16) == pytest.approx(1.1 * 5.0)  # larger ones take no less
        assert learned.expected("deep", 1) is None
        assert learned.expected("wide", 4) is None
        assert (learned.stuck("deep"), learned.stuck("wide")) == (True, False)
    assert not learned.stuck("deep")
    assert learned.expected("deep", 4) < 1.0  # type: ignore[operator]  # what it took is for ``took`` to say


def test_a_member_that_was_never_done_does_not_keep_others_from_being_done(clock: list[float]) -> None:
    learned = Timings()
    learned.given_up("deep", 4, 1.0)
    assert learned.expected("deep", 4) == pytest.approx(1.1)  # not again with as much time
    learned.given_up("deep", 4, 0.2)
    assert learned.expected("deep", 4) == pytest.approx(1.1)
    clock[0] += 20.0
    assert learned.expected("deep", 4) == pytest.approx(0.275)
    learned.took("deep", 4, 3.0)
    assert learned.expected("deep", 4) == pytest.approx(3.0)  # known now


def test_the_reserve_follows_how_late_answers_were() -> None:
    reserve = Reserve()
    assert reserve.seconds(1.0) == pytest.approx(0.05)
    assert reserve.seconds(0.002) == pytest.approx(0.0005)
    assert reserve.seconds(0.0006) == pytest.approx(0.0003)
    for _ in range(100):
        reserve.late(0.0001)
    assert reserve.seconds(1.0) == pytest.approx(0.0005)
    reserve.late(0.004)
    reserve.late(0.0002)
    assert reserve.seconds(1.0) == pytest.approx(0.004)
    assert reserve.seconds(0.006) == pytest.approx(0.003)  # never more than half
    for _ in range(200):
        reserve.late(0.0001)
    assert reserve.seconds(1.0) == pytest.approx(0.0005)
