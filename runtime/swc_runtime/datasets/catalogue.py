"""The data sets by name: every kind that has a file in ``kinds``."""

from __future__ import annotations

import difflib
import importlib
import os
import pkgutil
from dataclasses import replace
from pathlib import Path

from swc_runtime.datasets import kinds
from swc_runtime.datasets.dataset import Dataset
from swc_runtime.datasets.images import Alpha
from swc_runtime.datasets.kind import DataKind, Request
from swc_runtime.problems import DataError
from swc_runtime.progress import Reporter, Silent


def _found() -> dict[str, DataKind]:
    modules = sorted(module.name for module in pkgutil.iter_modules(kinds.__path__))
    found = [kind for name in modules for kind in importlib.import_module(f"{kinds.__name__}.{name}").KINDS]
    return {kind.name: kind for kind in sorted(found, key=lambda kind: (bool(kind.argument), kind.name))}


KINDS: dict[str, DataKind] = _found()
"""All kinds by name; those that are whole by their name come first."""

NAMES = tuple(kind.usage for kind in KINDS.values())
"""What ``load`` accepts; words in capitals stand for what belongs there."""


def load(  # noqa: PLR0913 - what is asked for, then options that are given by name
    name: str,
    root: Path,
    *,
    input: tuple[int, int, int],  # noqa: A002 - the spec's own word
    classes: int,
    download: bool = False,
    workers: int = 2,
    alpha: Alpha = "white",
    skip_unreadable: bool = False,
    allow_missing_classes: bool = False,
    reporter: Reporter | None = None,
) -> Dataset:
    """Find a data set and check that it fits a family.

    Args:
        name: one of ``NAMES``.
        root: the folder that data sets lie in (it may be read-only).
        input: the family's (channels, height, width).
        classes: the family's number of classes.
        download: fetch a missing data set into ``root``; never without being asked.
        workers: processes that read images (where images are files, or a Python data set).
        alpha: what transparent pixels lie on where the family takes no alpha: white, black, or ``refuse`` them.
        skip_unreadable: leave out what cannot be read (``Dataset.skipped``), instead of refusing the data set.
        allow_missing_classes: take classes that have no images in one half.
        reporter: shows the phase ``check``, in which every image is read once.

    Raises:
        DataError: unknown name, missing or damaged files, or a data set that does not fit the family.
    """
    check_workers(workers)
    word, colon, argument = name.partition(":")
    kind = KINDS.get(word)
    if kind is None or (colon and not kind.argument):
        raise DataError(f"There is no data set {name!r}{_meant(name)}: the choice is {', '.join(NAMES)}.")
    if kind.argument and not argument:
        raise DataError(f"--data {word} needs to know which: write {kind.usage}.")
    request = Request(
        argument,
        root,
        input,
        classes,
        download,
        workers,
        alpha,
        skip_unreadable,
        allow_missing_classes,
        reporter or Silent(),
    )
    data = kind.load(request)
    request.check_fit(name, data.input, data.classes)
    return replace(data, alpha=alpha)


def check_workers(workers: int) -> None:
    """Check a number of reading processes.

    Raises:
        DataError: below 0, or more than this machine can be meant to run.
    """
    cores = os.cpu_count() or 1
    most = max(64, 4 * cores)
    if not 0 <= workers <= most:
        raise DataError(
            f"{workers} processes to read images (--workers) make no sense on {cores} cores: give 0 (none beside the "
            f"training) to {most}; about one per core is fastest."
        )


def _meant(name: str) -> str:
    """The data set that was probably meant: spelled alike, named in part (``mnist``), or the kind of a path."""
    word, colon, argument = name.partition(":")
    if not colon and Path(name).expanduser().exists():
        return f" (did you mean {_kind_of(Path(name).expanduser())}:{name}?)"
    known = [kind.name for kind in KINDS.values()]
    parts = [kind for kind in known if word.lower() in kind] if len(word) > 3 else []
    near = parts or difflib.get_close_matches(word.lower().replace("_", "-"), known, n=1, cutoff=0.7)
    if not near:
        return ""
    kind = KINDS[near[0]]
    meant = f"{kind.name}:{argument}" if kind.argument and argument else kind.usage
    return f" (did you mean {meant}?)"


def _kind_of(path: Path) -> str:
    if path.is_dir():
        return "webdataset" if any(path.glob("*.tar")) else "imagefolder"
    return {".npz": "npz", ".tar": "webdataset"}.get(path.suffix.lower(), "imagefolder")
