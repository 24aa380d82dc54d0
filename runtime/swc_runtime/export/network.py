"""What is exported: members of a family as one plain network. Sources that are exported hold a copy of the class."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Ensemble(nn.Module):
    """Networks that answer together: their probabilities are averaged.

    ``normalise`` is the (mean, std) per channel of images in the range 0 to 1; with it, the network takes images as
    they are read, uint8 from 0 to 255. ``softmax`` makes it return probabilities; without, it returns numbers whose
    softmax they are: the logits of one network, the logarithms of the averaged probabilities of several.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        members: Sequence[nn.Module],
        *,
        normalise: tuple[Sequence[float], Sequence[float]] | None = None,
        softmax: bool = False,
    ) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.softmax = softmax
        self.normalise = normalise is not None
        if normalise is not None:
            mean, std = (torch.tensor(values)[:, None, None] for values in normalise)
            self.register_buffer("mean", mean, persistent=False)
            self.register_buffer("std", std, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, channels, H, W) to (B, classes)."""
        if self.normalise:
            images = (images.float() / 255 - self.mean) / self.std
        if len(self.members) == 1:
            logits: Tensor = self.members[0](images)
            return logits.softmax(-1) if self.softmax else logits
        log_probabilities = torch.stack([member(images).log_softmax(-1) for member in self.members])
        averaged = log_probabilities.logsumexp(0) - math.log(len(self.members))
        return averaged.exp() if self.softmax else averaged
