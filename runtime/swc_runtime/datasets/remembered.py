"""What the last check found, kept beside the user's other caches: images that have not changed are not read again.

Like git's index, an entry is trusted as long as each file's size, times and inode are what they were. To score, measure
or export a run, or to go on with it, a large data set then need not be decoded another time.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
import zipfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import torch
from numpy.typing import NDArray

from swc_runtime.datasets.checked import Checked
from swc_runtime.datasets.kind import Request
from swc_runtime.datasets.sources import Source
from swc_runtime.durable import write_atomically
from swc_runtime.problems import RuntimeProblem

FORMAT = 2
"""Goes up when what is read from files changes, or how it is kept."""

_WORTH = 2000
"""Images from which on it is worth it: fewer are read in seconds."""

_KEPT = 16
_SETTLED = 2.0
"""Seconds after which a file's times tell of every further change."""


def place_of(source: Source, request: Request) -> Path | None:
    """The file for what is found in a source as it is now, read as is asked for; None where nothing is kept.

    It is another one as soon as a file of the source changes.
    """
    folder = cache_folder()
    if folder is None or len(source) < _WORTH:
        return None
    try:
        state = source.state()
    except OSError:  # a file is missing: reading will say so
        return None
    if state is None or state.newest > time.time() - _SETTLED:
        return None
    settings = repr((FORMAT, PIL.__version__, request.input, request.alpha, request.skip_unreadable))
    return folder / f"{hashlib.blake2b(settings.encode() + state.digest, digest_size=16).hexdigest()}.npz"


def recall(path: Path | None, count: int) -> Checked | None:
    """What a check of ``count`` images has left at ``path`` (see ``place_of``); None if there is nothing whole."""
    if path is None or not path.is_file():
        return None
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            kept, digests, unreadable = file["kept"], file["digests"], file["unreadable"]
            sums, told = file["sums"], file["told"]
            whole = file["check"].tobytes() == _check((kept, digests, unreadable, sums, told))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    if not whole or len(kept) + len(unreadable) != count:
        return None
    found = Checked(digests={int(index): row.tobytes() for index, row in zip(kept, digests, strict=True)})
    found.unreadable = unreadable.tolist()
    found.moments.add_sums(int(told[0]), torch.from_numpy(sums), int(told[1]))
    return found


def remember(path: Path | None, found: Checked) -> None:
    """Keep what a check has found; where that is not possible, the next check reads everything again."""
    if path is None:
        return
    kept = np.array(sorted(found.digests), dtype=np.int64)
    digests = np.frombuffer(b"".join(found.digests[index] for index in kept.tolist()), np.uint8).reshape(len(kept), -1)
    arrays: dict[str, NDArray[Any]] = {
        "kept": kept,
        "digests": digests,
        "unreadable": np.array(sorted(found.unreadable), dtype=np.int64),
        "sums": found.moments.sums.numpy(),
        "told": np.array([found.moments.count, found.moments.highest], dtype=np.int64),
    }
    buffer = io.BytesIO()
    check = np.frombuffer(_check(arrays.values()), np.uint8)
    np.savez(buffer, allow_pickle=False, check=check, **arrays)
    with suppress(OSError, RuntimeProblem):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, buffer.getvalue())
        for old in sorted(path.parent.glob("*.npz"), key=lambda one: one.stat().st_mtime)[:-_KEPT]:
            old.unlink()


def _check(arrays: Iterable[NDArray[Any]]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(repr((array.shape, array.dtype.str)).encode() + array.tobytes())
    return digest.digest()


def cache_folder() -> Path | None:
    """Where checks are kept: ``SWC_CACHE_DIR`` (empty: nowhere), else ``swc/checked`` of the user's caches."""
    given = os.environ.get("SWC_CACHE_DIR")
    if given is not None:
        return Path(given).expanduser() / "checked" if given else None
    with suppress(RuntimeError):  # nobody's home is known
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "swc" / "checked"
    return None
