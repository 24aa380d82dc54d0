"""The second line of generated files: a hash of their text, and where their spec lies.

By the hash a file that somebody edited is told from one that swc may replace. By the place, counted from the file, it
is known which spec a file belongs to, when several have one name. Both say nothing about the machine: the place is left
out where it would lead through the root of the file system, and neither line ends nor a byte order mark count as an
edit, because version control changes them.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path, PurePath
from urllib.parse import quote, unquote

from attrs import frozen

_SEAL = re.compile(r"# text (?P<text>[0-9a-f]{16})(?: of (?P<place>\S+))?; swc replaces no file that was edited\.")
_WIDTH = 120


@frozen
class Seal:
    """What the line says: sixteen hexadecimal digits over the rest of the file, and the spec's place if it is known."""

    text: str
    place: str | None

    @property
    def line(self) -> str:
        """The line, without its end."""
        short = f"# text {self.text}; swc replaces no file that was edited."
        if self.place is None:
            return short
        full = short.replace(";", f" of {quote(self.place, errors='surrogateescape')};", 1)
        return full if len(full) <= _WIDTH else short


@frozen
class Sealed:
    """A generated file's text without its seal, line ends as line feeds, and the seal; None if it has none."""

    text: str
    seal: Seal | None

    @property
    def is_intact(self) -> bool:
        """Whether the text is the one that was sealed."""
        return self.seal is not None and self.seal.text == _hash(self.text)

    def same_text(self, other: Sealed) -> bool:
        """Whether two files say the same and are sealed as they should be, wherever their specs lie."""
        return self.text == other.text and self.is_intact == other.is_intact


def sealed(text: str, place: str | None) -> str:
    """A generated text with its seal as the second line."""
    first, _, rest = text.partition("\n")
    return f"{first}\n{Seal(_hash(text), place).line}\n{rest}"


def unsealed(data: bytes) -> Sealed:
    """Take a file's content apart; what is no UTF-8 is replaced."""
    text = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    first, _, rest = text.partition("\n")
    second, _, tail = rest.partition("\n")
    match = _SEAL.fullmatch(second)
    if match is None:  # without a seal, or with one that somebody has changed
        return Sealed(text, Seal("", None) if second.startswith("# text ") else None)
    place = match["place"]
    return Sealed(
        f"{first}\n{tail}", Seal(match["text"], None if place is None else unquote(place, errors="surrogateescape"))
    )


def place_of(spec: Path, folder: Path) -> str | None:
    """Where a spec lies, counted from the folder of its generated file; None where that would say where this one is."""
    start, end = (PurePath(os.path.realpath(path)) for path in (folder, spec))
    try:
        common = PurePath(os.path.commonpath([start, end]))
    except ValueError:  # on different drives
        return None
    if common == PurePath(start.anchor):
        return None
    ups = len(start.parts) - len(common.parts)
    return "/".join([*[".."] * ups, *end.parts[len(common.parts) :]])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
