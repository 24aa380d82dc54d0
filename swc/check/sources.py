"""Reading the texts of specs, with a clear word when one cannot be read."""

from __future__ import annotations

from pathlib import Path

from swc.diagnostics import Diagnostic, Source, Span, SpecError
from swc.diagnostics.names import near_names

LARGEST_FILE = 4_000_000
"""Bytes that a spec may have: far more than anyone writes, and quick to refuse."""


def read_source(path: Path, name: str) -> Source:
    """Read a spec: UTF-8, with or without byte order mark, any line ending.

    Args:
        path: the file.
        name: what messages call it.

    Raises:
        SpecError: SW0001 when there is no such file, SW0002 when it is a folder, SW0003 when it cannot be read, SW0004
            when it is no UTF-8 text.
    """
    try:
        if path.is_dir():
            raise _error("SW0002", f"{name} is a folder, and a spec is a file", _specs_in(path))
        data = path.read_bytes() if path.stat().st_size <= LARGEST_FILE else None
    except FileNotFoundError as error:
        raise _error("SW0001", f"there is no file {name}", _missing(path)) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _error(
            "SW0003", f"{name} cannot be read: {reason.lower()}", "check the path and its permissions"
        ) from error
    if data is None:
        raise _error("SW0003", f"{name} is larger than {LARGEST_FILE:,} bytes", "a spec is a short text: is this one?")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_text(name, data, error) from error
    return Source(name, text.replace("\r\n", "\n").replace("\r", "\n"))


def _not_text(name: str, data: bytes, error: UnicodeDecodeError) -> SpecError:
    offset = error.start
    text = data[:offset].decode("utf-8-sig", errors="replace").replace("\r\n", "\n") + "�"
    source = Source(name, text)
    return SpecError(
        (
            Diagnostic(
                "SW0004",
                f"{name} is not UTF-8 text",
                Span(source, len(text) - 1, len(text)),
                label=f"byte {data[offset]:#04x} is not valid here",
                help="save the file as UTF-8",
            ),
        )
    )


def _error(code: str, summary: str, hint: str) -> SpecError:
    return SpecError((Diagnostic(code, summary, help=hint),))


def _specs_in(folder: Path) -> str:
    found = sorted(p.name for p in folder.glob("*.sw"))
    return f"name one of its files: {', '.join(found[:5])}" if found else "name a file that ends in `.sw`"


def _missing(path: Path) -> str:
    try:
        beside = [p.name for p in path.parent.iterdir() if p.suffix == ".sw"]
    except OSError:
        return f"there is no folder {path.parent.name or path.parent} either"
    near = near_names(path.name, beside)
    if near:
        return f"the nearest name is {near[0]}"
    return f"that folder has {', '.join(sorted(beside)[:5])}" if beside else "check the path"
