"""What the commands that run networks have in common: data, device and where results go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from swc.family import Family as SpecFamily
    from swc_runtime import Family
    from swc_runtime.datasets import Alpha, Dataset
    from swc_runtime.progress import Reporter
    from swc_runtime.training import TrainOptions

DATA_FOLDER = Path("data")
"""Where data sets lie unless somebody says otherwise."""


@frozen
class DataChoice:
    """A data set by name, and how it is read.

    Attributes:
        name: what ``--data`` says.
        folder: where data sets lie.
        download: fetch a missing one.
        workers: processes that read images.
        alpha: what transparent pixels lie on: ``white``, ``black``, or ``refuse`` them.
        skip_unreadable: leave out images that cannot be read.
        allow_missing_classes: take classes that have no images in one half.
        reporter: who is told while images are checked.
    """

    name: str
    folder: Path
    download: bool = False
    workers: int = 2
    alpha: Alpha = "white"
    skip_unreadable: bool = False
    allow_missing_classes: bool = False
    reporter: Reporter | None = field(default=None, eq=False, repr=False)
    _loaded: dict[tuple[tuple[int, int, int], int], Dataset] = field(factory=dict, init=False, eq=False, repr=False)

    def arguments(self) -> list[str]:
        """The options that a command on the same data needs."""
        return [
            *("--data", self.name),
            *(("--data-dir", str(self.folder)) if self.folder != DATA_FOLDER else ()),
            *(("--alpha", self.alpha) if self.alpha != "white" else ()),
            *(("--skip-unreadable",) if self.skip_unreadable else ()),
            *(("--allow-missing-classes",) if self.allow_missing_classes else ()),
        ]

    def load(self, family: type[Family] | Family | SpecFamily) -> Dataset:
        """The data set for a family, built or only compiled; read and checked once, however often it is asked for.

        Raises:
            DataError: it is unknown, missing, damaged or does not fit the family.
        """
        from swc_runtime.datasets import load  # noqa: PLC0415 - torch is loaded for running, not for compiling

        key = (family.input, family.classes)
        if key not in self._loaded:
            self._loaded[key] = load(
                self.name,
                self.folder,
                input=family.input,
                classes=family.classes,
                download=self.download,
                workers=self.workers,
                alpha=self.alpha,
                skip_unreadable=self.skip_unreadable,
                allow_missing_classes=self.allow_missing_classes,
                reporter=self.reporter,
            )
        return self._loaded[key]


@frozen
class Run:
    """One run: its data, the runtime's options, and who tells the person."""

    data: DataChoice
    options: TrainOptions
    reporter: Reporter
