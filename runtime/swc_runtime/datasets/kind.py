"""What a kind of data set is: its name, a line about it, and how it is loaded. Each has one file in ``kinds``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from swc_runtime.datasets.dataset import Dataset
from swc_runtime.datasets.images import Alpha
from swc_runtime.problems import DataError
from swc_runtime.progress import Reporter, Silent


@dataclass(frozen=True)
class Request:
    """What is asked of a kind of data set.

    Attributes:
        argument: what stands behind ``imagefolder:`` and its like.
        root: the folder that data sets lie in; it may be read-only.
        input: the family's (channels, height, width).
        classes: the family's number of classes.
        download: fetch a missing data set into ``root``; never without being asked.
        workers: processes that read images.
        alpha: what transparent pixels lie on where the family takes no alpha, or ``refuse``.
        skip_unreadable: leave files out that cannot be read, instead of refusing the data set.
        allow_missing_classes: take classes that have no images in one half.
        reporter: shows the phase ``check``, and says what a person should know.
    """

    argument: str
    root: Path
    input: tuple[int, int, int]
    classes: int
    download: bool = False
    workers: int = 2
    alpha: Alpha = "white"
    skip_unreadable: bool = False
    allow_missing_classes: bool = False
    reporter: Reporter = field(default_factory=Silent)

    def check_fit(self, name: str, input: tuple[int, int, int], classes: int) -> None:  # noqa: A002 - the spec's word
        """Check that images of a shape and a number of classes are what the family takes.

        Raises:
            DataError: they are not; says what to write in the spec.
        """
        told, write = [], []
        if input != self.input:
            told.append(f"has images of {_image(input)}, the family takes {_image(self.input)}")
            write.append(f"`input image{input}`")
        if classes != self.classes:
            told.append(f"has {classes} classes, the family tells {self.classes} apart")
            write.append(f"`output classes({classes})`")
        if told:
            raise DataError(
                f"{name} {', and '.join(told)}: write {' and '.join(write)} in the spec, or choose another data set."
            )


def numbered_classes(used: int, request: Request, name: str) -> tuple[str, ...]:
    """Names of classes that have none, their numbers, when labels are below ``used``.

    Classes at the end may be ones without images, where such are allowed: the family knows how many there are.

    Raises:
        DataError: the family tells another number of classes apart.
    """
    count = max(used, request.classes) if request.allow_missing_classes else used
    request.check_fit(name, request.input, count)
    return tuple(map(str, range(count)))


@dataclass(frozen=True)
class DataKind:
    """A kind of data set, registered by standing in ``KINDS`` of a module in ``kinds``.

    Name, line and argument are written as plain texts in the call: ``swc train --help`` reads them from the source,
    without loading torch.

    Attributes:
        name: what ``--data`` says.
        about: one line for people.
        load: finds the data, and checks them against the family.
        argument: what follows the name and a colon, such as ``PATH``; empty if nothing does.
    """

    name: str
    about: str
    load: Callable[[Request], Dataset]
    argument: str = ""

    @property
    def usage(self) -> str:
        """What to write: ``digits``, ``imagefolder:PATH``."""
        return f"{self.name}:{self.argument}" if self.argument else self.name


def _image(shape: tuple[int, int, int]) -> str:
    channels, height, width = shape
    return f"{channels} channel{'s' if channels != 1 else ''} and {height}×{width} pixels"
