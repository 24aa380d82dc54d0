"""A step: the stretch of one thread's computation within which nothing is composed twice."""

from __future__ import annotations

import threading

import torch
from torch import Tensor


class Step:
    """What one thread has composed since it entered the outermost ``with`` block.

    Keys hold whether gradients were recorded: weights without a graph are not mistaken for weights with one.
    """

    def __init__(self, task: int = -1, outer: Step | None = None) -> None:
        """``task`` is the backward pass that the step is part of (activation checkpointing computes anew in one)."""
        self.task = task
        self.outer = outer
        self.depth = 0
        self.mixtures: dict[tuple[str, bool], tuple[Tensor, ...]] = {}
        self.weights: dict[tuple[int, bool], Tensor] = {}

    def forget(self) -> None:
        """Forget what was composed."""
        self.mixtures.clear()
        self.weights.clear()


class Steps:
    """The steps of a bank by thread: what one thread composes, it alone sees."""

    def __init__(self) -> None:
        self._by_thread: dict[int, Step] = {}
        self._traced = Step()  # torch.compile traces one function at a time, in whichever thread

    def current(self) -> Step | None:
        """The step that this thread is within, if any.

        A backward pass is not within the step that it was started in: graphs of that step may be gone by then.
        """
        if torch.compiler.is_compiling():
            return self._traced if self._traced.depth else None
        step = self._by_thread.get(threading.get_ident())
        return step if step is not None and step.task == _backward_pass() else None

    def begin(self) -> None:
        """Enter a step, or one more level of the one this thread is within."""
        if torch.compiler.is_compiling():
            self._traced.depth += 1
            return
        me, task = threading.get_ident(), _backward_pass()
        step = self._by_thread.get(me)
        if step is None or step.task != task:
            step = self._by_thread[me] = Step(task, step)
        step.depth += 1

    def end(self) -> None:
        """Leave one level; with the outermost one, everything that was composed is forgotten."""
        if torch.compiler.is_compiling():
            self._traced.depth -= 1
            if self._traced.depth == 0:
                self._traced.forget()
            return
        me = threading.get_ident()
        step = self._by_thread[me]
        step.depth -= 1
        if step.depth == 0:
            if step.outer is None:
                del self._by_thread[me]
            else:
                self._by_thread[me] = step.outer

    def forget(self) -> None:
        """Forget what this thread's step has composed."""
        step = self.current()
        if step is not None:
            step.forget()

    def __enter__(self) -> None:
        self.begin()

    def __exit__(self, *_: object) -> None:
        self.end()

    def __reduce__(self) -> tuple[type[Steps], tuple[()]]:
        return Steps, ()  # a copy of a bank starts outside of any step: what is composed belongs to another graph


def _backward_pass() -> int:
    """A number for the backward pass that this thread is computing, -1 outside of any."""
    return torch._C._current_graph_task_id()  # noqa: SLF001 - torch has no public name for it
