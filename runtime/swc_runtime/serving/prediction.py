"""Prediction: class probabilities averaged over members that are named, chosen for a budget, or done by a deadline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from swc_runtime.cancellation import AtEveryOperation
from swc_runtime.evaluating import Modes, evaluation_view
from swc_runtime.footprint import available, bytes_per_example
from swc_runtime.memory import too_large
from swc_runtime.serving.arguments import milliseconds
from swc_runtime.serving.deadline import Timely, answer_in_time
from swc_runtime.serving.frontier import Percentile
from swc_runtime.serving.inputs import check_images, check_placement, explained

if TYPE_CHECKING:
    from swc_runtime.family import Family

_LARGE = 2**26
"""Bytes of images from which on a batch is looked at before it runs."""


def predict(
    family: Family,
    x: Tensor,
    members: Sequence[str] | None,
    budget_ms: float | None,
    deadline_ms: float | None,
    percentile: Percentile | None,
) -> Tensor | Timely:
    """See ``Family.predict``."""
    recording = torch.is_grad_enabled()
    torch._C._set_grad_enabled(False)  # noqa: FBT003, SLF001 - what torch.no_grad() does, in a third of the time
    try:
        return _predicted(family, x, members, budget_ms, deadline_ms, percentile)
    finally:
        torch._C._set_grad_enabled(recording)  # noqa: SLF001


def _predicted(
    family: Family,
    x: Tensor,
    members: Sequence[str] | None,
    budget_ms: float | None,
    deadline_ms: float | None,
    percentile: Percentile | None,
) -> Tensor | Timely:
    if percentile is not None and budget_ms is None:
        raise ValueError("percentile goes with budget_ms: it says in what part of all calls the budget is to be kept")
    if deadline_ms is not None:
        began = time.perf_counter()
        check_images(family, x)
        if budget_ms is not None:
            raise ValueError("predict takes either budget_ms or deadline_ms, not both")
        return _in_time(family, x, members, max(0.0, milliseconds("deadline_ms", deadline_ms)), began)
    check_images(family, x)
    if budget_ms is not None:
        if members is not None:
            raise ValueError("predict takes either members or budget_ms, not both")
        if family.frontier is None:
            raise ValueError("budget_ms needs a measured frontier: measure it on this machine (swc anytime) first")
        members = family.frontier.choose(len(x), budget_ms, 95 if percentile is None else percentile)
    names = family.chosen(members)
    if not len(x):
        return _nothing(family, x)
    try:
        if len(names) == 1:
            return probabilities(_logits(family, names[0], x))
        with family.bank.step():
            return average(torch.stack([_logits(family, name, x) for name in names]))
    except (RuntimeError, MemoryError) as error:
        raise explained(family, x, error) from None


def _in_time(family: Family, x: Tensor, members: Sequence[str] | None, deadline_ms: float, began: float) -> Timely:
    names = None if members is None else family.chosen(members)
    check_placement(family, x)  # here, since what is wrong might only show when time is up
    if not len(x):
        return Timely(_nothing(family, x), ())
    try:
        return answer_in_time(
            family, x, names, deadline_ms, began, lambda name: _stoppable_logits(family, name, x), average
        )
    except (RuntimeError, MemoryError) as error:
        raise explained(family, x, error) from None


def _logits(family: Family, member: str, x: Tensor) -> Tensor:
    if x.nbytes > _LARGE and x.device.type == "cpu":
        _check_memory(family, member, x)
    module, modes = family.members[member], family.bank.composer.modes
    seen = modes.get(member)
    if seen is None or seen.module is not module or not seen.in_evaluation():
        view = evaluation_view(module)
        if view is module:
            modes[member] = Modes(module)
        module = view
    logits: Tensor = module(x)
    return logits


def _check_memory(family: Family, member: str, x: Tensor) -> None:
    """Refuse a batch that cannot fit into main memory: the system would end the program instead (``footprint``)."""
    if member not in family.footprints:
        family.footprints[member] = bytes_per_example(evaluation_view(family.members[member]), x)
    free = available()
    if free is not None and len(x) * family.footprints[member] > free:
        raise too_large(len(x), x.device, "predict in smaller batches")


def _stoppable_logits(family: Family, member: str, x: Tensor) -> Tensor:
    """As ``_logits``, such that it can be given up on the way also where no layer is shared."""
    if member in family.sharing or hasattr(family.members[member], "_orig_mod"):  # compiled code has no such places
        return _logits(family, member, x)
    with AtEveryOperation():
        return _logits(family, member, x)


def _nothing(family: Family, x: Tensor) -> Tensor:
    """The probabilities of no images, (0, classes)."""
    return x.new_zeros((0, family.classes), dtype=torch.promote_types(x.dtype, torch.float32))


def probabilities(logits: Tensor) -> Tensor:
    """The softmax of ``logits`` (..., classes)."""
    if logits.dtype == torch.float32:
        return logits.softmax(-1)
    dtype = torch.promote_types(logits.dtype, torch.float32)  # half precision is too coarse to average in
    return logits.softmax(-1, dtype=dtype)


def average(logits: Tensor) -> Tensor:
    """The mean over members of the probabilities of ``logits`` (members, batch, classes): (batch, classes)."""
    return probabilities(logits).mean(0)
