"""``export.json``: what an export is, and what lies beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from swc_runtime.export.int8 import Int8

NAME = "export.json"
FORMAT_VERSION = 1
_WRITER = "swc export"


@dataclass(frozen=True)
class File:
    """A file as it was written: its size in bytes, and its SHA-256."""

    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> File:
        """A file as it lies there."""
        with path.open("rb") as file:
            return cls(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


@dataclass(frozen=True)
class Artefact:
    """One output format, verified.

    Attributes:
        format: its name, such as ``onnx``.
        files: by name, the one to be loaded first.
        difference: the largest from the family that was found (``swc_runtime.export.verify.difference``).
        tolerance: what the difference was held against; None in 8 bits, where ``int8`` says what they cost.
        images: what was verified on, such as ``32 test images of digits``.
        batches: the sizes of batches that were tried.
        versions: of the packages that had a part in it.
        int8: what 8 bits cost, where there are but 8.
    """

    format: str
    files: Mapping[str, File]
    difference: float
    tolerance: float | None
    images: str
    batches: tuple[int, ...]
    versions: Mapping[str, str]
    int8: Int8 | None = None

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Artefact:
        """The inverse of ``asdict`` and JSON."""
        files = {name: File(**file) for name, file in content["files"].items()}
        int8 = None if content["int8"] is None else Int8(**content["int8"])
        return replace(cls(**content), files=files, batches=tuple(content["batches"]), int8=int8)


@dataclass(frozen=True)
class Manifest:
    """What ``export.json`` says.

    Attributes:
        about: the family, members, weights, input, output, classes and normalisation (``Subject.about``).
        artefacts: one for each format.
        replaced: while files take their places, those that were there before.
    """

    about: Mapping[str, Any]
    artefacts: tuple[Artefact, ...]
    replaced: Mapping[str, File]

    @property
    def files(self) -> dict[str, File]:
        """All files of the export by name."""
        return {name: file for one in self.artefacts for name, file in one.files.items()}

    def accounts_for(self, path: Path) -> bool:
        """Whether a file lies there as it was written."""
        known = [files[path.name] for files in (self.files, self.replaced) if path.name in files]
        return bool(known) and path.is_file() and File.of(path) in known

    def text(self) -> str:
        """The JSON document."""
        content: dict[str, Any] = {
            "format_version": FORMAT_VERSION,
            "writer": _WRITER,
            **self.about,
            "artefacts": [asdict(one) for one in self.artefacts],
        }
        if self.replaced:
            content["replaced"] = {name: asdict(file) for name, file in self.replaced.items()}
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def read_manifest(path: Path) -> Manifest | None:
    """The manifest in a file; None where there is no such file, or none of this format that ``swc export`` wrote."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("writer") != _WRITER or content.pop("format_version") != FORMAT_VERSION:
            return None
        artefacts = tuple(Artefact.from_json(one) for one in content.pop("artefacts"))
        replaced = {name: File(**file) for name, file in content.pop("replaced", {}).items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Manifest(content, artefacts, replaced)


def joined(old: Manifest | None, new: Manifest, folder: Path) -> Manifest:
    """A new manifest with the artefacts that an old one has of the very same networks, where their files are intact."""
    if old is None or dict(old.about) != dict(new.about):
        return new
    kept = [one for one in old.artefacts if not _overlap(one, new.artefacts) and _intact(one, folder)]
    return replace(new, artefacts=(*kept, *new.artefacts))


def _overlap(artefact: Artefact, others: Iterable[Artefact]) -> bool:
    return any(set(artefact.files) & set(other.files) for other in others)


def _intact(artefact: Artefact, folder: Path) -> bool:
    return all((folder / name).is_file() and File.of(folder / name) == file for name, file in artefact.files.items())
