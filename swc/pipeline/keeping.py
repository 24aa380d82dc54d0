"""The generated file of a run, kept beside its checkpoint: a run's folder says by itself what its weights are of."""

from __future__ import annotations

import os
from pathlib import Path

from swc.authorship import check_ours, edited, origin_of
from swc.files import write_atomically
from swc.seal import sealed, unsealed


def kept_path(folder: Path, family: str) -> Path:
    """Where the generated file of a run lies in its folder."""
    return folder / f"{family}.py"


def check_kept(path: Path, folder: Path, family: str) -> None:
    """See that keeping a generated file in a run's folder will not replace one there that was edited by hand.

    Args:
        path: the file that is to be trained.
        folder: the run's.
        family: its name.

    Raises:
        SpecError: SW0806 when it would.
    """
    kept = kept_path(folder, family)
    elsewhere = os.path.realpath(path.parent) != os.path.realpath(folder)
    if elsewhere and edited(kept) and unsealed(kept.read_bytes()).text != unsealed(path.read_bytes()).text:
        check_ours(kept)


def keep_generated(content: bytes, path: Path, folder: Path, family: str) -> None:
    """Keep what was trained in the run's folder, if it does not lie there; a file that swc did not write stays.

    Args:
        content: of the generated file, as it was when it was loaded.
        path: where it was loaded from.
        folder: the run's.
        family: its name.
    """
    kept = kept_path(folder, family)
    if os.path.realpath(path.parent) == os.path.realpath(folder) or (os.path.lexists(kept) and origin_of(kept) is None):
        return
    found = unsealed(content)
    # The place of the spec counts from the file, so a copy does not say it; one that was edited shows that it was.
    text = sealed(found.text, None) if found.is_intact else content.decode("utf-8", errors="replace")
    write_atomically(kept, text)
