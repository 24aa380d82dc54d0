"""Image files to classes: what a trained family finds in pictures, by name and with probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from swc_runtime.datasets import Normalisation
from swc_runtime.datasets.images import SUFFIXES, read_image
from swc_runtime.datasets.pictures import Alpha
from swc_runtime.family import Family
from swc_runtime.problems import DataError, PredictionError


@dataclass(frozen=True)
class Guess:
    """A class with its label (0, 1, ...) and its probability."""

    name: str
    label: int
    probability: float


@dataclass(frozen=True)
class Answer:
    """What was found in one image.

    Attributes:
        image: the file.
        guesses: most probable classes first; none where the image could not be read.
        members: those that the answer rests on; none where no member was done by the deadline.
        problem: why the image could not be read, else empty.
    """

    image: Path
    guesses: tuple[Guess, ...] = ()
    members: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Question:
    """How to ask a family (see ``Family.predict``): ``batch`` images at a time, to be told ``top`` classes of each.

    ``alpha`` is what transparent pixels lie on, that of the training where None.
    """

    members: tuple[str, ...] | None = None
    budget_ms: float | None = None
    deadline_ms: float | None = None
    top: int = 5
    batch: int = 32
    alpha: Alpha | None = None


def classify(
    family: Family, images: Iterable[Path], metadata: Mapping[str, Any], question: Question | None = None
) -> Iterator[Answer]:
    """Tell what image files show; files that cannot be read are told, too, and the others are answered all the same.

    Args:
        family: a trained one, on the device that it shall run on; with a ``frontier`` if there is a budget.
        images: files, read and fitted to the family's input just as data sets are.
        metadata: what ``load_family`` returned: how images are normalised, and the classes' names.
        question: members, deadlines, and how much to tell.

    Yields:
        One answer for each file, in order.

    Raises:
        PredictionError: the metadata do not say how images are normalised, or ``predict`` refuses (an unknown member, a
            budget that no subset meets).
    """
    question = question or Question()
    if question.alpha is None:
        question = replace(question, alpha=metadata.get("data", {}).get("alpha", "white"))
    normalise, names = knowledge(family, metadata)
    device = next(family.parameters()).device
    if question.members is not None:
        _asked(family.chosen, question.members)
    if question.budget_ms is not None or question.deadline_ms is not None:
        warm_up = torch.zeros(question.batch, *family.input, device=device)
        _asked(family.predict, warm_up, members=question.members)  # what is set up once is no part of any answer's time
    rest = iter(images)
    while files := tuple(islice(rest, question.batch)):
        yield from _answers(family, files, normalise, names, question, device)


def images_in(folder: Path) -> list[Path]:
    """The image files of a folder by name, hidden ones left out.

    Raises:
        DataError: there are none, or the folder cannot be read.
    """
    try:
        found = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES and path.is_file()]
    except OSError as problem:
        raise DataError(f"{folder} cannot be read: {problem.strerror or problem}.") from problem
    visible = [path for path in found if not path.name.startswith(".")]
    if not visible:
        raise DataError(f"{folder} holds no image files: name image files, or a folder that they lie in.")
    return visible


def image_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are, and the image files in folders.

    Raises:
        DataError: a folder without image files.
    """
    for path in paths:
        if path.is_dir():
            yield from images_in(path)
        else:
            yield path


def knowledge(family: Family, metadata: Mapping[str, Any]) -> tuple[Normalisation, tuple[str, ...]]:
    """How images are normalised, and the names of the classes (their numbers, where the metadata do not say).

    Raises:
        PredictionError: the metadata do not say how images are normalised.
    """
    scales = metadata.get("normalisation")
    if not isinstance(scales, Mapping):
        raise PredictionError("The checkpoint does not say how images are normalised: train again with this swc.")
    classes = metadata.get("classes")
    named = isinstance(classes, Sequence) and len(classes) == family.classes
    names = tuple(map(str, classes if named else range(family.classes)))  # type: ignore[arg-type]  # seen above
    return Normalisation(tuple(scales["mean"]), tuple(scales["std"])), names


def _answers(
    family: Family,
    files: Sequence[Path],
    normalise: Normalisation,
    names: Sequence[str],
    question: Question,
    device: torch.device,
) -> Iterator[Answer]:
    read: dict[int, Tensor] = {}
    problems: dict[int, str] = {}
    for index, file in enumerate(files):
        try:
            read[index] = read_image(file, family.input[0], family.input[1:], alpha=question.alpha or "white")
        except DataError as problem:
            problems[index] = str(problem)
    found: dict[int, Answer] = {}
    if read:
        probabilities, members = _predicted(family, normalise(torch.stack(list(read.values())).to(device)), question)
        for index, row in zip(read, probabilities.double().cpu(), strict=True):
            best = row.topk(min(question.top, len(names)))
            guesses = tuple(
                Guess(names[label], label, value)
                for value, label in zip(best.values.tolist(), best.indices.tolist(), strict=True)
            )
            found[index] = Answer(files[index], guesses, members)
    for index, file in enumerate(files):
        yield found[index] if index in found else Answer(file, problem=problems[index])


def _predicted(family: Family, x: Tensor, question: Question) -> tuple[Tensor, tuple[str, ...]]:
    """Probabilities (B, classes), and the members that they rest on."""
    if question.deadline_ms is not None:
        timely = _asked(family.predict, x, members=question.members, deadline_ms=question.deadline_ms)
        return timely.probabilities, timely.members
    members = question.members
    if question.budget_ms is not None:
        if family.frontier is None:
            raise PredictionError("A budget needs a measured frontier: measure it on this machine with `swc anytime`.")
        members = _asked(family.frontier.choose, len(x), question.budget_ms)
    return _asked(family.predict, x, members=members), members or tuple(family.members)


def _asked(function: Any, *arguments: Any, **named: Any) -> Any:
    """Call something that refuses arguments with a ValueError, which says what a person should know."""
    try:
        return function(*arguments, **named)
    except ValueError as problem:
        text = str(problem)
        raise PredictionError(f"{text[0].upper()}{text[1:]}.") from problem
