"""What can go wrong while a data set is fetched, in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from swc_runtime.problems import DataError


@contextmanager
def downloading(title: str, root: Path) -> Iterator[None]:
    """Turn the failures of a download into one sentence.

    Raises:
        DataError: no connection, no space, a folder that cannot be written, or a file that arrives damaged.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        yield
    except (OSError, RuntimeError) as problem:
        raise DataError(f"{title} could not be downloaded into {root}: {problem}") from problem
