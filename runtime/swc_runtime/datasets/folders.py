"""What lies in a folder of image files: classes by the names of folders, files below them, and what is passed over."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from swc_runtime.datasets.classes import composed
from swc_runtime.datasets.images import SUFFIXES
from swc_runtime.problems import DataError

_JUNK = frozenset({"thumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "__pycache__"})
"""What systems leave in folders, in lower case, beside names that begin with a dot."""


@dataclass(frozen=True)
class ClassFolders:
    """One part of an image folder.

    Attributes:
        files: by class, the image files' paths from the part's folder, in order.
        passed: how many files are no images, by the end of their names.
        loose: image files that lie in no class.
    """

    files: dict[str, list[str]]
    passed: Counter[str]
    loose: int


def hidden(name: str) -> bool:
    """Whether a file or folder is a system's or a program's own, and no part of a data set."""
    return name.startswith(".") or name.lower() in _JUNK


def class_folders(folder: Path) -> ClassFolders:
    """Look for classes and images in a part of a data set; images are not opened.

    Folders below a class may be as deep as they like, and may be links.

    Raises:
        DataError: a folder cannot be read, two have one name, or one has a name that is no text.
    """
    classes: dict[str, str] = {}
    files: dict[str, list[str]] = {}
    passed: Counter[str] = Counter()
    loose = 0
    for entry in sorted(_entries(folder), key=lambda entry: entry.name):
        if hidden(entry.name):
            continue
        if not _is_folder(entry):
            loose += _is_image(entry.name)
            continue
        name = composed(entry.name)
        if name in classes:
            raise DataError(
                f"{folder} has two folders named {name!r}, written with different code points ({classes[name]!a} and "
                f"{entry.name!a}): put their images into one."
            )
        if not name.isprintable():
            raise DataError(f"{folder} has a folder whose name is no plain text, {entry.name!a}: give it another name.")
        classes[name] = entry.name
        files[name] = _images(folder, entry.name, passed)
    return ClassFolders(files, passed, loose)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as problem:
        raise DataError(f"{folder} cannot be read: {problem.strerror or problem}.") from problem


def _images(root: Path, name: str, passed: Counter[str]) -> list[str]:
    """The image files below a class's folder, by their paths from the root; a folder that links lead to twice, once."""
    found, seen, open_ = [], set[str](), [name]
    while open_:
        below = open_.pop()
        real = os.path.realpath(root / below)
        if real in seen:
            continue
        seen.add(real)
        for entry in _entries(root / below):
            path = f"{below}/{entry.name}"
            if hidden(entry.name):
                continue
            if _is_folder(entry):
                open_.append(path)
            elif _is_image(entry.name):
                found.append(path)
            else:
                passed[os.path.splitext(entry.name)[1].lower() or "no ending"] += 1  # noqa: PTH122 - of a text
    return sorted(found)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_image(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122 - of a text, a million times
