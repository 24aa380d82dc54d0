"""Whether a lock comes of the search that the spec asks for: at its τ, for its epochs, or of any search at all.

The clusters of such a lock are still good, so these are warnings: compiling goes on with them.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from swc.diagnostics import Diagnostic, Related, Severity
from swc.family import Clustering, Family
from swc.lock.file import lock_path
from swc.lock.model import Lock


def other_settings(lock: Lock, family: Family, spec: Path, lock_file: Path) -> tuple[Diagnostic, ...]:
    """Where the search of a lock and the search that the spec asks for differ: warnings SW0708 (τ), SW0709 (epochs).

    A lock whose τ was lowered to fit the budget, to just what the spec asks for now, has the spec's clusters.

    Args:
        lock: what the lock file says.
        family: what the spec says now; it asks for a search.
        spec: the spec's path, for the commands that messages name.
        lock_file: the lock's path.
    """
    asked = family.sharing.clustering
    found = []
    if asked.threshold not in {lock.threshold, lock.threshold_used}:
        found.append(_other_threshold(lock, family, spec, lock_file))
    if asked.epochs != lock.epochs:
        found.append(_other_epochs(lock, family, spec, lock_file))
    return tuple(found)


def unused_lock(family: Family, lock_file: Path) -> Diagnostic:
    """The warning (SW0710) that a lock file is there, or was asked for, and the spec wants none."""
    clustering = family.sharing.clustering
    return Diagnostic(
        "SW0710",
        f"lock file {lock_file.name} is not used: family `{family.name}` says `clusters {clustering.method}`",
        clustering.span or family.span,
        label="needs no search and no lock",
        help="delete the lock file, or write `clusters gradient(threshold=..., epochs=...)` to have its clusters",
        severity=Severity.WARNING,
    )


def _other_threshold(lock: Lock, family: Family, spec: Path, lock_file: Path) -> Diagnostic:
    asked, made = (_number(x) for x in (family.sharing.clustering.threshold, lock.threshold))
    lowered = "" if lock.threshold == lock.threshold_used else f" (lowered to {_number(lock.threshold_used)})"
    command = _command("lock apply", spec, lock_file, "--threshold", asked)
    return _warning(
        "SW0708",
        f"lock file {lock_file.name} was grouped at threshold={made}{lowered}, and the spec asks for threshold={asked}",
        family,
        lock,
        "threshold",
        f"to follow the spec, group again, which trains nothing: {command} (--dry-run shows which layers would move); "
        f"to keep the lock, write `{_as_in(lock)}` into the spec",
    )


def _other_epochs(lock: Lock, family: Family, spec: Path, lock_file: Path) -> Diagnostic:
    asked = family.sharing.clustering.epochs
    command = _command("search", spec, lock_file, "--data", lock.data)
    return _warning(
        "SW0709",
        f"lock file {lock_file.name} comes of a search with epochs={lock.epochs}, and the spec asks for epochs={asked}",
        family,
        lock,
        "epochs",
        f"to follow the spec, search again: {command}; to keep the lock, write `{_as_in(lock)}` into the spec",
    )


def _warning(code: str, summary: str, family: Family, lock: Lock, key: str, help_: str) -> Diagnostic:
    clustering, place = family.sharing.clustering, lock.place(key)
    return Diagnostic(
        code,
        summary,
        clustering.span or family.span,
        label=f"not as in the lock{'' if clustering.span else f': by default, `{_text(clustering)}`'}",
        related=(Related(place, "in the lock"),) if place else (),
        help=help_,
        severity=Severity.WARNING,
    )


def _command(words: str, spec: Path, lock_file: Path, *options: str) -> str:
    """A command on a spec, with the lock's path where it does not lie beside the spec."""
    beside = lock_file == lock_path(spec)
    return shlex.join(["swc", *words.split(), str(spec), *options, *(() if beside else ("--lock", str(lock_file)))])


def _as_in(lock: Lock) -> str:
    return _text(Clustering(threshold=lock.threshold, epochs=lock.epochs))


def _text(clustering: Clustering) -> str:
    return f"clusters {clustering.method}(threshold={_number(clustering.threshold)}, epochs={clustering.epochs})"


def _number(value: float) -> str:
    """A threshold in as many digits as tell it from its neighbours."""
    return repr(float(value)).removesuffix(".0")
