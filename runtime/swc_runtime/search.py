"""The search for SuperWeight Clusters (paper sec. 2.2.1): train hard-shared, compare gradients, group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lightning_fabric import Fabric

from swc_runtime.bank import SuperWeightBank
from swc_runtime.cosines import common_cosines
from swc_runtime.datasets import Dataset
from swc_runtime.family import Family
from swc_runtime.grouping import Groups
from swc_runtime.limits import limits
from swc_runtime.problems import TrainingError
from swc_runtime.progress import Reporter, Silent
from swc_runtime.recipe import GradientSearch
from swc_runtime.search_result import Pool, SearchResult, fit_threshold
from swc_runtime.training.devices import open_fabric
from swc_runtime.training.options import TrainOptions, check_options
from swc_runtime.training.probing import weight_gradients
from swc_runtime.training.schedule import timetable
from swc_runtime.training.session import Session
from swc_runtime.training.validation import held_out


def search(  # noqa: PLR0913 - the last five are options, given by name
    family: Family,
    data: Dataset,
    settings: GradientSearch,
    options: TrainOptions,
    *,
    fits: Callable[[Groups], bool] = lambda _: True,
    together: Iterable[Sequence[str]] = (),
    apart: Iterable[tuple[str, str]] = (),
    fabric: Fabric | None = None,
    reporter: Reporter | None = None,
) -> SearchResult:
    """Find which layers of the family should share.

    The family, all layers of a kernel size sharing hard, trains for ``settings.epochs`` epochs: the first epochs of its
    own recipe (schedule included; a recipe that is shorter than the search is stretched to it). Over one further
    epoch, with weights fixed, every layer's gradient is accumulated for itself, and the cosines of all pairs of one
    kernel size go through the priority queue. The family is trained by this, and should be thrown away.

    Args:
        family: built from the plan for searching.
        data: what to train on; what ``options.val`` holds out for validation plays no part in the search either.
        settings: epochs and threshold τ.
        options: device, precision, seed, limit, batch, lr; ``epochs``, ``run_dir`` and how a run is kept play no part.
        fits: whether clusters can be paid for; while they cannot, τ falls by 0.05.
        together: tie hints, as groups of layer names.
        apart: pairs of layers that never share a cluster.
        fabric: a launched Fabric, else one is opened.
        reporter: shows the phases ``search`` and ``compare``.

    Raises:
        TrainingError: training fails, or no threshold gives clusters that fit.
    """
    check_options(options)
    fabric = fabric or open_fabric(options)
    reporter = (reporter or Silent()) if fabric.is_global_zero else Silent()
    times = timetable(family.recipe, None, max(family.recipe.epochs, settings.epochs))
    with limits():
        session = Session(family, held_out(data, options.val), options, fabric, times)
        with reporter.phase("search", settings.epochs * session.loader.steps) as phase:
            for epoch in range(settings.epochs):
                record = session.train_epoch(epoch, phase, "search")
                phase.milestone(f"epoch {epoch + 1}/{settings.epochs}  loss {record.loss:.3f}")
        with reporter.phase("compare", session.loader.steps) as phase:
            gradients = weight_gradients(session, settings.epochs, phase)
    pools = tuple(
        Pool(kernel, layers, common_cosines(gradients, layers)) for kernel, layers in kernel_pools(family.bank).items()
    )
    found = fit_threshold(pools, settings.threshold, fits, together=together, apart=apart)
    if found is None:
        raise TrainingError(
            "No clusters fit the budget, not even one for all layers of a kernel size: raise the budget, or take back "
            "`apart` hints."
        )
    groups, threshold = found
    if threshold != settings.threshold:
        reporter.say(
            f"The clusters at τ = {settings.threshold:g} do not fit the budget whole; those at τ = {threshold:g} do."
        )
    return SearchResult(pools, groups, settings.threshold, threshold, settings.epochs, options.seed)


def kernel_pools(bank: SuperWeightBank) -> dict[str, tuple[str, ...]]:
    """The shared layers by what they are and how large their kernels are: clusters without their depth bins.

    Clusters are named by kernel, then whatever tells them apart (``conv3x3``, ``conv3x3-bin1``).
    """
    pools: dict[str, list[str]] = {}
    for name, layer in bank.layers.items():
        pools.setdefault(layer.cluster.partition("-")[0], []).append(name)
    return {kernel: tuple(layers) for kernel, layers in pools.items()}
