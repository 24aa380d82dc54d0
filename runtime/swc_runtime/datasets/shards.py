"""Tar shards as WebDataset lays them out: which sample lies where, so that any can be read alone.

Files of one sample follow each other and share the name up to the first dot of its last part: ``0001.jpg``,
``0001.cls``. Shards are read in place, by an index that is made once; orders are then those of any other data set.
"""

from __future__ import annotations

import itertools
import json
import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from torch import Tensor

from swc_runtime.datasets.images import SUFFIXES
from swc_runtime.datasets.sources import Examined, State, Target, content_digest, state_of_files
from swc_runtime.problems import DataError

_LABEL_KEYS = ("label", "cls", "class")
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"([0-9]+)\.\.([0-9]+)")
_MOST_SHARDS = 1_000_000


@dataclass(frozen=True)
class Place:
    """Where a sample's image lies, and its label (a number, or a class's name)."""

    shard: int
    start: int
    size: int
    name: str
    label: int | str


@dataclass(frozen=True)
class ShardSource:
    """Images within uncompressed tar files."""

    shards: tuple[Path, ...]
    places: tuple[tuple[int, int, int, str], ...]  # shard, start, size, name; tuples are small
    target: Target

    def __len__(self) -> int:
        return len(self.places)

    def name(self, index: int) -> str:
        """The shard's name and the file's name in it."""
        shard, _, _, name = self.places[index]
        return f"{self.shards[shard].name}/{name}"

    def read(self, index: int) -> Tensor:
        """The image, (C, H, W) uint8."""
        return self.target.decode(self._content(index), self._path(index))

    def examine(self, index: int) -> Examined:
        """The image, and a digest of its file."""
        content = self._content(index)
        return Examined(self.target.decode(content, self._path(index)), content_digest(content))

    def state(self) -> State:
        """The state of the shards, and which of their samples are meant."""
        return state_of_files(self.shards, repr(self.places))

    def _path(self, index: int) -> str:
        shard, _, _, name = self.places[index]
        return f"{self.shards[shard]}/{name}"

    def _content(self, index: int) -> bytes:
        shard, start, size, _ = self.places[index]
        try:
            with self.shards[shard].open("rb") as file:
                file.seek(start)
                return file.read(size)
        except OSError as problem:
            raise DataError(f"{self.shards[shard]} cannot be read: {problem.strerror or problem}.") from problem


def expanded(pattern: str) -> tuple[Path, ...]:
    """The files that a pattern stands for: ``{000..003}`` and ``{a,b}`` are written out, ``*`` and ``?`` looked up.

    Raises:
        DataError: it stands for nothing, or a file that it names is missing.
    """
    if "://" in pattern or pattern.startswith("pipe:"):
        raise DataError(f"{pattern} is no local file: fetch the shards first, and name the folder that they are in.")
    paths: list[Path] = []
    for text in itertools.islice(_written_out(str(Path(pattern).expanduser())), _MOST_SHARDS):
        if has_magic(text):
            paths += map(Path, sorted(glob(text)))  # noqa: PTH207 - the pattern may be absolute
        else:
            paths.append(Path(text))
    if not paths:
        raise DataError(f"There is no shard {pattern}.")
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise DataError(f"{len(missing)} of {len(paths)} shards of {pattern} are not there, the first is {missing[0]}.")
    return tuple(paths)


def _written_out(text: str) -> Iterator[str]:
    """A text with braces, once for each way to choose from them."""
    found = _BRACES.search(text)
    if found is None:
        yield text
        return
    for choice in _choices(found[1], text):
        yield from _written_out(text[: found.start()] + choice + text[found.end() :])


def _choices(inside: str, text: str) -> Iterable[str]:
    numbers = _RANGE.fullmatch(inside)
    if numbers is None and "," not in inside:
        raise DataError(f"{{{inside}}} in {text} is no range: write {{000..003}} or {{a,b}}.")
    if numbers is None:
        return inside.split(",")
    first, last = numbers.groups()
    width = len(first) if first.startswith("0") else 0
    return (f"{number:0{width}}" for number in range(int(first), int(last) + 1))


def index_shard(shard: Path, number: int) -> Iterator[Place]:
    """The samples of a shard, in the order in which they lie.

    Raises:
        DataError: it is no readable uncompressed tar file, or a sample lacks an image or a label.
    """
    size = shard.stat().st_size
    try:
        with tarfile.open(shard, "r:") as tar:
            for sample, members in itertools.groupby(_files(tar), key=lambda member: _split(member.name)[0]):
                found = {_split(member.name)[1]: member for member in members}
                image = _image(found, sample, shard)
                if image.offset_data + image.size > size:
                    raise DataError(f"{shard} is cut short: {image.name} ends behind its end. Fetch it again.")
                yield Place(number, image.offset_data, image.size, image.name, _label(tar, found, sample, shard))
    except (tarfile.TarError, OSError, EOFError) as problem:
        raise DataError(
            f"{shard} is no readable tar file ({problem}): shards must be whole and not compressed (images are "
            "already)."
        ) from problem


def _files(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    return (member for member in tar if member.isfile() and not Path(member.name).name.startswith("."))


def _split(name: str) -> tuple[str, str]:
    """A name up to the first dot of its last part, and what follows that dot, in lower case."""
    folder, slash, last = name.rpartition("/")
    key, _, end = last.partition(".")
    return f"{folder}{slash}{key}", end.lower()


def _image(found: dict[str, tarfile.TarInfo], sample: str, shard: Path) -> tarfile.TarInfo:
    images = [end for end in found if f".{end}" in SUFFIXES]
    if len(images) != 1:
        told = f"{len(images)} images ({', '.join(images)})" if images else f"no image (only {', '.join(found)})"
        raise DataError(f"{shard}: sample {sample} has {told}; expected was one, such as {sample}.jpg.")
    return found[images[0]]


def _label(tar: tarfile.TarFile, found: dict[str, tarfile.TarInfo], sample: str, shard: Path) -> int | str:
    """A sample's label: the number in its ``cls``, or the number or name that its ``json`` gives."""
    end = next((end for end in ("cls", "json") if end in found), None)
    file = tar.extractfile(found[end]) if end else None
    if file is None:
        raise DataError(
            f"{shard}: sample {sample} has no label: expected was {sample}.cls (a number) or {sample}.json."
        )
    try:
        text = file.read().decode().strip()
        content = json.loads(text) if end == "json" else int(text)
    except ValueError as problem:
        raise DataError(f"{shard}: {sample}.{end} cannot be read ({problem}).") from problem
    label = (
        next((content[key] for key in _LABEL_KEYS if key in content), None) if isinstance(content, dict) else content
    )
    if (
        isinstance(label, bool)
        or not isinstance(label, int | str)
        or label == ""
        or (isinstance(label, int) and label < 0)
    ):
        raise DataError(
            f"{shard}: {sample}.{end} gives no label: expected was a number from 0{_or_json(str(end))}, found "
            f"{text[:60]!r}."
        )
    return label


def _or_json(end: str) -> str:
    return f" or a name under {' or '.join(map(repr, _LABEL_KEYS))}" if end == "json" else ""
