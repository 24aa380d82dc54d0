"""A folder of image files: PATH/train/<class>/… and PATH/val (or test)/<class>/…, through torchvision."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from swc_runtime.datasets.dataset import Dataset
from swc_runtime.datasets.identity import ContentDigest
from swc_runtime.datasets.normalisation import Normalisation
from swc_runtime.datasets.splits import FolderSplit
from swc_runtime.problems import DataError

_MEASURED = 2048
"""Training images that mean and deviation are measured on, evenly spaced: enough for three digits."""


def load_image_folder(path: Path, shape: tuple[int, int, int], workers: int) -> Dataset:
    """Images resized by their shorter side and cropped at the centre to ``shape`` (channels, height, width).

    Raises:
        DataError: a folder is missing or empty, or the test images have other classes.
    """
    held_out = next((path / name for name in ("val", "test") if (path / name).is_dir()), None)
    if not (path / "train").is_dir() or held_out is None:
        raise DataError(
            f"{path} is no image data set: expected {path / 'train'} and {path / 'val'} (or {path / 'test'}), "
            "each with one folder of images per class."
        )
    if shape[0] not in (1, 3):
        raise DataError(
            f"Image files have 1 channel or 3, the family takes {shape[0]}: write `input image(3, …)` in the spec."
        )
    (train_files, classes), (test_files, test_classes) = _files(path / "train"), _files(held_out)
    if classes != test_classes:
        odd = sorted(set(classes) ^ set(test_classes))
        raise DataError(f"{path / 'train'} and {held_out} must have the same class folders; these differ: {odd}.")
    digest = ContentDigest(classes)
    splits = []
    for files in (train_files, test_files):
        labels = [label for _, label in files]
        digest.add(labels, (hashlib.blake2b(file.read_bytes(), digest_size=16).digest() for file, _ in files))
        splits.append(FolderSplit(tuple(file for file, _ in files), torch.tensor(labels), shape[0], shape[1:], workers))
    train, test = splits
    normalise = Normalisation.of(
        (images for images, _ in train.stream(_sample(len(train)), torch.device("cpu"))), path.name
    )
    name = f"imagefolder:{path.resolve().name}"
    return Dataset(name, train, test, shape, len(classes), normalise, tuple(classes), digest.hex())


def _files(folder: Path) -> tuple[tuple[tuple[Path, int], ...], list[str]]:
    """The image files with their class numbers, and the class names."""
    from torchvision.datasets import ImageFolder  # noqa: PLC0415 - slow to import

    try:
        found = ImageFolder(str(folder))
    except (FileNotFoundError, OSError) as problem:
        raise DataError(f"{folder} cannot be used: {problem}") from problem
    return tuple((Path(name), label) for name, label in found.samples), found.classes


def _sample(count: int) -> list[torch.Tensor]:
    """At most ``_MEASURED`` indices below ``count``, evenly spaced, in batches."""
    spaced = torch.linspace(0, count - 1, min(count, _MEASURED)).round().long()
    return list(torch.split(spaced, 64))
