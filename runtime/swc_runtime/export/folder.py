"""The folder of an export: files are made aside, and take their places only when all of them are good."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from swc_runtime.export.manifest import NAME, Manifest, joined, read_manifest
from swc_runtime.problems import ExportError

_STAGE = ".swc-export-"
_DAY = 24 * 3600.0
"""Seconds."""


def check_free(folder: Path, names: Iterable[str]) -> None:
    """See that writing files of some names, and the manifest, destroys nobody's work.

    Raises:
        ExportError: one is there that ``swc export`` did not write, or that has changed since; or the folder is none.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        raise ExportError(f"{folder} is a file, and exports go into a folder: choose another (`-o`).")
    manifest = read_manifest(folder / NAME)
    odd = [folder / name for name in names if os.path.lexists(folder / name)]
    if manifest is not None:
        odd = [path for path in odd if not manifest.accounts_for(path)]
    elif os.path.lexists(folder / NAME):
        odd.append(folder / NAME)
    if odd:
        one = len(odd) == 1
        raise ExportError(
            f"{', '.join(map(str, odd))} {'is' if one else 'are'} there, and not as swc export wrote "
            f"{'it' if one else 'them'}: choose another folder (`-o`), move {'it' if one else 'them'} away, or write "
            "over it with `--force`."
        )


@contextmanager
def stage(folder: Path) -> Iterator[Path]:
    """An empty folder within another, gone at the end; the other is made, and unmade if nothing comes of it.

    Raises:
        ExportError: the folder cannot be written.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    made = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(folder)
        made = Path(tempfile.mkdtemp(prefix=_STAGE, dir=folder))
        yield made
    except OSError as problem:
        raise ExportError(
            f"{folder} cannot be written ({problem.strerror or problem}): make room, or choose another folder (`-o`)."
        ) from problem
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)
        for place in missing:
            with suppress(OSError):  # it holds something now
                place.rmdir()


def _clear_leftovers(folder: Path) -> None:
    """Remove what exports left that were killed: they take minutes, so what is a day old is nobody's."""
    for left in folder.glob(f"{_STAGE}*"):
        if time.time() - left.stat().st_mtime > _DAY:
            shutil.rmtree(left, ignore_errors=True)


def publish(made: Path, folder: Path, manifest: Manifest) -> Manifest:
    """Put files and their manifest into a folder, and remove what an export of something else left there.

    Whenever this is cut off, each file is whole, and the manifest knows it as the old or the new one.

    Args:
        made: where the files lie.
        folder: where they belong.
        manifest: of these files.

    Returns:
        The manifest as it was written, with the artefacts of an export of the same networks that was there.
    """
    old = read_manifest(folder / NAME)
    result = joined(old, manifest, folder)
    before = {} if old is None else {**old.replaced, **old.files}
    for name in manifest.files:
        _settle(made / name)
    if before:
        _put(replace(result, replaced=before), made, folder)
    for name in manifest.files:
        (made / name).replace(folder / name)
    for name in set(before) - set(result.files):
        if old is not None and old.accounts_for(folder / name):
            (folder / name).unlink()
    _put(result, made, folder)
    return result


def _put(manifest: Manifest, made: Path, folder: Path) -> None:
    path = made / NAME
    path.write_text(manifest.text(), encoding="utf-8")
    _settle(path)
    path.replace(folder / NAME)


def _settle(path: Path) -> None:
    """See that a file's content is on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
