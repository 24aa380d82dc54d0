"""Whether an artefact does what the family does."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from swc_runtime.export.evidence import Evidence
from swc_runtime.export.formats import Network
from swc_runtime.export.subject import Subject
from swc_runtime.problems import ExportError

BATCHES = (1, 2, 3, 7, 16)
"""Sizes of the batches that every artefact is run on: one, odd ones, and even ones."""
TOLERANCE = 1e-4
"""What may be between an artefact's answers and the family's, unless told otherwise (see ``difference``)."""


def reference(subject: Subject, evidence: Evidence) -> Mapping[int, Tensor]:
    """The family's answers (B, classes) to the first images of the evidence, by size of batch.

    Raises:
        ExportError: they are no finite numbers.
    """
    answers = {size: subject.expected(evidence.images[:size]) for size in _sizes(evidence)}
    if not all(answer.isfinite().all() for answer in answers.values()):
        raise ExportError(
            f"{subject.name} itself answers with infinite numbers or none at all, on {evidence.name}: there is nothing "
            "to compare with. Train it, or look into its weights."
        )
    return answers


def verified(what: str, network: Network, evidence: Evidence, answers: Mapping[int, Tensor], tolerance: float) -> float:
    """Run an artefact on batches of several sizes and compare it with the family.

    Args:
        what: the artefact's file, for messages.
        network: the artefact at work.
        evidence: the images.
        answers: of the family, see ``reference``.
        tolerance: the largest ``difference`` that will do.

    Returns:
        The largest difference that was found.

    Raises:
        ExportError: it fails, answers in another shape, or too far from the family.
    """
    worst = 0.0
    for size, expected in answers.items():
        try:
            answer = network(evidence.images[:size])
        except Exception as problem:
            raise ExportError(
                f"{what} was not kept: it fails on a batch of {size} "
                f"({type(problem).__name__}: {_first_line(problem)})."
            ) from problem
        if answer.shape != expected.shape:
            raise ExportError(
                f"{what} was not kept: it answers {tuple(answer.shape)} to a batch of {size}, the family "
                f"{tuple(expected.shape)}."
            )
        worst = max(worst, difference(answer, expected))
        if not worst <= tolerance:
            raise ExportError(
                f"{what} was not kept: on a batch of {size} ({evidence.name}) it differs from the family by "
                f"{worst:.2g}, and {tolerance:.2g} is allowed (`--tolerance`)."
            )
    return worst


def difference(answer: Tensor, expected: Tensor) -> float:
    """The largest difference of two answers, as a share of the largest number expected if that is above 1."""
    if not bool(answer.isfinite().all()):
        return float("inf")
    scale = max(1.0, float(expected.abs().max()))
    return float((answer.double() - expected.double()).abs().max()) / scale


def _sizes(evidence: Evidence) -> list[int]:
    return [size for size in BATCHES if size <= len(evidence.images)] or [len(evidence.images)]


def _first_line(problem: BaseException) -> str:
    return (str(problem).splitlines() or [""])[0]


def accuracy(network: Network, evidence: Evidence) -> tuple[Tensor, float]:
    """An artefact's most probable classes (N,), and the fraction of them that are right.

    Args:
        network: the artefact at work.
        evidence: images with labels.
    """
    if evidence.labels is None:
        raise AssertionError("accuracy needs labels")
    found = torch.cat([network(images).argmax(-1) for images in torch.split(evidence.images, 64)])
    return found, float((found == evidence.labels).double().mean())
