"""What a checkpoint says of itself: the header of a safetensors file, read without torch and without its tensors.

A file starts with the length of its header, 8 bytes, low byte first; the header is a JSON object that names each
tensor's kind, shape and place, and holds texts under ``__metadata__``. swc's text is JSON, sealed by a digest.
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

from attrs import frozen

from swc.documents import DocumentError, parse_document

FORMAT_VERSION = 2
_LONGEST = 100_000_000
"""Bytes of a header, as safetensors itself allows."""

_DIMENSIONS = 64


class HeaderError(ValueError):
    """A file is no checkpoint of swc's, or damaged; the message says why, without the file's name."""


@frozen
class Header:
    """What swc wrote into a checkpoint, and the shape of each tensor."""

    note: dict[str, Any]
    shapes: dict[str, tuple[int, ...]]


def read_header(path: Path) -> Header:
    """Read the header of a checkpoint.

    Raises:
        HeaderError: it is no checkpoint of this release's format, or its header is damaged.
        OSError: it cannot be read.
    """
    text, size = _raw(path)
    header = _object(text, "its header")
    if _end(header) > size - 8 - len(text.encode()):
        raise HeaderError("it is cut off: tensors are missing")
    metadata = header.pop("__metadata__", None)
    sealed = metadata.get("swc") if isinstance(metadata, dict) else None
    if not isinstance(sealed, str):
        raise HeaderError("it is no checkpoint of swc")
    note = _object(sealed, "its metadata")
    version = note.get("format_version")
    if version != FORMAT_VERSION:
        raise HeaderError(f"it has format {version!r}; this version of swc reads format {FORMAT_VERSION}")
    seal = note.pop("seal", None)
    if seal != hashlib.blake2b(json.dumps(note, sort_keys=True).encode(), digest_size=16).hexdigest():
        raise HeaderError("its metadata are not those that were written")
    return Header(note, {name: _shape(name, about, size) for name, about in header.items()})


def _end(header: dict[str, Any]) -> int:
    """How many bytes the tensors take, by their places behind the header."""
    places = [about.get("data_offsets") for about in header.values() if isinstance(about, dict)]
    return max(
        (place[-1] for place in places if isinstance(place, list) and place and type(place[-1]) is int), default=0
    )


def _raw(path: Path) -> tuple[str, int]:
    """The text of the header, and the size of the file."""
    with path.open("rb") as file:
        size = path.stat().st_size
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > size - 8:
            raise HeaderError("it is cut off, or no safetensors file")
        if length > _LONGEST:
            raise HeaderError(f"its header takes {length:,} bytes, more than the {_LONGEST:,} that one may")
        content = file.read(length)
    try:
        return content.decode(), size
    except UnicodeDecodeError:
        raise HeaderError("its header is no text") from None


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        value = parse_document(text, finite=False)
    except DocumentError as error:
        raise HeaderError(f"{what} cannot be read ({error})") from None
    if not isinstance(value, dict):
        raise HeaderError(f"{what} is no JSON object")
    return value


def _shape(name: str, about: object, size: int) -> tuple[int, ...]:
    """The shape of a tensor, whose numbers take at least a byte each of the file's ``size``."""
    shape = about.get("shape") if isinstance(about, dict) else None
    if not isinstance(shape, list) or not all(type(length) is int and 0 <= length <= size for length in shape):
        raise HeaderError(f"its header gives no possible shape for {name}")
    if len(shape) > _DIMENSIONS or math.prod(shape) > size:
        raise HeaderError(f"its header gives {name} more numbers than the file can hold")
    return tuple(shape)
