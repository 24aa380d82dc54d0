"""The images that artefacts are verified on: real ones where there are any, else noise."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from swc_runtime.datasets import Dataset, Split
from swc_runtime.export.subject import Subject
from swc_runtime.problems import ExportError

VERIFIED = 32
"""Images that every artefact is compared on."""
SCORED = 1000
"""Images that accuracy is measured on, at most."""
CALIBRATED = 256
"""Training images that ranges of activations are measured on, at most."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Images (N, C, H, W) as the artefacts take them, and what they are called."""

    name: str
    images: Tensor
    labels: Tensor | None = None


def for_comparing(subject: Subject, data: Dataset | None) -> Evidence:
    """Images to compare artefacts on: the first held-out ones, or noise."""
    if data is None:
        return Evidence("noise", subject.random_images(VERIFIED))
    name, split = _held_out(data)
    images, labels = _taken(split, VERIFIED)
    return Evidence(name, subject.prepared(images), labels)


def for_scoring(subject: Subject, data: Dataset) -> Evidence:
    """Labelled images that the family was not trained on, drawn evenly from all of them."""
    name, split = _held_out(data)
    images, labels = _taken(split, SCORED)
    return Evidence(name, subject.prepared(images), labels)


def for_calibrating(subject: Subject, data: Dataset) -> Evidence:
    """Training images, drawn evenly."""
    images, labels = _taken(data.train, CALIBRATED)
    return Evidence(f"training images of {data.name}", subject.prepared(images), labels)


def _held_out(data: Dataset) -> tuple[str, Split]:
    if data.val is not None and len(data.val):
        return f"validation images of {data.name}", data.val
    return f"test images of {data.name}", data.test


def _taken(split: Split, count: int) -> tuple[Tensor, Tensor]:
    """At most ``count`` images (n, C, H, W) uint8 with their labels (n,), drawn evenly."""
    if not len(split):
        raise ExportError("The data set has no images in the part that is needed: choose another one.")
    indices = torch.linspace(0, len(split) - 1, min(count, len(split))).round().long()
    parts = list(split.stream(torch.split(indices, 64), torch.device("cpu")))
    return torch.cat([images for images, _ in parts]), torch.cat([labels for _, labels in parts])
