"""What a run needs, got and checked before its first file is written: options, data, device, a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from swc.family import Family as SpecFamily
from swc.pipeline.settings import Run

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from swc_runtime import Family
    from swc_runtime.datasets import Dataset


@frozen(eq=False)
class Ready:
    """The data set, with its validation images held out, and the device (and the processes) to train on."""

    data: Dataset
    fabric: Fabric


def leads() -> bool:
    """Whether this process speaks for all: on several devices, each runs the same command in a process of its own."""
    return int(os.environ.get("LOCAL_RANK", "0")) == 0 and int(os.environ.get("NODE_RANK", "0")) == 0


def make_ready(run: Run, family: type[Family] | SpecFamily, parameters: int, folder: Path | None = None) -> Ready:
    """Get what a run needs; nothing is written.

    Args:
        run: what was asked for.
        family: says which images it takes, and how many classes it tells apart.
        parameters: how many it has.
        folder: that the run will keep its results in, if it may not replace another one there.

    Raises:
        RuntimeProblem: an option makes no sense, the folder holds another run, the family does not fit into memory, the
            data are missing or do not fit, or the device cannot be had.
    """
    from swc_runtime.training import check_free, check_options, held_out, open_fabric  # noqa: PLC0415 - torch is slow

    options = run.options
    check_options(options)
    if folder is not None and leads() and not options.resume and not options.fresh:
        check_free(folder)
    _check_room(run, family, parameters)
    data = held_out(run.data.load(family), options.val)
    return Ready(data, open_fabric(options))


def _check_room(run: Run, family: type[Family] | SpecFamily, parameters: int) -> None:
    """See that a family can be trained in the main memory that is free; an accelerator has the rest in its own."""
    import torch  # noqa: PLC0415 - see make_ready

    from swc_runtime.room import check_room  # noqa: PLC0415

    name = family.name if isinstance(family, SpecFamily) else family.plan.family
    in_main_memory = run.options.accelerator == "cpu" or not torch.accelerator.is_available()
    check_room(name, parameters, (3 if family.recipe.optimizer.momentum else 2) if in_main_memory else 1)


@contextmanager
def held(folder: Path, ready: Ready) -> Iterator[None]:
    """Keep every other run out of a folder while the context lasts.

    Raises:
        TrainingError: another run has it, or it cannot be written; in every process.
    """
    from swc_runtime.training import end_others, led, occupied  # noqa: PLC0415 - see make_ready

    with ExitStack() as stack:
        led(ready.fabric, lambda: stack.enter_context(occupied(folder)))
        try:
            yield
        except BaseException:
            end_others(ready.fabric)
            raise
