"""A folder of image files: PATH/train/<class>/… and PATH/val (or test)/<class>/…."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from swc_runtime.datasets.checking import checked_dataset
from swc_runtime.datasets.classes import check_parts, order_told, ordered
from swc_runtime.datasets.dataset import Dataset
from swc_runtime.datasets.folders import ClassFolders, class_folders
from swc_runtime.datasets.kind import DataKind, Request
from swc_runtime.datasets.sources import FileSource, Target
from swc_runtime.problems import DataError


def load_image_folder(request: Request) -> Dataset:
    """Images resized by their shorter side and cropped at the centre to the family's input.

    ``val`` is what is scored in the end where there is no ``test``; where both are there, ``val`` is held out for
    scores while training goes on.

    Raises:
        DataError: a folder is missing or empty, parts have other classes, or images cannot be read.
    """
    path = Path(request.argument).expanduser()
    folders = _parts(path)
    found = {part: class_folders(folder) for part, folder in folders.items()}
    called = {part: folder.name for part, folder in folders.items()}
    _tell_passed({called[part]: there for part, there in found.items()}, request)
    for part, there in found.items():
        if not any(there.files.values()):
            raise DataError(f"{path} has no images in the class folders of {called[part]}{_instead(there)}.")
    known = {one for there in found.values() for one in there.files}
    present = {called[part]: [one for one, files in there.files.items() if files] for part, there in found.items()}
    check_parts(str(path), present, known, allow_missing=request.allow_missing_classes)
    names = ordered(known)
    request.check_fit(str(path), request.input, len(names))
    request.reporter.say(order_told(names))
    sources, labels = {}, {}
    for part, there in found.items():
        chosen = [(file, label) for label, one in enumerate(names) for file in there.files.get(one, ())]
        files = tuple(f"{called[part]}/{file}" for file, _ in chosen)
        sources[part] = FileSource(path, files, Target(request.input, request.alpha))
        labels[part] = [label for _, label in chosen]
    name = f"imagefolder:{path.resolve().name}"
    return checked_dataset(name, sources, labels, names, request, called)


def _parts(path: Path) -> dict[str, Path]:
    """The folders of training, test and perhaps validation images."""
    there = {part: path / part for part in ("train", "val", "test") if (path / part).is_dir()}
    if "train" not in there or len(there) < 2:
        raise DataError(
            f"{path} is no image data set: expected {path / 'train'} and {path / 'val'} (or {path / 'test'}), "
            f"each with one folder of images per class{_seen(path)}."
        )
    if "test" not in there:
        there["test"] = there.pop("val")
    return there


def _seen(path: Path) -> str:
    if not path.is_dir():
        return "; there is no such folder"
    names = sorted(entry.name for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    return f"; found there: {', '.join(names[:10])}{', …' if len(names) > 10 else ''}" if names else "; it has none"


def _instead(there: ClassFolders) -> str:
    if there.loose:
        return f"; {there.loose} lie beside them, in no class"
    return "; what is there is no image: " + ", ".join(sorted(there.passed)) if there.passed else ""


def _tell_passed(found: Mapping[str, ClassFolders], request: Request) -> None:
    """Say what is passed over, so that nothing is lost without a word."""
    for part, there in found.items():
        if there.passed:
            kinds = ", ".join(f"{count} {end}" for end, count in sorted(there.passed.items()))
            request.reporter.say(f"passed over in {part}, as no images: {kinds}")
        if there.loose:
            images = f"{there.loose} image{'s' if there.loose > 1 else ''}"
            request.reporter.say(f"passed over in {part}, as in no class's folder: {images}")


KINDS = (
    DataKind(
        "imagefolder", "image files in PATH/train/<class>/ and PATH/val/<class>/", load_image_folder, argument="PATH"
    ),
)
