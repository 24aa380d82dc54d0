"""Whose a file is: swc's own, edited since, another spec's, or somebody else's altogether."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path

from attrs import frozen

from swc.diagnostics import Diagnostic, Severity, SpecError
from swc.emit import MARKER
from swc.seal import Sealed, unsealed

_HEADER = re.compile(re.escape(MARKER) + r" (?P<spec>\S+) ")


class Authorship(StrEnum):
    """Who wrote what a file says."""

    NOBODY = "there is no such file"
    SWC = "as swc wrote it"
    EDITED = "edited by hand"
    UNKNOWN = "written by an earlier swc, which left no hash"
    OTHERS = "not written by swc"


@frozen
class Origin:
    """What the head of a generated file says: the spec's name, and its seal with the text that was sealed."""

    spec: str
    content: Sealed

    def has_structure(self, structure: str) -> bool:
        """Whether the family in the file has a structure, as its plan says it."""
        return f'\n    structure="{structure}",\n' in self.content.text

    def place(self, path: Path) -> Path | None:
        """Where the spec of a file at ``path`` lies, or lay; None if the file does not say."""
        seal = self.content.seal
        return None if seal is None or seal.place is None else Path(os.path.realpath(path.parent), seal.place)

    def is_of(self, spec: Path, path: Path) -> bool | None:
        """Whether a file at ``path`` was made from a spec; None if that cannot be known.

        A file of a spec that has gone may be this one's under another name, or in another place, so nothing is known
        of it.
        """
        place = self.place(path)
        if place is None:
            return None
        if os.path.realpath(place) == os.path.realpath(spec):
            return True
        return False if place.is_file() else None


def origin_of(path: Path) -> Origin | None:
    """What a generated file says of itself, or None when swc did not write the file."""
    try:
        with path.open("rb") as file:
            first = file.readline(400)
            match = _HEADER.match(first.decode("utf-8-sig"))
            return Origin(match["spec"], unsealed(first + file.read())) if match else None
    except (OSError, UnicodeDecodeError):
        return None


def state_of(path: Path) -> Authorship:
    """Whether a file is as swc wrote it, was edited by hand, or is not swc's at all.

    Files of an earlier swc have no hash, so nobody can tell whether they were edited: they count as swc's own, and are
    replaced, which is said. A link to nothing is somebody else's: what it leads to was not asked for.
    """
    if not path.exists():
        return Authorship.OTHERS if path.is_symlink() else Authorship.NOBODY
    origin = origin_of(path)
    if origin is None:
        return Authorship.OTHERS
    if origin.content.seal is None:
        return Authorship.UNKNOWN
    return Authorship.SWC if origin.content.is_intact else Authorship.EDITED


def edited(path: Path) -> bool:
    """Whether a generated file was edited by hand since swc wrote it."""
    return state_of(path) is Authorship.EDITED


def edited_note(path: Path) -> tuple[Diagnostic, ...]:
    """A note that a generated file which is to be run was edited by hand (SW0808); nothing for other files."""
    if not edited(path):
        return ()
    return (
        Diagnostic(
            "SW0808",
            f"{path} was edited by hand: what runs is what it says, and not what its spec says",
            severity=Severity.NOTE,
        ),
    )


def check_ours(path: Path, spec: Path | None = None, *, force: bool = False, structure: str | None = None) -> None:
    """Check that writing a generated file destroys nobody's work.

    Args:
        path: where it is to be written.
        spec: the spec that it comes from.
        force: whether all is to be replaced that can be.
        structure: of the spec's family, where the file lies in the folder of a run. A run that was copied or moved
            counts its spec's place from another folder, so there a file of this structure is the spec's as well.

    Raises:
        SpecError: SW0801 when swc did not write the file that is there, or it is a link to nothing (which no force
            writes through), SW0806 when it was edited by hand, SW0807 when it was made from another spec that is still
            there.
    """
    state = state_of(path)
    if path.is_symlink() and not path.exists():
        raise _refused("SW0801", f"{path} is a link to {path.readlink()}, where nothing is", "remove the link")
    if force:
        return
    if state is Authorship.OTHERS:
        way = "choose another folder, move the file away, or compile over it with `swc compile --force`"
        raise _refused("SW0801", f"{path} exists, and swc did not write it", way)
    if state is Authorship.EDITED:
        raise _refused(
            "SW0806",
            f"{path} was edited by hand since swc wrote it, and would lose that",
            "write what you want in the spec, or keep a copy in another folder (swc replaces it nowhere else); then "
            "move the file away, or compile over it with `swc compile --force`",
        )
    origin = origin_of(path)
    if origin is None or spec is None or (structure is not None and origin.has_structure(structure)):
        return
    if origin.is_of(spec, path) is False:
        raise _refused(
            "SW0807",
            f"{path} was made from another spec, {_shown(origin.place(path))}, and {spec} would replace it",
            "give the families different names, compile to another folder, or over it with `swc compile --force`",
        )


def _shown(place: Path | None) -> str:
    return "" if place is None else os.path.relpath(os.path.realpath(place))


def _refused(code: str, summary: str, way: str) -> SpecError:
    return SpecError((Diagnostic(code, summary, help=way),))
