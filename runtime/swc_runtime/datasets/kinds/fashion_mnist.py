"""Fashion-MNIST, read from its four files as they are published (gzipped IDX) or unpacked; nothing is written."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from swc_runtime.datasets.dataset import Dataset, tensor_dataset
from swc_runtime.datasets.downloads import downloading
from swc_runtime.datasets.kind import DataKind, Request
from swc_runtime.datasets.splits import TensorSplit
from swc_runtime.problems import DataError

_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_PLACES = (".", "raw", "FashionMNIST/raw")


def load_fashion_mnist(request: Request) -> Dataset:
    """60,000 training and 10,000 test images, (1, 28, 28), 10 classes.

    Raises:
        DataError: a file is missing or damaged.
    """
    root = request.root
    paths = _find(root)
    if paths is None and request.download:
        with downloading("Fashion-MNIST", root):
            from torchvision.datasets import FashionMNIST  # noqa: PLC0415 - only a download needs it

            FashionMNIST(str(root), download=True)
        paths = _find(root)
    if paths is None:
        raise DataError(
            f"Fashion-MNIST is not in {root}: put its four files ({', '.join(f'{name}.gz' for name in _FILES)}) there, "
            f"in {root / 'raw'} or in {root / 'FashionMNIST' / 'raw'}, or ask for the download (--download)."
        )
    train = _split(paths[0], paths[1])
    test = _split(paths[2], paths[3])
    return tensor_dataset("fashion-mnist", train, test, len(_CLASSES), _CLASSES)


def _find(root: Path) -> list[Path] | None:
    """The four files, all from the first place that holds them all."""
    for place in _PLACES:
        candidates = [[root / place / f"{name}{suffix}" for suffix in (".gz", "")] for name in _FILES]
        found = [next((path for path in choice if path.is_file()), None) for choice in candidates]
        paths = [path for path in found if path is not None]
        if len(paths) == len(_FILES):
            return paths
    return None


def _split(images: Path, labels: Path) -> TensorSplit:
    pixels, answers = read_idx(images), read_idx(labels)
    if pixels.ndim != 3 or answers.ndim != 1 or len(pixels) != len(answers):
        raise DataError(
            f"{images} and {labels} do not belong together: shapes {tuple(pixels.shape)} and {tuple(answers.shape)}, "
            "expected (N, height, width) and (N,). Fetch both again."
        )
    return TensorSplit(pixels[:, None], answers.long())


def read_idx(path: Path) -> Tensor:
    """An IDX file of unsigned bytes, gzipped or not, as a uint8 tensor.

    Raises:
        DataError: the file cannot be read, is no such file, or ends too early.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read()
    except (OSError, EOFError, zlib.error) as problem:
        raise DataError(f"{path} cannot be read ({problem}): fetch it again.") from problem
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise DataError(f"{path} is not an IDX file of bytes, as Fashion-MNIST's files are: fetch it again.")
    dimensions = content[3]
    start = 4 + 4 * dimensions
    shape = tuple(np.frombuffer(content[4:start], dtype=">u4").astype(int).tolist())
    size = int(np.prod(shape))
    if len(shape) != dimensions or len(content) - start != size:
        raise DataError(f"{path} is cut short or too long: it holds {len(content)} bytes, not {start + size}.")
    return torch.from_numpy(np.frombuffer(content, dtype=np.uint8, offset=start).copy()).reshape(shape)


KINDS = (DataKind("fashion-mnist", "Fashion-MNIST, from its four files", load_fashion_mnist),)
