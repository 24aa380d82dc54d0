"""The state dict of a family without torch: names and shapes, from the plan and what the members contain.

What is listed here is what ``swc_runtime`` registers: ``bank.<bank>.templates|coefficients|rows`` (TemplateBank),
``members.<layer>.weight|bias`` (private and shared layers), the five entries of a batch norm, the two of a layer norm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from swc.family import Family, Kind
from swc.plan.model import Cluster, Plan, SuperWeight

Shape = tuple[int, ...]
State = dict[str, Shape]

_NORM_ENTRIES = {"bn": ("weight", "bias", "running_mean", "running_var"), "ln": ("weight", "bias")}


def full_state(plan: Plan, family: Family) -> State:
    """Every entry of the state dict of a family that is compiled from a spec."""
    shared = {layer.name for member in plan.members for layer in member.layers if layer.cluster is not None}
    state = dict(_banks(plan))
    for layer in family.layers:
        if layer.name not in shared:
            shape = layer.shape[:2] if layer.kind is Kind.LINEAR else layer.shape
            state[f"members.{layer.name}.weight"] = shape
        if layer.bias:
            state[f"members.{layer.name}.bias"] = (layer.out,)
    for norm in (norm for member in family.members for norm in member.norms):
        for entry in _NORM_ENTRIES[norm.kind]:
            state[f"members.{norm.name}.{entry}"] = (norm.channels,)
        if norm.kind == "bn":
            state[f"members.{norm.name}.num_batches_tracked"] = ()
    return state


def planned_state(plan: Plan) -> State:
    """What a plan alone knows of the state dict: the banks, and the weights of private layers as (out, in, kh, kw).

    Biases and norms are counted in a plan, and not named.
    """
    private = {
        f"members.{layer.name}.weight": layer.shape
        for member in plan.members
        for layer in member.layers
        if layer.cluster is None
    }
    return {**dict(_banks(plan)), **private}


def _banks(plan: Plan) -> Iterator[tuple[str, Shape]]:
    own: dict[str, list[SuperWeight]] = {cluster.name: [] for cluster in plan.clusters}
    for superweight in plan.superweights:
        own[superweight.cluster].append(superweight)
    for cluster in plan.clusters:
        if cluster.fold is not None:
            fold = cluster.fold
            yield from _bank(cluster, cluster.name, own[cluster.name], (fold.templates, fold.rows, fold.columns))
        else:
            for s in own[cluster.name]:
                yield from _bank(cluster, s.id, [s], (s.templates, s.rectangle.rows, s.rectangle.columns))


def _bank(
    cluster: Cluster, name: str, superweights: Iterable[SuperWeight], size: tuple[int, int, int]
) -> Iterator[tuple[str, Shape]]:
    """One template bank; ``size`` is (templates, rows, columns) in cells of the plane."""
    mixed = list(superweights)
    templates, rows, columns = size
    vectors = sum(s.coefficient_vectors for s in mixed)
    yield f"bank.{name}.templates", (templates, rows, columns * cluster.kernel[0] * cluster.kernel[1])
    yield f"bank.{name}.coefficients", (vectors, templates)
    yield f"bank.{name}.rows", (sum(s.coefficient_vectors * len(s.users) for s in mixed),)
