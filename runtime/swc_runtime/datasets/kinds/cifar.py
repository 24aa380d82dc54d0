"""CIFAR-10 and CIFAR-100, through torchvision."""

from __future__ import annotations

from typing import Any

import torch

from swc_runtime.datasets.dataset import Dataset, tensor_dataset
from swc_runtime.datasets.downloads import downloading
from swc_runtime.datasets.kind import DataKind, Request
from swc_runtime.datasets.splits import TensorSplit
from swc_runtime.problems import DataError


def load_cifar10(request: Request) -> Dataset:
    """50,000 training and 10,000 test images, (3, 32, 32), 10 classes."""
    from torchvision.datasets import CIFAR10  # noqa: PLC0415 - slow to import

    return _load(CIFAR10, "CIFAR-10", request, classes=10)


def load_cifar100(request: Request) -> Dataset:
    """50,000 training and 10,000 test images, (3, 32, 32), 100 classes."""
    from torchvision.datasets import CIFAR100  # noqa: PLC0415 - slow to import

    return _load(CIFAR100, "CIFAR-100", request, classes=100)


def _load(kind: Any, title: str, request: Request, classes: int) -> Dataset:
    root = request.root
    if request.download:
        with downloading(title, root):
            kind(str(root), download=True)
    try:
        halves = [kind(str(root), train=train) for train in (True, False)]
    except RuntimeError as problem:  # torchvision's word for "not found or corrupted"
        raise DataError(
            f"{title} is not in {root}, or not whole: put the folder {kind.base_folder} there (unpacked from "
            f"{kind.filename}), or ask for the download (--download)."
        ) from problem
    train, test = (
        TensorSplit(torch.from_numpy(half.data).permute(0, 3, 1, 2).contiguous(), torch.tensor(half.targets))
        for half in halves
    )
    return tensor_dataset(title.lower().replace("-", ""), train, test, classes, tuple(halves[0].classes))


KINDS = (
    DataKind("cifar10", "CIFAR-10, as torchvision keeps it", load_cifar10),
    DataKind("cifar100", "CIFAR-100, as torchvision keeps it", load_cifar100),
)
