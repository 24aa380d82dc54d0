"""Images that are read one at a time, by several processes: what a data set on disk or in a program must offer."""

from __future__ import annotations

import hashlib
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


def content_digest(content: bytes) -> bytes:
    """What tells one content from another: 16 bytes."""
    return hashlib.blake2b(content, digest_size=16).digest()
