"""How good every subset of a family's members is: top-1, NLL and calibration of averaged probabilities (sec. 4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import torch
from torch import Tensor
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_calibration_error

from swc_runtime.datasets import Batch, Dataset, Normalisation, Split, ordered_batches
from swc_runtime.evaluating import evaluation_view
from swc_runtime.family import Family
from swc_runtime.limits import limits
from swc_runtime.problems import DataError
from swc_runtime.progress import Phase, Reporter, Silent

BINS = 15
"""Confidence bins of the expected calibration error."""

_BELOW_ONE = 1 - 2**-24
"""The largest single below 1. A confidence of exactly 1 would be put into a bin of its own, beside the 15."""


@dataclass(frozen=True)
class Score:
    """One subset of members: ``top1`` and ``ece`` are fractions, ``nll`` is in nats per image."""

    members: tuple[str, ...]
    top1: float
    nll: float
    ece: float

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Score:
        """The inverse of ``asdict``; KeyError, TypeError or ValueError where the content is something else."""
        members = tuple(content["members"])
        if not all(isinstance(name, str) for name in members):
            raise TypeError(f"{members} are no names of members")
        return cls(members, *(float(content[kind]) for kind in ("top1", "nll", "ece")))


@dataclass(frozen=True)
class Evaluation:
    """Scores of all subsets of a family on a data set.

    Attributes:
        family: its name.
        data: the data set's name.
        images: how many were looked at.
        parameters: trainable parameters of the whole family.
        alone: of each member built plain, with weights of its own.
        scores: every subset once; small ones first, then in the spec's order.
        split: which images of the data set, ``test`` or ``val``.
    """

    family: str
    data: str
    images: int
    parameters: int
    alone: Mapping[str, int]
    scores: tuple[Score, ...]
    split: str = "test"

    @property
    def members(self) -> tuple[str, ...]:
        """The members' names, in the spec's order."""
        return tuple(self.alone)

    @property
    def ensemble(self) -> Score:
        """The score of all members together."""
        return self.scores[-1]

    def score(self, members: Iterable[str]) -> Score:
        """The score of a subset, named in any order; KeyError where there is none."""
        wanted = set(members)
        for score in self.scores:
            if set(score.members) == wanted:
                return score
        raise KeyError(tuple(sorted(wanted)))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "alone": dict(self.alone)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Evaluation:
        """The inverse of ``to_json``."""
        scores = tuple(Score.from_json(score) for score in content["scores"])
        return cls(**{**content, "scores": scores})


def evaluate(
    family: Family,
    data: Dataset,
    *,
    split: str = "test",
    device: torch.device | None = None,
    batch: int = 256,
    reporter: Reporter | None = None,
) -> Evaluation:
    """Score every subset of the members; each member looks at each image once.

    Args:
        family: looked at as in evaluation mode; the mode of no module changes.
        data: its images of ``split`` are used.
        split: ``test``, or ``val`` for the images that were held out of the training set.
        device: where the family is (by default, where its parameters are).
        batch: images at a time.
        reporter: shows the phase ``evaluate``.

    Raises:
        DataError: an image cannot be read, or no images are held out.
        TrainingError: there is too little memory.
    """
    images = {"test": data.test, "val": data.val}[split]
    if images is None:
        raise DataError(f"No images of {data.name} are held out: hold some out first (`data.held_out(0.1)`).")
    scores = score_split(
        family, images, data.normalise, device=device, batch=batch, reporter=reporter or Silent(), name="evaluate"
    )
    return Evaluation(
        family=family.plan.family,
        data=data.name,
        split=split,
        images=len(images),
        parameters=sum(parameter.numel() for parameter in family.parameters()),
        alone=parameters_alone(family),
        scores=scores,
    )


def score_split(
    family: Family,
    split: Split,
    normalise: Normalisation,
    *,
    reporter: Reporter,
    name: str,
    device: torch.device | None = None,
    batch: int = 256,
    only: Sequence[tuple[str, ...]] | None = None,
) -> tuple[Score, ...]:
    """Score subsets of a family's members on the images of a split: all of them, or ``only`` these.

    Args:
        family: its members are asked.
        split: each image is looked at once by each member.
        normalise: as the family was trained.
        reporter: shows the phase ``name``.
        name: of the phase.
        device: where the family is (by default, where its parameters are).
        batch: images at a time.
        only: subsets, each in the spec's order of members.
    """
    device = device or next(family.parameters()).device
    with limits(), reporter.phase(name, math.ceil(len(split) / batch)) as phase:
        batches = ordered_batches(split, normalise, batch, device)
        log_probabilities, labels = predictions(family, _counted(batches, phase))
        return tuple(subset_scores(tuple(family.members), log_probabilities, labels, only))


def _counted(batches: Iterable[Batch], phase: Phase) -> Iterator[Batch]:
    for batch in batches:
        yield batch
        phase.advance()


@torch.no_grad()
def predictions(family: Family, batches: Iterable[Batch]) -> tuple[Tensor, Tensor]:
    """Log-probabilities (M, N, classes) of all members and labels (N,), both where the family is, in float32."""
    family.forget()  # an average may have been written through .data, which leaves no trace on accelerators
    view = evaluation_view(family)
    seen = [(view(images).float().log_softmax(-1), labels) for images, labels in batches]
    return torch.cat([logits for logits, _ in seen], dim=1), torch.cat([labels for _, labels in seen])


def subset_scores(
    names: Sequence[str], log_probabilities: Tensor, labels: Tensor, only: Sequence[tuple[str, ...]] | None = None
) -> Iterator[Score]:
    """Score the averaged probabilities of each of the 2^M - 1 subsets, or ``only`` of some.

    Args:
        names: the members' names.
        log_probabilities: (M, N, classes).
        labels: (N,).
        only: subsets of the names.
    """
    classes = log_probabilities.shape[-1]
    subsets = (subset for size in range(1, len(names) + 1) for subset in combinations(names, size))
    for subset in subsets if only is None else only:
        chosen = log_probabilities[[names.index(name) for name in subset]]
        mean = torch.logsumexp(chosen, dim=0) - math.log(len(subset))  # log of the averaged probabilities, (N, classes)
        probabilities = mean.exp().clamp(max=_BELOW_ONE)
        yield Score(
            members=tuple(subset),
            top1=float(multiclass_accuracy(probabilities, labels, num_classes=classes, average="micro")),
            nll=float(-mean.double().gather(1, labels[:, None]).mean()),
            ece=float(multiclass_calibration_error(probabilities, labels, num_classes=classes, n_bins=BINS)),
        )


def parameters_alone(family: Family) -> dict[str, int]:
    """Trainable parameters of each member with weights of its own: what it owns, and the weights that it shares."""
    shared = dict.fromkeys(family.members, 0)
    for name, layer in family.bank.layers.items():
        shared[name.partition(".")[0]] += math.prod(layer.shape)
    return {
        name: shared[name] + sum(parameter.numel() for parameter in member.parameters())
        for name, member in family.members.items()
    }
