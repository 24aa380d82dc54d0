"""The held-out images: which they are, and how good a family is on them after an epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch

from swc_runtime.datasets import Dataset
from swc_runtime.evaluation import Score, score_split
from swc_runtime.family import Family
from swc_runtime.progress import Reporter

SPLIT_SEED = 0
"""Of the choice of held-out images. It does not follow ``--seed``, so that runs of several seeds compare."""


@dataclass(frozen=True)
class Validation:
    """Scores on the held-out images after an epoch: of each member, then (if there are several) of all together."""

    images: int
    scores: tuple[Score, ...]

    @property
    def ensemble(self) -> Score:
        """The score of all members together."""
        return self.scores[-1]

    @property
    def members(self) -> dict[str, Score]:
        """The score of each member alone."""
        return {score.members[0]: score for score in self.scores if len(score.members) == 1}

    def text(self) -> str:
        """A few words for people."""
        return f"val top-1 {100 * self.ensemble.top1:.2f}%  NLL {self.ensemble.nll:.3f}"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Validation:
        """The inverse of ``to_json``; KeyError, TypeError or ValueError where the content is something else."""
        return cls(int(content["images"]), tuple(Score.from_json(score) for score in content["scores"]))


def held_out(data: Dataset, fraction: float) -> Dataset:
    """The data set with the images held out that ``--val`` asks for; without any where it is 0.

    Raises:
        DataError: there are too few images to hold some out.
    """
    return data.held_out(fraction, SPLIT_SEED) if fraction else data


def validate(family: Family, data: Dataset, device: torch.device, reporter: Reporter) -> Validation:
    """Score members and ensemble on the held-out images of ``data``; no random number of torch's is used up."""
    assert data.val is not None  # noqa: S101 - nobody asks otherwise
    names = tuple(family.members)
    subsets = [(name,) for name in names] + ([names] if len(names) > 1 else [])
    with torch.random.fork_rng(devices=[]):  # readers of files draw from torch's generator
        scores = score_split(
            family, data.val, data.normalise, device=device, reporter=reporter, name="val", only=subsets
        )
    return Validation(len(data.val), scores)
