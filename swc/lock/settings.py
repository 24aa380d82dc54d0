"""Whether a lock comes of the search that the spec asks for: at its τ, for its epochs, from its bins, or any at all.

The clusters of such a lock are still good, so these are warnings: compiling goes on with them.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from swc.diagnostics import Diagnostic, Related, Severity
from swc.family import Clustering, Family, Sharing
from swc.family.written import clustering as written
from swc.family.written import number
from swc.lock.file import lock_path
from swc.lock.model import Lock


def other_settings(lock: Lock, family: Family, spec: Path, lock_file: Path) -> tuple[Diagnostic, ...]:
    """Where the search of a lock and the search that the spec asks for differ, as warnings.

    SW0708: another τ; SW0709: other epochs; SW0720: other bins to start from; SW0721: a family of another name.
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
    if bins_text(family.sharing) != lock.bins:
        found.append(_other_bins(lock, family, spec, lock_file))
    if lock.family != family.name:
        found.append(other_name(lock, family, lock_file))
    return tuple(found)


def bins_text(sharing: Sharing) -> str | None:
    """The bins that a search starts from as a spec writes them, None where it leaves them to the planner.

    Hints of one number are told as one, their patterns sorted.
    """
    own = [f"bins {sharing.bins}"] if sharing.bins is not None else []
    for many in sorted({each.count for each in sharing.bin_hints}):
        patterns = {pattern for each in sharing.bin_hints if each.count == many for pattern in each.patterns}
        own.append(f"bins {many} for {', '.join(sorted(patterns))}")
    return "; ".join(own) or None


def lowered(lock: Lock) -> str:
    """What to add where a lock's τ is told: nothing, or that it was lowered and why."""
    if lock.threshold_used == lock.threshold:
        return ""
    return f" (asked for {number(lock.threshold)}, whose clusters do not fit the budget whole)"


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
    asked, made = (number(x) for x in (family.sharing.clustering.threshold, lock.threshold))
    fell = "" if lock.threshold == lock.threshold_used else f" (lowered to {number(lock.threshold_used)})"
    command = _command("lock apply", spec, lock_file, "--threshold", asked)
    return _warning(
        "SW0708",
        f"lock file {lock_file.name} was grouped at threshold={made}{fell}, and the spec asks for threshold={asked}",
        family,
        lock,
        "threshold",
        f"to follow the spec, group again, which trains nothing: {command} (--dry-run shows which layers would move); "
        f"to keep the lock, write `{as_in(lock)}` into the spec",
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
        f"to follow the spec, search again: {command}; to keep the lock, write `{as_in(lock)}` into the spec",
    )


def _other_bins(lock: Lock, family: Family, spec: Path, lock_file: Path) -> Diagnostic:
    asked = bins_text(family.sharing)
    command = _command("search", spec, lock_file, "--data", lock.data)
    keep = f"write `{lock.bins}` into the spec" if lock.bins else "take `bins` out of the spec"
    return Diagnostic(
        "SW0720",
        f"lock file {lock_file.name} comes of a search that started from {_bins(lock.bins)}, and the spec asks for "
        f"{_bins(asked)}",
        family.sharing.bins_span
        or next((span for hint in family.sharing.bin_hints for span in hint.spans), family.span),
        label="not as in the lock",
        related=(Related(place, "in the lock"),) if (place := lock.place("bins")) else (),
        help=f"to follow the spec, search again: {command}; to keep the lock, {keep}",
        severity=Severity.WARNING,
    )


def _bins(text: str | None) -> str:
    return f"`{text}`" if text else "bins of the planner's choice"


def other_name(lock: Lock, family: Family, lock_file: Path) -> Diagnostic:
    """The warning (SW0721) that a lock was made for a family of another name with just the same layers."""
    return Diagnostic(
        "SW0721",
        f"lock file {lock_file.name} was made for a family `{lock.family}` with just the layers of `{family.name}`",
        family.span,
        label="another name than in the lock",
        related=(Related(place, "in the lock"),) if (place := lock.place("family")) else (),
        help=f'if the family was renamed, write `"family": "{family.name}"` into the lock file; if the lock belongs to '
        "another spec, put it back there and search again",
        severity=Severity.WARNING,
    )


def other_held_out(lock: Lock, held: float, family: Family, lock_file: Path) -> Diagnostic:
    """The warning (SW0722) that a search held other images out than the training ``held`` (a fraction) does."""
    assert lock.val is not None  # noqa: S101 - nothing is told of what is not known
    return Diagnostic(
        "SW0722",
        f"lock file {lock_file.name} comes of a search with --val {lock.val:g}, and the training has --val {held:g}: "
        "the clusters were found on images that are held out now, whose scores flatter",
        family.span,
        related=(Related(place, "in the lock"),) if (place := lock.place("val")) else (),
        help=f"search again with --val {held:g}, or train with --val {lock.val:g}",
        severity=Severity.WARNING,
    )


def _warning(code: str, summary: str, family: Family, lock: Lock, key: str, help_: str) -> Diagnostic:
    clustering, place = family.sharing.clustering, lock.place(key)
    return Diagnostic(
        code,
        summary,
        clustering.span or family.span,
        label=f"not as in the lock{'' if clustering.span else f': by default, `clusters {written(clustering)}`'}",
        related=(Related(place, "in the lock"),) if place else (),
        help=help_,
        severity=Severity.WARNING,
    )


def _command(words: str, spec: Path, lock_file: Path, *options: str) -> str:
    """A command on a spec, with the lock's path where it does not lie beside the spec."""
    beside = lock_file == lock_path(spec)
    return shlex.join(["swc", *words.split(), str(spec), *options, *(() if beside else ("--lock", str(lock_file)))])


def as_in(lock: Lock) -> str:
    """The search of a lock as a spec asks for it: ``clusters gradient(threshold=0.1, epochs=20)``."""
    return f"clusters {written(Clustering(threshold=lock.threshold, epochs=lock.epochs))}"
