"""A reporter that keeps what people are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Told:
    """Keeps phases with their steps, how far each came, and every line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.phases: list[tuple[str, int]] = []
        self.done = 0

    @contextmanager
    def phase(self, name: str, steps: int) -> Iterator[Told]:
        self.phases.append((name, steps))
        self.done = 0
        yield self

    def say(self, text: str) -> None:
        self.lines.append(text)

    def advance(self, steps: int = 1, note: str = "") -> None:  # noqa: ARG002 - nobody looks at it
        self.done += steps

    def milestone(self, text: str) -> None:
        self.lines.append(text)
