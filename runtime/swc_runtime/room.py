"""Whether a family fits into memory: asked before anything is written, and told in a sentence where it is built."""

from __future__ import annotations

from swc_runtime.family import Family
from swc_runtime.footprint import available
from swc_runtime.memory import is_out_of_memory
from swc_runtime.problems import RuntimeProblem

_BYTES = 4
"""Of a parameter."""

_KEPT = {1: "", 2: ", each with its gradient", 3: ", each with its gradient and momentum"}


class FamilyMemoryError(RuntimeProblem, MemoryError):
    """There is not enough main memory for a family."""


def check_room(name: str, parameters: int, copies: int = 1) -> None:
    """See that a family's parameters fit into the main memory that is free, where the system tells how much that is.

    Args:
        name: the family's.
        parameters: how many it has.
        copies: 1 for the parameters alone, 2 with gradients, 3 with momentum as well.

    Raises:
        FamilyMemoryError: they do not.
    """
    free, need = available(), _BYTES * parameters * copies
    if free is not None and need > free:
        raise FamilyMemoryError(
            f"{name} does not fit into memory: its {parameters:,} parameters ({_BYTES} bytes{_KEPT[copies]}) take "
            f"{_size(need)}, and {_size(free)} are free. {_REMEDY}"
        )


def built(family_class: type[Family]) -> Family:
    """A family of a class, freshly initialised.

    Raises:
        FamilyMemoryError: it does not fit into memory.
        PlanError: its plan and architectures do not fit together.
    """
    plan = family_class.plan
    check_room(plan.family, plan.parameters)
    try:
        return family_class()
    except (RuntimeError, MemoryError) as problem:
        if not is_out_of_memory(problem):
            raise
        raise FamilyMemoryError(
            f"{plan.family} does not fit into memory: building its {plan.parameters:,} parameters ran out of it. "
            f"{_REMEDY}"
        ) from problem


_REMEDY = "Lower the budget, take smaller members, or run where there is more memory."


def _size(count: int) -> str:
    return f"{count / 2**30:,.1f} GiB" if count >= 2**30 else f"{count / 2**20:,.1f} MiB"
