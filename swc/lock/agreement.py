"""Whether a lock file, a spec and the search that made the lock agree: what ``swc lock verify`` checks."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve, frozen

from swc.compiler import LockChoice, load_spec
from swc.diagnostics import Diagnostic, Severity, SpecError
from swc.documents import parse_document
from swc.family import ClusterMethod, Family
from swc.lock.file import read_lock
from swc.lock.former import former_of, measured_now, with_names_of_now
from swc.lock.model import Lock
from swc.lock.moves import Move, moves
from swc.lock.settings import as_in, other_name, other_settings
from swc.lock.verify import verify_lock
from swc.plan import cluster_name, shareable_layers
from swc.plan.model import Plan


@frozen
class Agreement:
    """A lock that fits its spec's layers, the plan they give, and the layers that somebody moved since the search.

    ``differences`` are warnings on where the spec asks for another search than the lock's; ``former`` says that the
    lock was written before names of the spec were `moved`.
    """

    lock: Lock
    plan: Plan
    moved: tuple[Move, ...]
    differences: tuple[Diagnostic, ...]
    former: bool = False


def verify_spec(spec: Path, lock_file: Path, similarities: Path) -> Agreement:
    """Compare a spec with its lock file.

    Args:
        spec: the spec.
        lock_file: its lock file.
        similarities: what the search kept beside the lock; without it nothing is known about moves by hand.

    Raises:
        SpecError: the spec has errors, asks for no search (SW0704), has no lock (SW0707), or does not agree with it
            (SW0701 to SW0703, SW0706), or the planner does not accept the clusters (SW06xx, SW071x).
    """
    loaded = load_spec(spec, LockChoice(ignored=True))
    family = loaded.family
    method = family.sharing.clustering.method
    if method is not ClusterMethod.GRADIENT:
        raise SpecError(
            (
                Diagnostic(
                    "SW0704",
                    f"family `{family.name}` says `clusters {method}`, which needs no search and no lock file",
                    family.span,
                    help=f"write `{as_in(existing_lock(lock_file, spec))}`, or delete the lock file",
                ),
            )
        )
    written = existing_lock(lock_file, spec)
    lock = with_names_of_now(written, family)
    verify_lock(lock, family, (x.name for x in shareable_layers(family)), lock_file.name, shown=None)
    plan = evolve(loaded, lock=lock).compiled().plan
    differences = other_settings(lock, family, spec, lock_file)
    return Agreement(lock, plan, _moved(lock, family, similarities), differences, former=lock is not written)


def existing_lock(path: Path, spec: Path | None = None) -> Lock:
    """Read a lock file that has to be there.

    Raises:
        SpecError: SW0707 when there is none, or as :func:`swc.lock.read_lock`.
    """
    if not path.exists():
        raise SpecError(
            (
                Diagnostic(
                    "SW0707",
                    f"there is no lock file {path}",
                    help=f"find what should share: swc search {spec or 'SPEC'} --data ...",
                ),
            )
        )
    return read_lock(path, path.name or str(path))


def lock_to_replace(path: Path, spec: Path, similarities: Path, family: Family) -> Lock | None:
    """The lock file in whose place another grouping of the same search is to be written; None if it is gone.

    Raises:
        SpecError: there is neither a lock nor similarities (SW0707); the lock is damaged, or belongs to another version
            of the family (SW0701 to SW0703, SW0706) or to another family with the same layers (SW0721), so that it
            may not be replaced.
    """
    if not path.exists() and not path.is_symlink() and similarities.exists():
        return None
    lock = with_names_of_now(existing_lock(path, spec), family)
    verify_lock(lock, family, (x.name for x in shareable_layers(family)), path.name, shown=None)
    if lock.family != family.name:
        raise SpecError((evolve(other_name(lock, family, path), severity=Severity.ERROR),))
    return lock


def _moved(lock: Lock, family: Family, similarities: Path) -> tuple[Move, ...]:
    """Layers that are not where the search of this lock put them; none if the search is not known."""
    try:
        kept = parse_document(similarities.read_text(encoding="utf-8-sig"))
        search = (kept["data"], kept["search"]["epochs"], kept["search"]["seed"])
        known = kept["structure"] == lock.structure or former_of(kept["structure"], family) is not None
        if not known or search != (lock.data, lock.epochs, lock.seed):
            return ()
        measured = measured_now(kept["search"], kept["structure"], family)
        groups = [tuple(map(str, group)) for group in measured["groups"]]
        if sorted(layer for group in groups for layer in group) != sorted(lock.layers):
            return ()
        found = {cluster_name(group, family): group for group in groups}
    except (OSError, ValueError, TypeError, KeyError, StopIteration, IndexError):
        return ()  # what the search kept can be missing or damaged, and the lock be good all the same
    return moves(found, lock.cluster_layers())
