"""Several processes of one training: one acts, and all go on, or stop, together."""

from __future__ import annotations

from collections.abc import Callable

from lightning_fabric import Fabric

from swc_runtime.problems import RuntimeProblem


def end_others(fabric: Fabric) -> None:
    """End the processes that this one has started: they would wait for it for ever."""
    for process in getattr(fabric.strategy.launcher, "procs", ()):
        process.kill()


def led(fabric: Fabric, act: Callable[[], object]) -> None:
    """Let the first process act while the others wait.

    Raises:
        RuntimeProblem: what the first process met; in every process, so that none waits for one that has stopped.
    """
    problem: RuntimeProblem | None = None
    if fabric.is_global_zero:
        try:
            act()
        except RuntimeProblem as found:
            problem = found
    if fabric.world_size > 1:
        problem = fabric.broadcast(problem)
    if problem is not None:
        raise problem
