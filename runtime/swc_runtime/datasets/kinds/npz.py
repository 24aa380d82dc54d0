"""Arrays in one ``.npz`` file: training and test images with their labels, perhaps validation images and names."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from swc_runtime.datasets.arrays import image_tensor, label_tensor
from swc_runtime.datasets.classes import check_parts
from swc_runtime.datasets.dataset import Dataset, tensor_dataset
from swc_runtime.datasets.kind import DataKind, Request, numbered_classes
from swc_runtime.datasets.normalisation import darkness_told
from swc_runtime.datasets.splits import TensorSplit
from swc_runtime.problems import DataError

_IMAGES = ("x_{}", "{}_images", "X_{}", "images_{}")
_LABELS = ("y_{}", "{}_labels", "Y_{}", "labels_{}")
_NAMES = "class_names"

Arrays = dict[str, NDArray[Any]]


def load_npz(request: Request) -> Dataset:
    """Read ``x_train``, ``y_train``, ``x_test``, ``y_test`` (or ``train_images`` and so on), and ``*_val`` if there.

    Without ``test`` arrays, ``val`` is what is scored in the end. Nothing in the file is executed (no pickles).

    Raises:
        DataError: the file cannot be read, arrays are missing, or one of them is not as it should be.
    """
    path = Path(request.argument).expanduser()
    arrays = read_npz(path)
    splits = {}
    for part in ("train", "val", "test"):
        images, labels = _array(arrays, _IMAGES, part), _array(arrays, _LABELS, part)
        if images is not None and labels is not None:
            pixels = image_tensor(arrays[images], request.input, f"{path}: {images}")
            splits[part] = TensorSplit(pixels, label_tensor(arrays[labels], len(pixels), f"{path}: {labels}"))
        elif images or labels:
            lone, other = (images, _LABELS) if images else (labels, _IMAGES)
            raise DataError(
                f"{path} has {lone}, but no {other[0].format(part)} (or {other[1].format(part)}) beside it."
            )
    if "test" not in splits and "val" in splits:
        splits["test"] = splits.pop("val")
    if "train" not in splits or "test" not in splits:
        raise DataError(
            f"{path} holds {', '.join(sorted(arrays)) or 'nothing'}; expected were x_train, y_train, x_test and y_test "
            "(or train_images, train_labels, test_images and test_labels), and val beside them if you like."
        )
    names = _class_names(path, arrays, max(int(split.labels.max()) for split in splits.values()) + 1, request)
    present = {part: {names[label] for label in set(split.labels.tolist())} for part, split in splits.items()}
    check_parts(str(path), present, names, allow_missing=request.allow_missing_classes)
    if dark := darkness_told(int(splits["train"].images.max())):
        request.reporter.say(dark)
    return tensor_dataset(f"npz:{path.name}", splits["train"], splits["test"], len(names), names, val=splits.get("val"))


def read_npz(path: Path) -> Arrays:
    """All arrays of a ``.npz`` file.

    Raises:
        DataError: it is missing, damaged, or holds Python objects.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}: write npz: and the path of a .npz file.")
    try:
        with path.open("rb") as raw:
            file = np.load(raw, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise DataError(f"{path} is no .npz file: save the arrays together with numpy.savez.")
            with file:
                return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as problem:
        if "allow_pickle" in str(problem):
            raise DataError(
                f"{path} holds Python objects, or is no .npz file: save plain arrays with numpy.savez (names of "
                "classes as an array of texts, `numpy.array([...])`, not of objects)."
            ) from problem
        raise DataError(f"{path} cannot be read ({problem}): it is damaged, or no .npz file.") from problem
    except MemoryError as problem:
        raise DataError(
            f"{path} does not fit into memory: use image files or shards (webdataset) instead."
        ) from problem


def _array(arrays: Arrays, names: tuple[str, ...], part: str) -> str | None:
    """Which of the names that an array may have it has."""
    return next((name.format(part) for name in names if name.format(part) in arrays), None)


def _class_names(path: Path, arrays: Arrays, used: int, request: Request) -> tuple[str, ...]:
    """The names of classes in the order of labels: numbers, unless the file tells them."""
    names = arrays.get(_NAMES)
    if names is None:
        return numbered_classes(used, request, str(path))
    if names.ndim != 1 or names.dtype.kind != "U":
        raise DataError(f"{path}: {_NAMES} must be an array (classes,) of texts, not of {names.dtype} {names.shape}.")
    if len(set(names.tolist())) != len(names) or len(names) < used:
        raise DataError(
            f"{path}: {_NAMES} has {len(names)} names, {len(set(names.tolist()))} of them different, and labels go up "
            f"to {used - 1}: give each class a name of its own."
        )
    request.check_fit(str(path), request.input, len(names))
    return tuple(names.tolist())


KINDS = (DataKind("npz", "arrays x_train, y_train, x_test, y_test in one file", load_npz, argument="PATH"),)
