"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from itertools import count
from pathlib import Path

from swc_runtime.problems import CheckpointError

_SERIAL = count()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that its name holds either the old content or the new, whatever happens meanwhile.

    The content is on the disk before it gets its name, and the name before this returns. Parts that processes of this
    machine left behind when they were killed are removed.

    Raises:
        CheckpointError: the disk is full, or the folder cannot be written; an old file is left as it was.
    """
    temporary = path.with_name(f".{path.name}.{_machine()}.{os.getpid()}.{next(_SERIAL)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(path)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - the call whose atomicity is documented
    except OSError as problem:
        kept = " The file of the same name that was there is unchanged." if path.exists() else ""
        raise CheckpointError(
            f"{path} could not be written: {problem.strerror or problem}. Make room or choose another folder.{kept}"
        ) from problem
    finally:
        with suppress(OSError):  # gone after the replacement
            temporary.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """See that a new name outlives a power failure, where the system can."""
    with suppress(OSError):  # not every system opens folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _machine() -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in platform.node())


def _clear_leftovers(path: Path) -> None:
    """Remove what processes of this machine that are no more left of the file ``path``."""
    start = f".{path.name}.{_machine()}."
    for part in path.parent.iterdir():
        if part.name.startswith(start) and part.suffix == ".tmp":
            process = part.name.removeprefix(start).partition(".")[0]
            if process.isdigit() and not _alive(int(process)):
                part.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    if os.name != "posix":  # elsewhere the question itself may end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another person's
        return True
    return True
