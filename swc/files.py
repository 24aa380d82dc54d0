"""Writing files: whole or not at all, and never over what swc did not write."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that readers see the old content or the new, never a part.

    Parent folders are made as needed; where a link stands, the file that it leads to is written. A file that already
    has this content is left alone, time stamp and all.

    Raises:
        OSError: when the disk is full or the place cannot be written; it names the file that was to be written
            (or what stands where its folder should be), and nothing is left behind.
    """
    write_bytes_atomically(path, text.encode())


def write_bytes_atomically(path: Path, data: bytes) -> None:
    """Write any file as ``write_atomically`` does a text."""
    place = Path(os.path.realpath(path))  # replacing a link itself would leave its file as it was
    with contextlib.suppress(OSError):
        if path.read_bytes() == data:
            return
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, "a folder is needed, and this is a file", error.filename) from error
    try:
        _replace(place, data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _replace(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
