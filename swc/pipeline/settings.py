"""What the commands that run networks have in common: data, device and where results go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from swc_runtime import Family
    from swc_runtime.datasets import Dataset
    from swc_runtime.progress import Reporter
    from swc_runtime.training import TrainOptions


@frozen
class DataChoice:
    """A data set by name, the folder that data sets lie in, and whether a missing one may be downloaded."""

    name: str
    folder: Path
    download: bool = False
    workers: int = 2

    def load(self, family: type[Family] | Family) -> Dataset:
        """Load the data set for a family.

        Raises:
            DataError: it is unknown, missing or does not fit the family.
        """
        from swc_runtime.datasets import load  # noqa: PLC0415 - torch is loaded for running, not for compiling

        return load(
            self.name,
            self.folder,
            input=family.input,
            classes=family.classes,
            download=self.download,
            workers=self.workers,
        )


@frozen
class Run:
    """One run: its data, the runtime's options, and who tells the person."""

    data: DataChoice
    options: TrainOptions
    reporter: Reporter
