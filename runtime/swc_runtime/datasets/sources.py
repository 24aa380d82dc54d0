"""Images that are read one at a time, by several processes: what a data set on disk or in a program must offer."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from torch import Tensor

from swc_runtime.datasets.images import Alpha, decode_image, read_content


@dataclass(frozen=True)
class Examined:
    """An image that was read for the first time: (C, H, W) uint8, a digest of it, and its label if it carries one."""

    image: Tensor
    digest: bytes
    label: int | None = None


@dataclass(frozen=True)
class State:
    """What tells that files have changed, without reading them: a digest, and when the newest was changed (seconds)."""

    digest: bytes
    newest: float


class Source(Protocol):
    """Images by index. It goes to other processes, so it holds no open files."""

    def __len__(self) -> int:
        """Number of images."""

    def name(self, index: int) -> str:
        """What an image is called among the others, wherever they lie."""

    def read(self, index: int) -> Tensor:
        """An image, (C, H, W) uint8.

        Raises:
            DataError: it cannot be read.
        """

    def examine(self, index: int) -> Examined:
        """An image, and what it is by content.

        Raises:
            DataError: it cannot be read.
        """

    def state(self) -> State | None:
        """The state of the files that images come from; None where they come from elsewhere. Raises ``OSError``."""


def state_of_files(paths: Iterable[str | Path], more: str = "") -> State:
    """The state of files: their names, sizes, times and inodes; ``more`` is what else matters."""
    digest, newest = hashlib.blake2b(more.encode(), digest_size=16), 0.0
    for path in paths:
        found = os.stat(path)  # noqa: PTH116 - of a text, a million times; so is the next
        told = f"{os.path.abspath(path)}\0{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}\0"  # noqa: PTH100
        digest.update(told.encode(errors="surrogateescape"))
        newest = max(newest, found.st_mtime, found.st_ctime)
    return State(digest.digest(), newest)


@dataclass(frozen=True)
class Target:
    """How images are read: (channels, height, width), and what transparent pixels lie on."""

    shape: tuple[int, int, int]
    alpha: Alpha = "white"

    def decode(self, content: bytes, name: str) -> Tensor:
        """The content of an image file as (C, H, W) uint8; raises ``DataError``."""
        return decode_image(content, name, self.shape[0], self.shape[1:], alpha=self.alpha)


@dataclass(frozen=True)
class FileSource:
    """Image files under a folder, by their paths from there."""

    root: Path
    files: tuple[str, ...]
    target: Target

    def __len__(self) -> int:
        return len(self.files)

    def name(self, index: int) -> str:
        """The path from the root."""
        return self.files[index]

    def read(self, index: int) -> Tensor:
        """The file's image, (C, H, W) uint8."""
        path = f"{self.root}/{self.files[index]}"
        return self.target.decode(read_content(path), path)

    def examine(self, index: int) -> Examined:
        """The file's image, and a digest of the file's bytes."""
        path = f"{self.root}/{self.files[index]}"
        content = read_content(path)
        return Examined(self.target.decode(content, path), content_digest(content))

    def state(self) -> State:
        """The state of all files."""
        return state_of_files(f"{self.root}/{file}" for file in self.files)


def content_digest(content: bytes) -> bytes:
    """What tells one content from another: 16 bytes."""
    return hashlib.blake2b(content, digest_size=16).digest()
