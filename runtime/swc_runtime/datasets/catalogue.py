"""The data sets by name, and whether they fit a family."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from swc_runtime.datasets.cifar import load_cifar10, load_cifar100
from swc_runtime.datasets.dataset import Dataset
from swc_runtime.datasets.digits import load_digits
from swc_runtime.datasets.fashion_mnist import load_fashion_mnist
from swc_runtime.datasets.image_folder import load_image_folder
from swc_runtime.problems import DataError

_LOADERS: dict[str, Callable[[Path, bool], Dataset]] = {
    "digits": load_digits,
    "fashion-mnist": load_fashion_mnist,
    "cifar10": load_cifar10,
    "cifar100": load_cifar100,
}
_FOLDER = "imagefolder:"

NAMES = (*_LOADERS, f"{_FOLDER}PATH")
"""What ``load`` accepts; PATH stands for a folder with ``train`` and ``val`` (or ``test``) inside."""


def load(
    name: str,
    root: Path,
    *,
    input: tuple[int, int, int],  # noqa: A002 - the spec's own word
    classes: int,
    download: bool = False,
    workers: int = 2,
) -> Dataset:
    """Find a data set and check that it fits a family.

    Args:
        name: one of ``NAMES``.
        root: the folder that data sets lie in (it may be read-only).
        input: the family's (channels, height, width).
        classes: the family's number of classes.
        download: fetch a missing data set into ``root``; never without being asked.
        workers: processes that read image files (image folders only).

    Raises:
        DataError: unknown name, missing or damaged files, or a data set that does not fit the family.
    """
    if name.startswith(_FOLDER):
        data = load_image_folder(Path(name.removeprefix(_FOLDER)), input, workers)
    elif name in _LOADERS:
        data = _LOADERS[name](root, download)
    else:
        raise DataError(f"There is no data set {name!r}{_meant(name)}: the choice is {', '.join(NAMES)}.")
    told, write = [], []
    if data.input != input:
        told.append(f"has images of {_image(data.input)}, the family takes {_image(input)}")
        write.append(f"`input image{data.input}`")
    if data.classes != classes:
        told.append(f"has {data.classes} classes, the family tells {classes} apart")
        write.append(f"`output classes({data.classes})`")
    if told:
        raise DataError(
            f"{name} {', and '.join(told)}: write {' and '.join(write)} in the spec, or choose another data set."
        )
    return data


def _meant(name: str) -> str:
    """The data set that a name is part of, if there is one (``mnist``, ``fashion``, ``digit``)."""
    found = [known for known in _LOADERS if name.lower() in known] if len(name) > 3 else []
    return f" (did you mean {found[0]}?)" if found else ""


def _image(shape: tuple[int, int, int]) -> str:
    channels, height, width = shape
    return f"{channels} channel{'s' if channels != 1 else ''} and {height}×{width} pixels"
