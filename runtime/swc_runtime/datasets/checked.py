"""What reading every image once has found."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from swc_runtime.datasets.normalisation import Moments

TOLD = 20
"""Images that cannot be used are told with their reasons, up to so many."""


@dataclass(frozen=True)
class Found:
    """What a process found in a few images of the source ``part``."""

    part: str
    digests: dict[int, bytes]
    labels: dict[int, int]
    problems: list[tuple[int, str]]
    pixels: int
    sums: list[list[int]]
    highest: int = 0


@dataclass
class Checked:
    """What was found in one source: by index what is readable, its digest and label; sums over its pixels."""

    digests: dict[int, bytes] = field(default_factory=dict)
    labels: dict[int, int] = field(default_factory=dict)
    unreadable: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    moments: Moments = field(default_factory=Moments)

    def take(self, found: Found) -> None:
        """Add what was found in a batch."""
        self.digests.update(found.digests)
        self.labels.update(found.labels)
        self.unreadable += [index for index, _ in found.problems]
        self.problems += [text for _, text in found.problems][: TOLD - len(self.problems)]
        self.moments.add_sums(found.pixels, torch.tensor(found.sums), found.highest)
