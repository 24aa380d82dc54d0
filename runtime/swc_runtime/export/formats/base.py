"""What an output format is: one object in one file of this folder, entered in ``FORMATS``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from torch import Tensor

from swc_runtime.export.subject import Subject

Network = Callable[[Tensor], Tensor]
"""An artefact at work: images (B, C, H, W) as the subject takes them to answers (B, classes), on the CPU."""


class Format(Protocol):
    """A way to write a subject to files, and to run what was written."""

    @property
    def name(self) -> str:
        """What people ask for."""

    def check(self) -> None:
        """See that what the format needs is installed.

        Raises:
            ModuleNotFoundError: a package is missing.
        """

    def files(self, subject: Subject) -> tuple[str, ...]:
        """The names of the files that it writes, the one to be loaded first."""

    def write(self, subject: Subject, folder: Path) -> None:
        """Write the files into a folder.

        Raises:
            ExportError: the subject cannot be written in this way.
        """

    def load(self, subject: Subject, folder: Path) -> Network:
        """Read the files back, as somebody would who has nothing else."""

    def versions(self) -> Mapping[str, str]:
        """The packages, beside torch, that wrote the files."""
