"""The similarities that a search measured, kept beside its lock file so that another τ takes no training."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from swc.diagnostics import Diagnostic, SpecError
from swc.family import Family
from swc.files import write_atomically
from swc.lock import Lock, structure_hash
from swc.lock.former import former_of, measured_now
from swc.plan.bins import kernel_name
from swc.plan.hints import tied_groups
from swc.record import FormatError, Record

if TYPE_CHECKING:
    from swc_runtime.search_result import SearchResult


@frozen
class Similarities:
    """What a search measured: on which data, from which bins of the spec (``swc.lock.bins_text``), with what held out.

    ``val`` is the fraction of the training images that was held out; None in files that do not say it.
    """

    search: SearchResult
    data: str
    bins: str | None
    val: float | None = None


def similarities_path(lock: Path) -> Path:
    """Where the measured similarities are kept: beside the lock, as ``<name>.similarities.json``."""
    return lock.with_suffix(".similarities.json")


def write_similarities(path: Path, lock: Lock, result: SearchResult) -> None:
    """Keep what a search measured; one row of the triangle a line, so that a diff shows which layers changed."""
    kept = {
        "structure": lock.structure,
        "data": lock.data,
        "bins": lock.bins,
        "val": lock.val,
        "search": result.to_json(),
    }
    text = json.dumps(kept, sort_keys=True).replace("], [", "],\n[")
    write_atomically(path, f"{text}\n")


def read_similarities(path: Path, family: Family) -> Similarities:
    """Read what a search of this version of the family measured.

    Raises:
        SpecError: SW0705 when the file is missing or damaged, or when it is of another version of the family.
    """
    from swc_runtime.search_result import SearchResult  # noqa: PLC0415 - it comes with the runtime

    try:
        kept = Record.parse(path.read_text(encoding="utf-8-sig"))
        structure, data, search = kept.text("structure"), kept.text("data"), kept.record("search")
        bins = None if kept.is_null("bins") else kept.text("bins")
        known = "val" in kept.values and not kept.is_null("val")
        val = kept.number("val") if known else None
        kept.close()
        if structure != structure_hash(family) and former_of(structure, family) is None:
            raise no_similarities(path, "they were measured on another version of the family")
        found = SearchResult.from_json(measured_now(search.values, structure, family))
    except OSError as error:
        raise no_similarities(path, f"the file cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise no_similarities(path, "they are damaged: the file is no UTF-8 text") from error
    except (FormatError, ValueError) as error:
        raise no_similarities(path, f"they are damaged: {error}") from error
    if {pool.kernel: sorted(pool.layers) for pool in found.pools} != _pools(family):
        raise no_similarities(path, "they are damaged: they name other layers than the family has, or in other pools")
    return Similarities(found, data, bins, val)


def check_same_search(path: Path, kept: Similarities, lock: Lock) -> None:
    """See that a lock file comes of the search that measured the similarities beside it.

    Raises:
        SpecError: SW0705 when they say different things about it.
    """
    measured = {
        "data": kept.data,
        "epochs": kept.search.epochs,
        "seed": kept.search.seed,
        "bins": kept.bins,
        "val": kept.val,
    }
    locked = {key: getattr(lock, key) for key in measured}
    if None in (kept.val, lock.val):  # files from before that was kept do not say it
        del measured["val"]
    odd = [
        f"{key} {_told(value)} and not {_told(locked[key])}" for key, value in measured.items() if value != locked[key]
    ]
    if odd:
        raise no_similarities(path, f"they are of another search than the lock file: {', '.join(odd)}")


def _told(value: object) -> str:
    return "of the planner's choice" if value is None else str(value)


def no_similarities(path: Path, why: str) -> SpecError:
    """The error of similarities that cannot be used (SW0705)."""
    return SpecError(
        (
            Diagnostic(
                "SW0705",
                f"the similarities in {path.name} cannot be used: {why}",
                help="run `swc search` again, without --threshold, to measure them anew",
            ),
        )
    )


def _pools(family: Family) -> dict[str, list[str]]:
    """The layers that a search compares with each other, by kernel size; sorted."""
    pools: dict[str, list[str]] = defaultdict(list)
    for group in tied_groups(family):
        pools[kernel_name(group)] += [layer.name for layer in group]
    return {kernel: sorted(layers) for kernel, layers in pools.items()}
