"""Generated files in a folder: written, compared, and recognised as swc's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import unified_diff
from enum import StrEnum
from pathlib import Path

from attrs import frozen

from swc.authorship import Authorship, check_ours, edited, origin_of, state_of
from swc.compiler import Compiled
from swc.diagnostics import Diagnostic, SpecError
from swc.emit import spec_name
from swc.files import write_atomically
from swc.seal import unsealed

_DOCUMENT = re.compile(r'\{\s*"format_version": \d+,\s*"family": ')


class State(StrEnum):
    """How a generated file relates to what the spec says."""

    CURRENT = "up to date"
    CHANGED = "differs from what its spec gives"
    MISSING = "missing"
    EDITED = "edited by hand"
    OTHER = "made from another spec"
    STALE = "left over: its spec now gives another file"
    STALE_EDITED = "left over, and edited by hand: its spec now gives another file"
    DOUBTFUL = "perhaps left over: made from a spec of this name, which is not known to be this one"

    @property
    def is_drift(self) -> bool:
        """Whether a file is not what its spec gives, or should not be there."""
        return self not in {State.CURRENT, State.DOUBTFUL}


@frozen
class Output:
    """One file of a folder of generated files; ``difference`` is a unified diff when it has changed."""

    path: Path
    state: State
    difference: str = ""


def check_document(path: Path) -> None:
    """Check that writing a plan or a sweep as JSON replaces nothing but another one.

    Raises:
        SpecError: SW0801 when the file is there, is JSON by its name, and swc did not write it.
    """
    if path.suffix != ".json" or not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        start = file.read(400)
    if start.strip() and not _DOCUMENT.match(start):
        raise SpecError(
            (
                Diagnostic(
                    "SW0801",
                    f"{path} exists, and is no plan or sweep that swc wrote",
                    help="choose another file, or move that one away",
                ),
            )
        )


def write(compiled: Sequence[Compiled], folder: Path, *, force: bool) -> list[Output]:
    """Write the generated files of some specs into a folder and remove what those specs gave before a rename.

    Every check comes before the first write, so that a refusal leaves the folder as it was.

    Raises:
        SpecError: SW0801 when a file of that name was not written by swc, SW0806 when it was edited by hand, SW0807
            when it is another spec's (none of them with ``force``), SW0802 when two specs want the same file.
        OSError: when the folder cannot be written.
    """
    files = _files(compiled, folder)
    refused: list[Diagnostic] = []
    for path, one in files.items():
        try:
            check_ours(path, one.path, force=force)
        except SpecError as error:
            refused.extend(error.diagnostics)
    if refused:
        raise SpecError(tuple(refused))
    written = []
    for path, one in files.items():
        written.append(_compare(path, one))
        write_generated(one, path, force=True)
    for output in _left_over(compiled, folder, files):
        if output.state is State.STALE or (force and output.state is State.STALE_EDITED):
            output.path.unlink()
        written.append(output)
    return written


def write_generated(one: Compiled, path: Path, *, force: bool = False, run: bool = False) -> None:
    """Write a generated file, unless it says so already, whatever its line ends.

    Args:
        one: the spec.
        path: of the file.
        force: whether all is to be replaced that can be.
        run: whether a run lies beside it (see :func:`swc.authorship.check_ours`).

    Raises:
        SpecError: as :func:`swc.authorship.check_ours`.
        OSError: when it cannot be written.
    """
    check_ours(path, one.path, force=force, structure=one.plan.structure if run else None)
    text = one.text(path.parent)
    if path.exists() and unsealed(path.read_bytes()) == unsealed(text.encode()):
        return
    write_atomically(path, text)


def is_current(one: Compiled, path: Path) -> bool:
    """Whether a file says what its spec gives, as swc writes it; where the spec lies, and line ends, do not matter."""
    return path.exists() and unsealed(path.read_bytes()).same_text(unsealed(one.text().encode()))


def is_unknown(one: Compiled, path: Path) -> bool:
    """Whether a file is of an earlier swc, and says something else, so that nobody can tell what was edited in it."""
    if state_of(path) is not Authorship.UNKNOWN:
        return False
    return unsealed(path.read_bytes()).text != unsealed(one.text().encode()).text


def compare(compiled: Sequence[Compiled], folder: Path) -> list[Output]:
    """How the files in a folder relate to what the specs give; nothing is written."""
    files = _files(compiled, folder)
    found = [_compare(path, one) for path, one in files.items()]
    return found + list(_left_over(compiled, folder, files))


def _files(compiled: Sequence[Compiled], folder: Path) -> dict[Path, Compiled]:
    owners: dict[str, Compiled] = {}
    for one in compiled:
        key = one.file_name.casefold()
        if key in owners:
            names = " and ".join(sorted({owners[key].program.sources[0].name, one.program.sources[0].name}))
            raise SpecError(
                (
                    Diagnostic(
                        "SW0802",
                        f"{names} would both be written to {folder / one.file_name}",
                        one.family.span,
                        label="the file is named after the family",
                        help="give the families different names",
                    ),
                )
            )
        owners[key] = one
    return {folder / one.file_name: one for one in compiled}


def _compare(path: Path, one: Compiled) -> Output:
    if not path.exists():
        return Output(path, State.MISSING)
    if is_current(one, path):
        return Output(path, State.CURRENT)
    data = path.read_bytes()
    lines = unified_diff(
        unsealed(data).text.splitlines(keepends=True),
        unsealed(one.text().encode()).text.splitlines(keepends=True),
        str(path),
        f"{path} (from its spec)",
        n=1,
    )
    return Output(path, _difference(path, one), "".join(lines))


def _difference(path: Path, one: Compiled) -> State:
    """In what way a file is not what a spec gives."""
    if edited(path):
        return State.EDITED
    origin = origin_of(path)
    other = origin is not None and one.path is not None and origin.is_of(one.path, path) is False
    return State.OTHER if other else State.CHANGED


def _left_over(compiled: Sequence[Compiled], folder: Path, current: Iterable[Path]) -> Iterator[Output]:
    """Files in the folder that the same specs gave under another family name.

    Such a file is one that certainly came from one of the specs. Where only the spec's name is the same, it may be
    another spec's, and stays; if that other one is there, nothing need be said of it.
    """
    kept = set(current)
    names = {spec_name(one.program) for one in compiled}
    for path in sorted(folder.glob("*.py")):
        origin = None if path in kept else origin_of(path)
        if origin is None or origin.spec not in names or f'    family="{path.stem}",\n' not in origin.content.text:
            continue  # another's, or a copy that somebody made: files are named after the family in them
        own = [origin.is_of(one.path, path) for one in compiled if one.path is not None]
        if True in own:
            yield Output(path, State.STALE_EDITED if edited(path) else State.STALE)
        elif False not in own:
            yield Output(path, State.DOUBTFUL)
