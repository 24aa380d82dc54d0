"""What ``predict`` says of images and arguments that are not as it takes them; what it makes of borderline ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import pytest
import torch
from handmade import Mini
from torch import Tensor

from swc_runtime import Frontier, FrontierPoint
from swc_runtime.memory import BatchMemoryError


@pytest.fixture(scope="module")
def family() -> Mini:
    torch.manual_seed(0)
    return Mini().eval()  # type: ignore[no-any-return]


Ask = Callable[[object], object]


@pytest.fixture(params=["members", "deadline_ms"])
def ask(request: pytest.FixtureRequest, family: Mini) -> Ask:
    """Both ways of predicting."""
    if request.param == "members":
        return family.predict  # type: ignore[return-value]
    return lambda x: family.predict(x, deadline_ms=60_000.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((1, 1, 8, 8)), r"a tensor of images \(batch, 1, 8, 8\), not ndarray: make one \(torch.from_numpy"),
        ([torch.zeros(1, 8, 8)], r"not list: make one \(torch.stack"),
        (None, "not NoneType"),
        (torch.zeros(1, 8, 8), r"not \(1, 8, 8\): a single image needs a batch dimension \(x\[None\]\)"),
        (torch.zeros(2, 8, 8, 1), r"not \(2, 8, 8, 1\): channels come first \(x.permute\(0, 3, 1, 2\)\)"),
        (torch.zeros(2, 1, 9, 8), r"not \(2, 1, 9, 8\): resize them to 8×8"),
        (torch.zeros(2, 3, 8, 8), r"images \(batch, 1, 8, 8\), not \(2, 3, 8, 8\)$"),
        (torch.zeros(2, 1, 8, 8).to_sparse(), r"not one of layout sparse_coo: convert it \(.to_dense"),
        (torch.zeros(2, 1, 8, 8).to_mkldnn(), r"convert it \(.to_dense"),
        (
            torch.nested.nested_tensor([torch.zeros(1, 8, 8)], layout=torch.jagged),
            r"ordinary tensor of images .*, not a nested one: convert it \(torch.nested.to_padded_tensor",
        ),
        (torch.zeros(8, 8), r"not \(8, 8\)$"),
        (torch.zeros(()), r"not \(\)$"),
        (torch.zeros(2, 1, 8, 8, dtype=torch.uint8), r"not uint8: normalise them first as in training, Normalisation"),
        (torch.zeros(2, 1, 8, 8, dtype=torch.int64), "floating-point type, not int64"),
        (torch.zeros(2, 1, 8, 8, dtype=torch.bool), "floating-point type, not bool"),
        (torch.zeros(2, 1, 8, 8, dtype=torch.complex64), "floating-point type, not complex64"),
        (
            torch.zeros(2, 1, 8, 8).double(),
            r"images are float64 and the family's parameters float32.*\.to\(torch.float32",
        ),
        (torch.zeros(2, 1, 8, 8).half(), "images are float16"),
        (torch.zeros(2, 1, 8, 8, device="meta"), "images are on meta and the family on cpu"),
    ],
)
def test_other_images_are_refused_in_a_sentence(ask: Ask, x: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ask(x)


def test_no_images_are_answered_by_no_probabilities(family: Mini) -> None:
    nothing = torch.zeros(0, 1, 8, 8)
    assert family.predict(nothing).shape == (0, 10)
    assert family.predict(nothing.bfloat16()).dtype == torch.float32
    timely = family.predict(nothing, deadline_ms=5.0)
    assert timely.probabilities.shape == (0, 10)
    assert timely.members == ()


def test_autocast_decides_about_types(family: Mini) -> None:
    x = torch.randn(2, 1, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        half = family.predict(x.bfloat16())
        torch.testing.assert_close(family.predict(x.bfloat16(), deadline_ms=60_000.0).probabilities, half)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, family.predict(x), atol=0.05, rtol=0.2)


def frontier() -> Frontier:
    return Frontier(
        "cpu", 1, 1, "val", tuple("0123456789"), (FrontierPoint(("wide",), 8, 1.0, 2.0, 4.0, 0.8, 0.5, 0.1),)
    )


@pytest.fixture
def measured(family: Mini) -> Iterator[Mini]:
    family.frontier = frontier()
    yield family
    family.frontier = None


@pytest.mark.parametrize("argument", ["deadline_ms", "budget_ms"])
@pytest.mark.parametrize("time", [math.nan, np.float32("nan"), "5", True, np.True_, [5], 5j, torch.tensor(5.0)])
def test_times_that_are_none(measured: Mini, argument: str, time: object) -> None:
    with pytest.raises(ValueError, match=f"{argument} is a time in milliseconds, not"):
        measured.predict(torch.zeros(1, 1, 8, 8), **{argument: time})  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "time", [60_000, 10**400, Fraction(120_001, 2), np.float32(60_000), np.int64(60_000), math.inf]
)
def test_times_of_all_types_of_numbers(measured: Mini, time: float) -> None:
    x = torch.zeros(1, 1, 8, 8)
    expected = family_of_one(measured, x)
    assert torch.equal(measured.predict(x, budget_ms=time), expected)
    assert torch.equal(measured.predict(x, deadline_ms=time).probabilities, expected)


def family_of_one(family: Mini, x: Tensor) -> Tensor:
    """By the only member that was measured."""
    return family.predict(x, members=["wide"])  # type: ignore[no-any-return]


def test_times_that_have_passed(measured: Mini) -> None:
    x = torch.zeros(1, 1, 8, 8)
    for passed in (0, -5, -(10**400), np.float32(-1)):
        assert measured.predict(x, deadline_ms=passed).members == ()
        with pytest.raises(ValueError, match=r"budget_ms is a time in milliseconds, more than 0, not (0|-.*)"):
            measured.predict(x, budget_ms=passed)


def test_a_percentile_goes_with_a_budget(measured: Mini) -> None:
    x = torch.zeros(1, 1, 8, 8)
    for arguments in ({}, {"members": ["wide"]}, {"deadline_ms": 5.0}):
        for percentile in (95, 90):
            with pytest.raises(ValueError, match="percentile goes with budget_ms"):
                measured.predict(x, percentile=percentile, **arguments)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="at the percentiles 50, 95 and 99, not 90"):
        measured.predict(x, budget_ms=5.0, percentile=90)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match=r"within 1.5 ms on cpu: .* takes 2 ms in 95% of all calls"):
        measured.predict(x, budget_ms=1.5)


def test_a_budget_and_a_deadline_contradict_each_other(family: Mini) -> None:
    with pytest.raises(ValueError, match="either budget_ms or deadline_ms"):
        family.predict(torch.zeros(1, 1, 8, 8), budget_ms=5.0, deadline_ms=5.0)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="no member 'slim'"):
        family.predict(torch.zeros(1, 1, 8, 8), members=["slim"], deadline_ms=5.0)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_a_batch_that_does_not_fit_into_memory(family: Mini, ask: Ask, error: Exception) -> None:
    def fail(_: object, inputs: tuple[Tensor]) -> None:
        if len(inputs[0]) > 1000:
            raise error

    hook = family.members["deep"].register_forward_pre_hook(fail)
    try:
        with pytest.raises(BatchMemoryError, match=r"A batch of 1,001 takes more memory than cpu has free: predict in"):
            ask(torch.zeros(1001, 1, 8, 8))
        ask(torch.zeros(10, 1, 8, 8))
    finally:
        hook.remove()


def test_what_members_raise_for_other_reasons_is_raised(family: Mini, ask: Ask) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the roof is on fire")

    hook = family.members["wide"].register_forward_pre_hook(fail)
    try:
        with pytest.raises(RuntimeError, match="the roof is on fire"):
            ask(torch.zeros(1, 1, 8, 8))
    finally:
        hook.remove()
