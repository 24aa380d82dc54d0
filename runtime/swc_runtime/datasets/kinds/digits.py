"""The 1,797 handwritten digits, 8×8 pixels, that ship with scikit-learn."""

from __future__ import annotations

import torch

from swc_runtime.datasets.dataset import Dataset, tensor_dataset
from swc_runtime.datasets.kind import DataKind, Request
from swc_runtime.datasets.splits import TensorSplit

_HELD_OUT = 5


def load_digits(request: Request) -> Dataset:  # noqa: ARG001 - they come with scikit-learn, wherever data lie
    """Every fifth image of each digit is held out for testing; (1, 8, 8), 10 classes."""
    from sklearn import datasets  # noqa: PLC0415 - slow to import, and only this data set needs it

    bunch = datasets.load_digits()
    images = (torch.from_numpy(bunch.images) * (255 / 16)).round().to(torch.uint8)[:, None]  # (N, 1, 8, 8)
    labels = torch.from_numpy(bunch.target).long()
    held_out = torch.zeros(len(labels), dtype=torch.bool)
    for digit in range(10):
        held_out[(labels == digit).nonzero().flatten()[_HELD_OUT - 1 :: _HELD_OUT]] = True
    whole = TensorSplit(images, labels)
    train, test = whole.subset((~held_out).nonzero().flatten()), whole.subset(held_out.nonzero().flatten())
    return tensor_dataset("digits", train, test, classes=10)


KINDS = (DataKind("digits", "scikit-learn's handwritten digits", load_digits),)
