"""What a data set is by content: a digest that is the same wherever its files lie."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from swc_runtime.datasets.splits import TensorSplit


class ContentDigest:
    """Grows over class names, then split by split over labels and contents, all in order; 16 hex digits."""

    def __init__(self, class_names: Sequence[str]) -> None:
        self._hash = hashlib.blake2b(digest_size=8)
        self._text("classes", *class_names)

    def _text(self, *words: str) -> None:
        for word in words:
            coded = word.encode()
            self._hash.update(len(coded).to_bytes(8, "big") + coded)

    def add(self, labels: Sequence[int], contents: Iterable[bytes | memoryview]) -> None:
        """Take a split in: its labels, and what its images are (or digests of that)."""
        self._text("split", *map(str, labels))
        for content in contents:
            self._hash.update(content)

    def hex(self) -> str:
        """The digest of all that was taken in."""
        return self._hash.hexdigest()


def tensor_identity(class_names: Sequence[str], splits: Iterable[TensorSplit]) -> str:
    """The identity of splits in memory."""
    digest = ContentDigest(class_names)
    for split in splits:
        images = split.images.contiguous().numpy()
        digest.add(split.labels.tolist(), (repr(images.shape).encode(), images.data.cast("B")))
    return digest.hex()
