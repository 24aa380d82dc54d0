"""``spec → lock``: the search for clusters, joined from the compiler's side and the runtime's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from swc.compiler import Compiled, LockChoice, compile_spec, load_spec
from swc.diagnostics import Diagnostic, SpecError
from swc.diagnostics.words import count
from swc.family import ClusterMethod, Family
from swc.lock import Lock, bins_text, outline, structure_hash, write_lock
from swc.lock.agreement import existing_lock, verify_spec
from swc.output import write_generated
from swc.pipeline.modules import load_family_class
from swc.pipeline.ready import Ready, held, make_ready
from swc.pipeline.settings import Run
from swc.pipeline.similarities import (
    check_same_search,
    no_similarities,
    read_similarities,
    similarities_path,
    write_similarities,
)
from swc.plan import cluster_name, fits, shareable_layers
from swc.plan.hints import hand_made, tied_groups

if TYPE_CHECKING:
    from swc_runtime.search_result import SearchResult

Groups = tuple[tuple[str, ...], ...]


@frozen
class Hints:
    """What a search may not change: groups of layers that stay together, and pairs that never meet."""

    together: tuple[tuple[str, ...], ...]
    apart: tuple[tuple[str, str], ...]


def search_hints(family: Family) -> Hints:
    """The hints that bind a search, among the layers that share.

    A cluster made by hand stays together, and its first layer, for all of it, apart from every layer outside.
    """
    groups = [tuple(layer.name for layer in group) for group in tied_groups(family)]
    shared = {name for group in groups for name in group}
    made = hand_made(family)
    apart = tuple(
        (a, b)
        for hint in family.sharing.aparts
        for first, second in combinations(hint.layers, 2)
        for a in first
        for b in second
        if a in shared and b in shared
    )
    alone = tuple(
        (group[0], other) for group in groups if group[0] in made for other in sorted(shared.difference(group))
    )
    return Hints(tuple(group for group in groups if len(group) > 1), apart + alone)


def named_clusters(groups: Groups, family: Family) -> dict[str, tuple[str, ...]]:
    """Groups of layer names under the names of their clusters."""
    return {cluster_name(group, family): group for group in groups}


def needs_search(family: Family) -> bool:
    """Whether a family asks for a search, and has at least two layers that could share."""
    return family.sharing.clustering.method is ClusterMethod.GRADIENT and len(shareable_layers(family)) > 1


def compile_for_search(spec: Path) -> Compiled:
    """Compile a spec as the search wants it: no lock, layers of a kernel size together.

    Raises:
        SpecError: SW0704 when there is nothing to search.
    """
    compiled = compile_spec(spec, LockChoice(ignored=True))
    if needs_search(compiled.family):
        return compiled
    method = compiled.family.sharing.clustering.method
    if method is ClusterMethod.GRADIENT:
        why, remedy = "has fewer than two layers that may share", "take back `private` hints, or just train it"
    else:
        why = f"says `clusters {method}`, which needs no search"
        remedy = "write `clusters gradient(threshold=0.1, epochs=20)` in its share section, or just train it"
    raise SpecError(
        (
            Diagnostic(
                "SW0704",
                f"family `{compiled.family.name}` {why}",
                compiled.family.span,
                label="nothing to search",
                help=remedy,
            ),
        )
    )


def lock_of(compiled: Compiled, result: SearchResult, data: str, bins: str | None, val: float | None = None) -> Lock:
    """The lock file's content for what a search found: on which data, from which bins, with what fraction held out."""
    family = compiled.family
    shapes = family.layer_by_name
    clusters = {
        name: {layer: shapes[layer].shape for layer in layers}
        for name, layers in named_clusters(result.groups, family).items()
    }
    return Lock(
        family=family.name,
        structure=structure_hash(family),
        data=data,
        epochs=result.epochs,
        seed=result.seed,
        threshold=result.requested,
        threshold_used=result.threshold,
        clusters=clusters,
        bins=bins,
        val=val,
        outline=outline(family),
    )


def run_search(
    compiled: Compiled, run: Run, folder: Path, epochs: int | None = None, ready: Ready | None = None
) -> tuple[Lock, SearchResult]:
    """Train the family hard-shared, compare gradients and group layers (paper, sec. 2.2.1).

    ``folder`` receives the generated file that the search trains, and belongs to this search alone meanwhile. Nothing
    is written to the lock file yet.

    Raises:
        SpecError: SW0801 when a file of that name is there that swc did not write.
        RuntimeProblem: the data, the options or the hardware do not allow it, or the loss is no longer finite.
    """
    import torch  # noqa: PLC0415 - the search runs on torch; compiling must not load it

    from swc_runtime.recipe import GradientSearch  # noqa: PLC0415
    from swc_runtime.room import built  # noqa: PLC0415
    from swc_runtime.search import search  # noqa: PLC0415

    ready = ready or make_ready(run, compiled.family, compiled.plan.parameters.total)
    path = folder / compiled.file_name
    clustering = compiled.family.sharing.clustering
    hints = search_hints(compiled.family)
    with held(folder, ready):
        write_generated(compiled, path)
        family_class = load_family_class(path)
        torch.manual_seed(run.options.seed)
        result = search(
            built(family_class),
            ready.data,
            GradientSearch(clustering.threshold, epochs or clustering.epochs),
            replace(run.options, freeze=()),  # what should share is a question to all members
            fits=fits_budget(compiled.family),
            together=hints.together,
            apart=hints.apart,
            fabric=ready.fabric,
            reporter=run.reporter,
        )
    bins = bins_text(compiled.family.sharing)
    return lock_of(compiled, result, ready.data.name, bins, run.options.val), result


def regroup_from(
    path: Path, compiled: Compiled, threshold: float, lock: Lock | None = None
) -> tuple[Lock, SearchResult]:
    """Group the layers again at another τ, from the similarities that a search kept; nothing is trained.

    ``lock`` is the lock file that is to be replaced, if it should be of the same search.

    Raises:
        SpecError: SW0705 when the kept similarities are missing, damaged, of another version of the family or of
            another search than the lock.
    """
    from swc_runtime.search_result import fit_threshold, regroup  # noqa: PLC0415

    kept = read_similarities(path, compiled.family)
    before = kept.search
    if lock is not None:
        check_same_search(path, kept, lock)
    hints = search_hints(compiled.family)
    if regroup(before.pools, before.threshold, together=hints.together, apart=hints.apart) != before.groups:
        raise no_similarities(
            path, f"at their own τ = {before.threshold:g} they do not give the groups that they state"
        )
    found = fit_threshold(
        before.pools, threshold, fits_budget(compiled.family), together=hints.together, apart=hints.apart
    )
    if found is None:
        raise no_similarities(path, "no threshold gives clusters that fit the budget")
    result = replace(before, groups=found[0], requested=threshold, threshold=found[1])
    return lock_of(compiled, result, kept.data, kept.bins, kept.val), result


def rename(spec: Path, lock_file: Path) -> str:
    """Write a lock, and the similarities beside it, with the names that layers have now; returns what was renamed.

    Raises:
        SpecError: as :func:`swc.lock.agreement.verify_spec`, and SW0705 when the similarities cannot be used.
    """
    written = existing_lock(lock_file, spec)
    similarities = similarities_path(lock_file)
    agreed = verify_spec(spec, lock_file, similarities)
    if not agreed.former:
        return ""
    if similarities.exists():
        family = load_spec(spec, LockChoice(ignored=True)).family
        write_similarities(similarities, agreed.lock, read_similarities(similarities, family).search)
    write_lock(lock_file, agreed.lock)
    return count(len(written.layers.keys() - agreed.lock.layers.keys()), "layer") + " renamed"


def fits_budget(family: Family) -> Callable[[Groups], bool]:
    """Whether groups of layers can be planned within the family's budget."""
    return lambda groups: fits(family, named_clusters(groups, family))


def save(lock_file: Path, lock: Lock, result: SearchResult) -> None:
    """Write the similarities, then the lock file: a lock is never without what it was made from."""
    write_similarities(similarities_path(lock_file), lock, result)
    write_lock(lock_file, lock)
