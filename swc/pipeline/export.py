"""``swc export``: a trained family and images to verify on, handed to the runtime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from swc.pipeline.settings import DataChoice
from swc.pipeline.trained import Trained

if TYPE_CHECKING:
    from swc_runtime.datasets import Dataset
    from swc_runtime.export import Manifest
    from swc_runtime.progress import Reporter


@frozen
class Images:
    """The data set to verify on, and how it is read.

    ``name`` is None for the one that the family was trained on, ``folder`` where data sets lie, ``reading`` further
    options of ``DataChoice``.
    """

    name: str | None
    folder: Path
    reading: Mapping[str, Any]


def export(
    family: Trained,
    folder: Path,
    images: Images,
    *,
    quiet: bool,
    members: tuple[str, ...] | None,
    formats: tuple[str, ...],
    **options: Any,
) -> Manifest:
    """Export a trained family; ``options`` are those of ``ExportOptions``.

    Raises:
        RuntimeProblem: something cannot be exported as asked, or is not at hand.
    """
    from swc_runtime import export as runtime  # noqa: PLC0415 - torch is loaded for running, not for compiling
    from swc_runtime.progress import reporter  # noqa: PLC0415

    told = reporter(quiet=quiet)
    return runtime.export(
        family.family,
        folder,
        members=members,
        formats=formats,
        metadata=family.metadata,
        data=_data(family, images, told),
        options=runtime.ExportOptions(**options),
        reporter=told,
    )


def _data(family: Trained, images: Images, told: Reporter) -> Dataset | None:
    """The data set, with the images that the training held out held out again; None if nobody asked and it is gone."""
    from swc_runtime.problems import DataError  # noqa: PLC0415 - see above

    name = images.name or family.metadata["data"]["name"]
    try:
        data = DataChoice(name, images.folder, **images.reading, reporter=told).load(family.family)
    except DataError as problem:
        if images.name is not None:
            raise
        told.say(f"verified on noise, because the images of the training are not at hand: {problem}")
        return None
    return family.as_in_training(data)
