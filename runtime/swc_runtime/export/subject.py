"""What is exported: some members of a family, in evaluation mode, and what people must know to use them."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from swc_runtime.checkpoint import digest
from swc_runtime.datasets import Normalisation
from swc_runtime.errors import near
from swc_runtime.export.network import Ensemble
from swc_runtime.family import Family
from swc_runtime.problems import ExportError

Scales = tuple[tuple[float, ...], tuple[float, ...]]
"""Mean and standard deviation per channel."""


@dataclass(frozen=True, eq=False)
class Subject:
    """Members of a family as they are exported.

    Attributes:
        family: in evaluation mode, on the CPU, in single precision; what every artefact is compared with.
        members: names, in the order in which they were asked for.
        plain: the same members without the runtime, each with weights of its own.
        classes: the classes' names in label order, where they are known.
        normalisation: (mean, std) per channel of the training images in the range 0 to 1, where they are known.
        normalise: whether artefacts normalise themselves, and take images as uint8 from 0 to 255.
        softmax: whether artefacts return probabilities.
    """

    family: Family
    members: tuple[str, ...]
    plain: Mapping[str, nn.Module]
    classes: tuple[str, ...] | None
    normalisation: Scales | None
    normalise: bool
    softmax: bool

    @property
    def name(self) -> str:
        """What files are called after: the family."""
        return self.family.plan.family

    @property
    def output(self) -> str:
        """What artefacts return: ``logits``, ``log_probabilities`` or ``probabilities``."""
        if self.softmax:
            return "probabilities"
        return "logits" if len(self.members) == 1 else "log_probabilities"

    @property
    def scales(self) -> Scales | None:
        """The normalisation that artefacts do themselves."""
        return self.normalisation if self.normalise else None

    def about(self) -> dict[str, Any]:
        """What people must know to use an artefact, as JSON values: it goes into manifests and metadata."""
        mean, std = self.normalisation or (None, None)
        scales = None if mean is None or std is None else {"mean": list(mean), "std": list(std)}
        channels, height, width = type(self.family).input
        return {
            "family": self.name,
            "structure": self.family.plan.structure,
            "weights": self._digest(),
            "members": list(self.members),
            "input": {
                "shape": ["batch", channels, height, width],
                "dtype": "uint8" if self.normalise else "float32",
                "normalised": not self.normalise,
            },
            "output": {"kind": self.output, "shape": ["batch", type(self.family).classes]},
            "classes": None if self.classes is None else list(self.classes),
            "normalisation": scales,
        }

    def _digest(self) -> str:
        """32 hexadecimal digits over all weights: two exports with the same ones are of the same networks."""
        hashed = hashlib.blake2b(digest_size=16)
        for name in self.members:
            for key, value in self.plain[name].state_dict().items():
                hashed.update(f"{name}.{key}={digest(value)};".encode())
        return hashed.hexdigest()

    def network(self) -> Ensemble:
        """All of it as one plain network."""
        members = [self.plain[name] for name in self.members]
        return Ensemble(members, normalise=self.scales, softmax=self.softmax).eval()

    @torch.no_grad()
    def expected(self, images: Tensor) -> Tensor:
        """What the family itself answers (B, classes) to images as the artefacts take them.

        Worked out without ``Ensemble``, by the runtime's own normalisation and averaging.
        """
        x = Normalisation(*self.normalisation)(images) if self.normalise and self.normalisation else images
        if self.softmax:
            return self.family.predict(x, members=self.members)
        logits = torch.stack([self.family.members[name](x) for name in self.members])
        if len(logits) == 1:
            return logits[0]
        exact = logits.double().log_softmax(-1)
        return (exact.logsumexp(0) - math.log(len(exact))).to(logits.dtype)

    def prepared(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) uint8, as they are read, as the artefacts take them."""
        if self.normalise:
            return images
        if self.normalisation is None:
            raise AssertionError("where there are data, there is a normalisation")
        return Normalisation(*self.normalisation)(images)

    def random_images(self, count: int, seed: int = 0) -> Tensor:
        """Images (count, C, H, W) of noise, as the artefacts take them."""
        generator = torch.Generator().manual_seed(seed)
        shape = (count, *self.family.input)
        if self.normalise:
            return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
        return torch.randn(shape, generator=generator)


def subject(
    family: Family,
    members: Sequence[str] | None,
    metadata: Mapping[str, Any],
    *,
    normalise: bool,
    softmax: bool,
) -> Subject:
    """Make members of a family ready to be exported; the family itself stays as it is.

    Args:
        family: a trained one, on any device and of any precision.
        members: names; all where None.
        metadata: what its checkpoint says (``classes``, ``normalisation``); may be empty.
        normalise: see :class:`Subject`.
        softmax: see :class:`Subject`.

    Raises:
        ExportError: no such member, or a normalisation that is not known.
    """
    names = _chosen(family, members)
    normalisation = _normalisation(metadata)
    if normalise and normalisation is None:
        raise ExportError(
            "How images are normalised is not known without the checkpoint's metadata: export without normalisation, "
            "or give metadata with `normalisation` (mean and std per channel)."
        )
    classes = metadata.get("classes")
    reference = copy.deepcopy(family).float().cpu().eval()
    plain = reference.freeze(names)
    known = tuple(classes) if isinstance(classes, Sequence) and not isinstance(classes, str) else None
    return Subject(reference, names, plain, known, normalisation, normalise, softmax)


def _chosen(family: Family, members: Sequence[str] | None) -> tuple[str, ...]:
    if members is None:
        return tuple(family.members)
    for name in members:
        if name not in family.members:
            known = ", ".join(family.members)
            raise ExportError(f"The family has no member {name!r}{near(name, family.members)} (members: {known}).")
    if not members or len(set(members)) < len(members):
        raise ExportError(f"Name at least one member, and each once, not {', '.join(members) or 'none'}.")
    return tuple(members)


def _normalisation(metadata: Mapping[str, Any]) -> Scales | None:
    found = metadata.get("normalisation")
    if not isinstance(found, Mapping):
        return None
    return tuple(map(float, found["mean"])), tuple(map(float, found["std"]))
