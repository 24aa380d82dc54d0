"""What a person sees while the machine works: bars with the phase's name and ETA, plain lines, or nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as EtaColumn

_BRIEF = frozenset({"val"})
"""Phases that come too often for a line at the end of each."""


class Phase(Protocol):
    """A stretch of work of a known number of steps."""

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Some steps are done; ``note`` (kept when empty) says how things stand."""

    def milestone(self, text: str) -> None:
        """Something worth a line where there are no bars, such as the end of an epoch."""


class Reporter(Protocol):
    """Where phases are shown."""

    def phase(self, name: str, steps: int) -> AbstractContextManager[Phase]:
        """Open a phase (``search``, ``train``, ``val``, ``evaluate``, …) of ``steps`` steps; phases may nest.

        ``val`` comes after every epoch: it has a bar while it lasts, and no line of its own.
        """

    def say(self, text: str) -> None:
        """One line for the reader."""


class Silent:
    """Shows nothing: quiet runs, and all processes but the first."""

    @contextmanager
    def phase(self, name: str, steps: int) -> Iterator[Phase]:  # noqa: ARG002 - nothing is shown
        """A phase that nobody sees."""
        yield self

    def say(self, text: str) -> None:
        """Say nothing."""

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Show nothing."""

    def milestone(self, text: str) -> None:
        """Show nothing."""


class Lines:
    """One line per milestone, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def phase(self, name: str, steps: int) -> Iterator[Phase]:
        """A phase that writes a line per milestone, and one at its end if it had none."""
        phase = _LinesPhase(self, name, steps)
        yield phase
        if name not in _BRIEF:
            phase.close()

    def say(self, text: str) -> None:
        """Write a line."""
        self._console.print(escape(text), highlight=False, soft_wrap=True)


class _LinesPhase:
    def __init__(self, lines: Lines, name: str, steps: int) -> None:
        self._lines, self._name, self._steps = lines, name, steps
        self._done, self._began, self._spoke = 0, time.monotonic(), False

    def advance(self, steps: int = 1, note: str = "") -> None:  # noqa: ARG002 - notes are for bars
        self._done += steps

    def milestone(self, text: str) -> None:
        self._spoke = True
        took = time.monotonic() - self._began
        left = took * (self._steps - self._done) / max(1, self._done)
        self._lines.say(f"{self._name:<9} {text}  ({duration(took)}, {duration(left)} to go)")

    def close(self) -> None:
        if not self._spoke:
            self._lines.say(f"{self._name:<9} done in {duration(time.monotonic() - self._began)}")


class Bars:
    """Live progress bars on a terminal; a nested phase has a bar of its own while it lasts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars: Progress | None = None

    @contextmanager
    def phase(self, name: str, steps: int) -> Iterator[Phase]:
        """A phase with a bar; the bar of an outermost phase stays when it ends."""
        outermost = self._bars is None
        if self._bars is None:
            self._bars = _progress(self._console)
            self._bars.start()
        bars = self._bars
        task = bars.add_task(name, total=steps, note="")
        try:
            yield _BarsPhase(bars, task)
        finally:
            if outermost:
                bars.stop()
                self._bars = None
            else:
                bars.remove_task(task)

    def say(self, text: str) -> None:
        """Write a line above the bars."""
        self._console.print(escape(text), highlight=False)


class _BarsPhase:
    def __init__(self, bars: Progress, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def advance(self, steps: int = 1, note: str = "") -> None:
        if note:
            self._bars.update(self._task, advance=steps, note=escape(note))
        else:
            self._bars.update(self._task, advance=steps)

    def milestone(self, text: str) -> None:
        self._bars.update(self._task, note=escape(text))


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("[bold]{task.description:<9}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        EtaColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
    )


def reporter(console: Console | None = None, *, quiet: bool = False) -> Reporter:
    """Bars on a terminal, lines elsewhere, nothing when ``quiet``; standard error unless a console is given."""
    if quiet:
        return Silent()
    console = console or Console(stderr=True)
    return Bars(console) if console.is_terminal else Lines(console)


def duration(seconds: float) -> str:
    """``7 s``, ``3 min 20 s`` or ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
