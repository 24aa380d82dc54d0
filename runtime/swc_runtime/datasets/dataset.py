"""A data set as families see it: two or three splits, what the classes are called, and what it is by content."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from swc_runtime.augment import seeded
from swc_runtime.datasets.identity import tensor_identity
from swc_runtime.datasets.normalisation import Normalisation
from swc_runtime.datasets.pictures import Alpha
from swc_runtime.datasets.splits import Split, TensorSplit
from swc_runtime.problems import DataError

_PIXELS_AT_ONCE = 2**22


@dataclass(frozen=True)
class Dataset:
    """Training and test images and how to normalise both.

    Attributes:
        name: what it is called in results and files; never a path.
        train: images to train on.
        test: images to score a finished training on.
        input: (channels, height, width) of every image.
        classes: how many labels there are, 0 to ``classes`` - 1.
        normalise: measured on all training images, also those that ``limited`` and ``held_out`` take out.
        class_names: in the order of labels.
        identity: 16 hex digits over class names, labels and images in their order: the same wherever the data lie.
            Taking training images out (``limited``, ``held_out``) leaves it as it is.
        val: images that are not trained on, scored while training goes on: held out, or the data set's own.
        skipped: files that were left out because they cannot be read.
        alpha: what transparent pixels were put on, so that other images can be read alike.
        split: (fraction, seed) by which ``val`` was held out; None where it was not.
    """

    name: str
    train: Split
    test: Split
    input: tuple[int, int, int]
    classes: int
    normalise: Normalisation
    class_names: tuple[str, ...]
    identity: str
    val: Split | None = None
    skipped: tuple[str, ...] = ()
    alpha: Alpha = "white"
    split: tuple[float, int] | None = None

    @property
    def val_origin(self) -> dict[str, Any] | None:
        """Where ``val`` comes from, as checkpoints say it: ``fraction`` and ``seed``, or ``own``; None without any."""
        if self.val is None:
            return None
        return {"own": True} if self.split is None else {"fraction": self.split[0], "seed": self.split[1]}

    def limited(self, count: int | None) -> Dataset:
        """At most ``count`` training images, the same ones every time (drawn evenly from the whole set)."""
        if count is None or count >= len(self.train):
            return self
        if count < 1:
            raise DataError(f"A limit of {count} training images leaves nothing to train on: give at least 1.")
        order = torch.randperm(len(self.train), generator=torch.Generator().manual_seed(0))
        return replace(self, train=self.train.subset(order[:count]))

    def held_out(self, fraction: float, seed: int = 0) -> Dataset:
        """Hold a fraction of the training images out as ``val``, of every class alike; the rest keep their order.

        Every class keeps at least one training image. A data set that brings validation images of its own keeps those.

        Args:
            fraction: from 0 (nothing is held out) to below 1.
            seed: the same images for the same seed and training images.

        Raises:
            DataError: the fraction is none, or comes to no image at all.
        """
        if not 0 <= fraction < 1:
            raise DataError(f"A fraction of {fraction:g} of the training images cannot be held out: give 0 to below 1.")
        if self.val is not None or fraction == 0:
            return self
        chosen = _stratified(self.train.labels.cpu(), fraction, seed)
        if not chosen.any():
            raise DataError(
                f"{100 * fraction:g}% of {len(self.train)} training images leaves none to validate on (every class "
                "keeps at least one to train on): hold more out (--val), or nothing (--val 0)."
            )
        parts = ((~chosen).nonzero().flatten(), chosen.nonzero().flatten())
        rest, held = (self.train.subset(part) for part in parts)
        return replace(self, train=rest, val=held, split=(fraction, seed))


def _stratified(labels: Tensor, fraction: float, seed: int) -> Tensor:
    """Which of the images with ``labels`` (N,) to hold out, as (N,) bool.

    Shares of classes are rounded down; the classes that lose most by it get one more, until the whole share is met.
    """
    counts = torch.bincount(labels)
    exact = counts.double() * fraction
    shares = exact.long()
    missing = round(len(labels) * fraction) - int(shares.sum())
    order = torch.sort(exact - shares, descending=True, stable=True).indices
    shares[order[: max(0, missing)]] += 1
    shares = torch.minimum(shares, (counts - 1).clamp(min=0))
    chosen = torch.zeros(len(labels), dtype=torch.bool)
    for label, share in enumerate(shares.tolist()):
        members = (labels == label).nonzero().flatten()
        drawn = torch.randperm(len(members), generator=seeded(seed, "held out", label))[:share]
        chosen[members[drawn]] = True
    return chosen


def tensor_dataset(
    name: str,
    train: TensorSplit,
    test: TensorSplit,
    classes: int,
    class_names: tuple[str, ...] | None = None,
    *,
    val: TensorSplit | None = None,
) -> Dataset:
    """A data set in memory, normalised by its own training images; classes are called 0, 1, … unless named.

    Raises:
        DataError: all pixels of a channel have one value.
    """
    names = class_names or tuple(map(str, range(classes)))
    channels, height, width = train.images.shape[1:]
    chunk = max(1, _PIXELS_AT_ONCE // (channels * height * width))
    return Dataset(
        name=name,
        train=train,
        test=test,
        input=(channels, height, width),
        classes=classes,
        normalise=Normalisation.of(torch.split(train.images, chunk), name),
        class_names=names,
        identity=tensor_identity(names, [train, test, *([] if val is None else [val])]),
        val=val,
    )
