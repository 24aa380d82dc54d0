"""A family to files: each format is written aside, loaded fresh, compared with the family, and only then kept."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from swc_runtime.datasets import Dataset
from swc_runtime.export import evidence, verify
from swc_runtime.export.folder import check_free, publish, stage
from swc_runtime.export.formats import FORMATS, Format, Network, chosen
from swc_runtime.export.formats.onnx_file import session
from swc_runtime.export.int8 import LOSS, METHODS, quantised, scored
from swc_runtime.export.manifest import Artefact, File, Manifest
from swc_runtime.export.subject import Subject, subject
from swc_runtime.export.versions import version_of
from swc_runtime.family import Family
from swc_runtime.problems import ExportError, RuntimeProblem
from swc_runtime.progress import Reporter, Silent


@dataclass(frozen=True)
class ExportOptions:
    """How to export.

    Attributes:
        softmax: return probabilities instead of logits (of several members: logarithms of averaged probabilities).
        normalise: normalise inside, and take images as uint8 from 0 to 255.
        int8: also write the ONNX file in 8 bits, ``static`` or ``dynamic``.
        int8_loss: percentage points of top-1 that 8 bits may cost.
        tolerance: what may be between an artefact's answers and the family's, see ``verify.difference``.
        force: write over files that are not from an export.
    """

    softmax: bool = False
    normalise: bool = False
    int8: str | None = None
    int8_loss: float = LOSS
    tolerance: float = verify.TOLERANCE
    force: bool = False


def export(
    family: Family,
    folder: str | Path,
    *,
    members: Sequence[str] | None = None,
    formats: Sequence[str] = ("torch",),
    metadata: Mapping[str, Any] | None = None,
    data: Dataset | None = None,
    options: ExportOptions | None = None,
    reporter: Reporter | None = None,
) -> Manifest:
    """Write members of a family to files that need nothing of swc, each verified against the family.

    Args:
        family: a trained one; it stays as it is.
        folder: where the files go, and ``export.json`` beside them. Nothing is there before everything is verified.
        members: one for a network, several for the average of their probabilities; all where None.
        formats: names out of ``FORMATS``.
        metadata: what ``load_family`` returned: classes' names and normalisation.
        data: real images to verify on; ``int8`` needs them.
        options: see :class:`ExportOptions`.
        reporter: shows the phase ``export``.

    Returns:
        What was written, as ``export.json`` in the folder says it.

    Raises:
        ExportError: something is asked for that cannot be, a file would be overwritten, or an artefact does not do what
            the family does.
    """
    options = options or ExportOptions()
    folder = Path(folder)
    wanted = chosen(formats)
    _check(options, wanted, data)
    for one in wanted:
        one.check()
    made = subject(family, members, _about_images(metadata, data), normalise=options.normalise, softmax=options.softmax)
    names = [name for one in wanted for name in one.files(made)]
    names += [_int8_name(made)] * (options.int8 is not None)
    if not options.force:
        check_free(folder, names)
    steps = len(wanted) + (options.int8 is not None)
    with stage(folder) as aside, (reporter or Silent()).phase("export", steps) as phase:
        images = evidence.for_comparing(made, data)
        answers = verify.reference(made, images)
        artefacts = []
        for one in wanted:
            artefacts.append(_artefact(one, made, aside, images, answers, options.tolerance))
            phase.advance(note=one.name)
        if options.int8 is not None and data is not None:
            onnx = next(one for one in artefacts if one.format == "onnx")
            artefacts.append(_in_8_bits(onnx, made, aside, images, answers, data, options))
            phase.advance(note="int8")
        return publish(aside, folder, Manifest(made.about(), tuple(artefacts), {}))


def _check(options: ExportOptions, wanted: Sequence[Format], data: Dataset | None) -> None:
    if not (options.tolerance > 0 and math.isfinite(options.tolerance)):
        raise ExportError(
            f"A tolerance of {options.tolerance:g} lets nothing pass, or everything: give a small number."
        )
    if options.int8 is None:
        return
    if not options.int8_loss >= 0:
        raise ExportError(f"8 bits may cost 0 points of top-1 or more, not {options.int8_loss:g} (`--int8-loss`).")
    if options.int8 not in METHODS:
        raise ExportError(f"There are no 8 bits of the kind {options.int8!r} (kinds: {', '.join(METHODS)}).")
    if all(one is not FORMATS["onnx"] for one in wanted):
        raise ExportError("8 bits are a matter of the format `onnx`: add it (`--format onnx`).")
    if data is None:
        raise ExportError(
            "8 bits need a data set, to measure what they cost and, if static, the ranges of activations: name one "
            "(`--data`)."
        )


def _about_images(metadata: Mapping[str, Any] | None, data: Dataset | None) -> Mapping[str, Any]:
    """The metadata, with what a data set knows where they are silent."""
    known = dict(metadata or {})
    if data is not None:
        scales = {"mean": data.normalise.mean, "std": data.normalise.std}
        known = {"normalisation": scales, "classes": data.class_names} | known
    return known


def _artefact(
    one: Format,
    made: Subject,
    aside: Path,
    images: evidence.Evidence,
    answers: Mapping[int, torch.Tensor],
    tolerance: float,
) -> Artefact:
    names = one.files(made)
    network = _written(one, made, aside)
    difference = verify.verified(names[0], network, images, answers, tolerance)
    return Artefact(
        format=one.name,
        files={name: File.of(aside / name) for name in names},
        difference=difference,
        tolerance=tolerance,
        images=f"{len(images.images)} {images.name}",
        batches=tuple(answers),
        versions={"swc": version_of("swc"), "torch": torch.__version__, **one.versions()},
    )


def _written(one: Format, made: Subject, aside: Path) -> Network:
    """Write a subject in one format and load it again.

    What translators say of their own work (torch.onnx warns of its own parts) is held back: the answers are compared.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            one.write(made, aside)
            return one.load(made, aside)
        except (RuntimeProblem, OSError):
            raise
        except Exception as problem:
            line = next(iter(str(problem).splitlines()), "")
            raise ExportError(
                f"{', '.join(made.members)} cannot be written as {one.name} ({type(problem).__name__}: {line}): choose "
                "another format, or other members."
            ) from problem


def _in_8_bits(
    onnx: Artefact,
    made: Subject,
    aside: Path,
    images: evidence.Evidence,
    answers: Mapping[int, torch.Tensor],
    data: Dataset,
    options: ExportOptions,
) -> Artefact:
    method = options.int8 or ""
    source, target = aside / next(iter(onnx.files)), aside / _int8_name(made)
    calibration, scoring = evidence.for_calibrating(made, data), evidence.for_scoring(made, data)
    quantised(source, target, method, calibration)
    difference = verify.verified(target.name, session(target), images, answers, math.inf)
    result = scored(FORMATS["onnx"].load(made, aside), target, method, calibration, scoring, loss=options.int8_loss)
    return Artefact(
        format="onnx",
        files={target.name: File.of(target)},
        difference=difference,
        tolerance=None,
        images=onnx.images,
        batches=onnx.batches,
        versions=onnx.versions,
        int8=result,
    )


def _int8_name(made: Subject) -> str:
    return f"{made.name}_int8.onnx"
