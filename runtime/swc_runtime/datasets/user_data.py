"""A person's own ``torch.utils.data.Dataset``, each image read once before the first epoch like those of files."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence, Sized
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from swc_runtime.datasets.checking import checked_dataset
from swc_runtime.datasets.classes import check_order
from swc_runtime.datasets.dataset import Dataset
from swc_runtime.datasets.images import Alpha, fitted, scaled_array
from swc_runtime.datasets.kind import Request
from swc_runtime.datasets.pictures import image_pixels
from swc_runtime.datasets.sources import Examined, Target
from swc_runtime.problems import DataError
from swc_runtime.progress import Reporter, Silent

_WANTED = (
    "an item is (image, label): the image a uint8 tensor (C, H, W), a float one from 0 to 1, or a PIL image, and the "
    "label a whole number"
)

_READ_TWICE = 64
"""Items of a part that are read twice: a flip of one image in 50 is found with more than 9 in 10 chances."""

_NO_LONGER = 2.0
"""Seconds after which no further item of a part is read twice."""


@dataclass(frozen=True)
class TorchSource:
    """The items of a map-style data set, called ``title`` in messages."""

    dataset: Any
    title: str
    target: Target
    classes: int

    def __len__(self) -> int:
        return len(self.dataset)

    def name(self, index: int) -> str:
        """The item's number."""
        return f"{self.title}[{index}]"

    def read(self, index: int) -> Tensor:
        """The item's image, (C, H, W) uint8, of the size that is wanted."""
        return self._item(index)[0]

    def examine(self, index: int) -> Examined:
        """The item's image and label, and a digest of the image as it is trained on."""
        image, label = self._item(index)
        return Examined(image, hashlib.blake2b(image.numpy().data, digest_size=16).digest(), label)

    def state(self) -> None:
        """Not known."""

    def _item(self, index: int) -> tuple[Tensor, int]:
        name = self.name(index)
        image, label = _pair(self.dataset, index, name)
        fit = fitted(item_image(image, name, self.target), self.target.shape[1:]).contiguous()
        return fit, self._label(label, name)

    def _label(self, label: Any, name: str) -> int:
        if isinstance(label, Tensor | np.ndarray) and label.ndim == 0:
            label = label.item()
        if isinstance(label, np.integer):
            label = int(label)
        if isinstance(label, bool) or not isinstance(label, int):
            raise DataError(f"{name} has the label {label!r}, of type {_kind(label)}: {_WANTED}.")
        if not 0 <= label < self.classes:
            raise DataError(
                f"{name} has the label {label}: with {self.classes} classes, labels are 0 to {self.classes - 1}."
            )
        return label


def _pair(dataset: Any, index: int, name: str) -> tuple[Any, Any]:
    """An item's image and label, whatever they are."""
    try:
        item = dataset[index]
    except DataError:
        raise
    except Exception as problem:
        raise DataError(f"{name} raised {type(problem).__name__}: {problem}.") from problem
    if not isinstance(item, Sequence) or len(item) != 2:
        raise DataError(f"{name} is {_kind(item)}: {_WANTED}.")
    return item[0], item[1]


def item_image(image: Any, name: str, target: Target) -> Tensor:
    """A PIL image, tensor (C, H, W) or array (H, W, C) as (C, H, W) uint8.

    Raises:
        DataError: it is none of them, has other channels, or values out of range.
    """
    channels = target.shape[0]
    if isinstance(image, Image.Image):
        return torch.from_numpy(image_pixels(image, name, channels, target.alpha).copy()).permute(2, 0, 1)
    if not isinstance(image, Tensor | np.ndarray) or image.ndim not in (2, 3) or 0 in image.shape:
        raise DataError(f"{name} has an image that is {_kind(image)}: {_WANTED}.")
    if isinstance(image, Tensor):
        array = image.detach().cpu().numpy() if image.dtype != torch.bfloat16 else image.float().numpy()
        array = array[None] if array.ndim == 2 else array
    else:
        array = image[None] if image.ndim == 2 else image.transpose(2, 0, 1)
    if array.shape[0] != channels:
        raise DataError(
            f"{name} has an image of shape {tuple(image.shape)}, the family takes {channels} channels: {_WANTED}."
        )
    if array.dtype.kind == "f" and (array.min() < 0 or array.max() > 1):
        raise DataError(
            f"{name} has an image of floats from {array.min():g} to {array.max():g}: give floats from 0 to 1, or "
            "uint8, and leave normalisation to swc, which measures it."
        )
    return torch.from_numpy(np.array(scaled_array(array, name)))


def _kind(value: object) -> str:
    shape = getattr(value, "shape", None)
    return f"{type(value).__name__}{f' of shape {tuple(shape)}' if shape is not None else ''}"


def from_torch(  # noqa: PLR0913 - the data, then options that are given by name
    train: Any,
    test: Any,
    *,
    val: Any = None,
    classes: Sequence[str] | int | None = None,
    input: tuple[int, int, int] | None = None,  # noqa: A002 - the spec's own word
    name: str = "python",
    workers: int = 2,
    alpha: Alpha = "white",
    skip_unreadable: bool = False,
    allow_missing_classes: bool = False,
    reporter: Reporter | None = None,
) -> Dataset:
    """A data set of a program's own: map-style ``torch.utils.data.Dataset``s of (image, label).

    Images are uint8 tensors (C, H, W), floats from 0 to 1, arrays (H, W, C) or PIL images. They must be the same each
    time they are read: augmentation is the recipe's affair.

    Args:
        train: training images.
        test: what a finished training is scored on.
        val: validation images, if there are some apart from ``train``.
        classes: names in the order of labels, or how many there are; by default what ``train.classes`` says.
        input: (channels, height, width) that images are resized and cropped to; by default the first image's shape.
        name: what results call the data set.
        workers: processes that read images; 0 reads in this one.
        alpha: what transparent pixels of PIL images lie on where ``input`` has no alpha, or ``refuse``.
        skip_unreadable: leave out items that cannot be read.
        allow_missing_classes: take classes that have no images in one part.
        reporter: shows the phase ``check``.

    Raises:
        DataError: a data set or an item is not as it should be.
    """
    parts = {"train": train, "test": test, **({} if val is None else {"val": val})}
    for part, dataset in parts.items():
        _check_map_style(f"{name}.{part}", dataset)
    names = _class_names(name, parts, classes)
    shape = input or _shape_of(train, f"{name}.train", alpha)
    request = Request(
        argument="",
        root=Path(),
        input=shape,
        classes=len(names),
        workers=workers,
        alpha=alpha,
        skip_unreadable=skip_unreadable,
        allow_missing_classes=allow_missing_classes,
        reporter=reporter or Silent(),
    )
    sources = {
        part: TorchSource(dataset, f"{name}.{part}", Target(shape, alpha), len(names))
        for part, dataset in parts.items()
    }
    for source in sources.values():
        _check_steady(source)
    return checked_dataset(name, sources, None, names, request)


def _check_map_style(title: str, dataset: Any) -> None:
    if not isinstance(dataset, Sized) or not hasattr(dataset, "__getitem__"):
        raise DataError(f"{title} is {_kind(dataset)}: give a data set with __len__ and __getitem__ (map-style).")
    if not len(dataset):
        raise DataError(f"{title} is empty.")


def _check_steady(source: TorchSource) -> None:
    """Refuse data that are others each time they are read: no two runs, and no resumed one, would see the same.

    A few items, spread over all, are read twice, so that transforms which are seldom at work are found as well; of data
    that are slow to read, fewer.
    """
    started = time.monotonic()
    for index in _spread(len(source), _READ_TWICE):
        same = True
        with suppress(DataError):  # told together with all others
            same = source.examine(index).digest == source.examine(index).digest
        if not same:
            raise DataError(
                f"{source.name(index)} is another image each time it is read: take random transforms out, and say in "
                "the spec how to augment (`augment crop, flip`)."
            )
        if time.monotonic() - started > _NO_LONGER:
            break


def _spread(count: int, most: int) -> list[int]:
    """Up to ``most`` of ``count`` indices, evenly spaced from the first on."""
    return [place * count // min(count, most) for place in range(min(count, most))]


def _class_names(name: str, parts: Mapping[str, Any], classes: Sequence[str] | int | None) -> tuple[str, ...]:
    if isinstance(classes, int):
        return tuple(map(str, range(classes)))
    own = {part: getattr(dataset, "classes", None) for part, dataset in parts.items()}
    if classes is None:
        classes = own["train"]
        for part, theirs in own.items():
            if theirs is not None and classes is not None:
                check_order(name, list(classes), list(theirs), ("train", part))
    if classes is None or not all(isinstance(one, str) for one in classes) or len(set(classes)) != len(classes):
        raise DataError(
            f"{name} does not say what its classes are called: give their names, each once, in the order of labels (an "
            "attribute `classes` of the training set, or the argument `classes` of from_torch)."
        )
    return tuple(classes)


def _shape_of(dataset: Any, title: str, alpha: Alpha) -> tuple[int, int, int]:
    """(channels, height, width) of the first image."""
    image, _ = _pair(dataset, 0, f"{title}[0]")
    if isinstance(image, Image.Image):
        channels = {"LA": 2, "RGBA": 4}.get(image.mode, 1 if image.mode in {"1", "L", "I", "F"} else 3)
    elif isinstance(image, Tensor | np.ndarray) and image.ndim in (2, 3):
        channels = 1 if image.ndim == 2 else image.shape[0 if isinstance(image, Tensor) else 2]
    else:
        raise DataError(f"{title}[0] has an image that is {_kind(image)}: {_WANTED}.")
    found = item_image(image, f"{title}[0]", Target((channels, 1, 1), alpha)).shape
    return found[0], found[1], found[2]
