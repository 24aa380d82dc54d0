"""Generated files in a folder: written, compared, and recognised as swc's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import unified_diff
from enum import StrEnum
from pathlib import Path

from attrs import frozen

from swc.compiler import Compiled
from swc.diagnostics import Diagnostic, SpecError
from swc.emit import MARKER
from swc.files import write_atomically

_HEADER = re.compile(re.escape(MARKER) + r" (?P<spec>\S+) ")

_DOCUMENT = re.compile(r'\{\s*"format_version": \d+,\s*"family": ')


class State(StrEnum):
    """How a generated file relates to what the spec says."""

    CURRENT = "up to date"
    CHANGED = "differs from what its spec gives"
    MISSING = "missing"
    STALE = "left over: its spec now gives another file"


@frozen
class Output:
    """One file of a folder of generated files; ``difference`` is a unified diff when it has changed."""

    path: Path
    state: State
    difference: str = ""


def spec_of(path: Path) -> str | None:
    """The name of the spec that a file was generated from, or None when swc did not write the file."""
    try:
        with path.open(encoding="utf-8") as file:
            first = file.readline(400)
    except (OSError, UnicodeDecodeError):
        return None
    match = _HEADER.match(first)
    return match["spec"] if match else None


def check_ours(path: Path) -> None:
    """Check that writing a file destroys nobody else's work.

    Raises:
        SpecError: SW0801 when the file exists and swc did not write it.
    """
    if path.exists() and spec_of(path) is None:
        raise SpecError(
            (
                Diagnostic(
                    "SW0801",
                    f"{path} exists, and swc did not write it",
                    help="choose another folder, move the file away, or compile over it with `swc compile --force`",
                ),
            )
        )


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
        SpecError: SW0801 when a file of that name was not written by swc (unless ``force``), SW0802 when two specs want
            the same file.
        OSError: when the folder cannot be written.
    """
    texts = _texts(compiled, folder)
    if not force:
        for path in texts:
            check_ours(path)
    written = []
    for path, text in texts.items():
        output = _compare(path, text)
        write_atomically(path, text)
        written.append(output)
    for path in _stale(compiled, folder, texts):
        path.unlink()
        written.append(Output(path, State.STALE))
    return written


def compare(compiled: Sequence[Compiled], folder: Path) -> list[Output]:
    """How the files in a folder relate to what the specs give; nothing is written."""
    texts = _texts(compiled, folder)
    found = [_compare(path, text) for path, text in texts.items()]
    found.extend(Output(path, State.STALE) for path in _stale(compiled, folder, texts))
    return found


def _texts(compiled: Sequence[Compiled], folder: Path) -> dict[Path, str]:
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
    return {folder / one.file_name: one.text() for one in compiled}


def _compare(path: Path, text: str) -> Output:
    if not path.exists():
        return Output(path, State.MISSING)
    old = path.read_text(encoding="utf-8", errors="replace")
    if old == text:
        return Output(path, State.CURRENT)
    lines = unified_diff(
        old.splitlines(keepends=True), text.splitlines(keepends=True), str(path), f"{path} (from its spec)", n=1
    )
    return Output(path, State.CHANGED, "".join(lines))


def _stale(compiled: Sequence[Compiled], folder: Path, current: Iterable[Path]) -> list[Path]:
    """Files in the folder that the same specs gave under another family name."""
    kept = set(current)
    specs = {Path(one.program.sources[0].name).name for one in compiled}
    return [path for path in sorted(folder.glob("*.py")) if path not in kept and spec_of(path) in specs]
