"""Whether a plan that was read makes sense: numbers that add up, names that exist, cells that are covered once.

What :func:`swc.plan.plan_family` gives always does; a plan that somebody edited, or cut and pasted, may not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

from swc.plan.model import Cluster, LayerPlan, Plan, SuperWeight
from swc.record import FormatError


def check_sense(plan: Plan) -> None:
    """Refuse a plan that contradicts itself, in time linear in its text.

    Raises:
        FormatError: with the place in the document, and what is wrong there.
    """
    layers = _layers(plan)
    clusters = _clusters(plan, layers)
    superweights = _superweights(plan, clusters)
    for k, member in enumerate(plan.members):
        for j, layer in enumerate(member.layers):
            _check_layer(f"members[{k}].layers[{j}]", layer, clusters, superweights)
    for k, superweight in enumerate(plan.superweights):
        _check_users(f"superweights[{k}]", superweight, layers)
    _check_totals(plan, clusters)


def _layers(plan: Plan) -> dict[str, LayerPlan]:
    _distinct("members", "name", (member.name for member in plan.members))
    found: dict[str, LayerPlan] = {}
    for k, member in enumerate(plan.members):
        _at_least(f"members[{k}].parameters_alone", member.parameters_alone, 0)
        for j, layer in enumerate(member.layers):
            place = f"members[{k}].layers[{j}]"
            _check(layer.name.startswith(f"{member.name}."), place, f"{layer.name} is no layer of {member.name}")
            _check(layer.name not in found, place, f"there is another layer {layer.name}")
            _check(min(layer.shape) > 0, f"{place}.shape", "a size is below 1")
            found[layer.name] = layer
    return found


def _clusters(plan: Plan, layers: Mapping[str, LayerPlan]) -> dict[str, Cluster]:
    _distinct("clusters", "name", (cluster.name for cluster in plan.clusters))
    homes = {name: layer.cluster for name, layer in layers.items() if layer.cluster is not None}
    seen: set[str] = set()
    for k, cluster in enumerate(plan.clusters):
        place = f"clusters[{k}]"
        _at_least(f"{place}.fan_in", cluster.fan_in, 1)
        _check(min(cluster.kernel) > 0, f"{place}.kernel", "a size is below 1")
        if cluster.fold is not None:
            for key in ("rows", "columns", "templates"):
                _at_least(f"{place}.fold.{key}", getattr(cluster.fold, key), 1)
        _check(bool(cluster.layers), place, "it has no layers")
        for j, name in enumerate(cluster.layers):
            own = f"{place}.layers[{j}]"
            _check(homes.get(name) == cluster.name, own, f"the members have no layer {name} in this cluster")
            _check(name not in seen, own, f"{name} is there twice")
            _check(layers[name].shape[2:] == cluster.kernel, own, f"{name} has another kernel size")
            seen.add(name)
    lost = next((name for name in homes if name not in seen), None)
    _check(lost is None, "clusters", f"no cluster names the layer {lost}")
    return {cluster.name: cluster for cluster in plan.clusters}


def _superweights(plan: Plan, clusters: Mapping[str, Cluster]) -> dict[str, SuperWeight]:
    _distinct("superweights", "id", (superweight.id for superweight in plan.superweights))
    for k, one in enumerate(plan.superweights):
        place, at = f"superweights[{k}]", one.rectangle
        _check(one.cluster in clusters, f"{place}.cluster", f"there is no cluster {one.cluster}")
        named = f"{one.cluster}@{at.row},{at.column}"
        _check(one.id == named, f"{place}.id", f"it is {one.id}, and cluster and place make {named}")
        _check(min(at.row, at.column) >= 0, f"{place}.at", "a place is below 0")
        _check(min(at.rows, at.columns) > 0, f"{place}.shape", "a size is below 1")
        fold = clusters[one.cluster].fold
        if fold is not None:
            _check(one.templates == fold.templates, f"{place}.templates", "it is not as in the cluster's fold")
            fits = at.rows <= fold.rows and at.columns <= fold.columns
            _check(fits, f"{place}.shape", "it is larger than the cluster's tiles")
        _at_least(f"{place}.templates", one.templates, 1)
        vectors, why = (len(one.users), "one for each user") if plan.refined else (1, "1, and nothing is refined")
        _check(one.coefficient_vectors == vectors, f"{place}.coefficient_vectors", f"it is not {why}")
    return {superweight.id: superweight for superweight in plan.superweights}


def _check_layer(
    place: str, layer: LayerPlan, clusters: Mapping[str, Cluster], superweights: Mapping[str, SuperWeight]
) -> None:
    """A layer that shares is covered by its SuperWeights: each in its cluster, as many cells as it has itself."""
    if layer.cluster is None:
        _check(not layer.superweights, f"{place}.superweights", "a layer without a cluster has none")
        return
    _check(layer.cluster in clusters, f"{place}.cluster", f"there is no cluster {layer.cluster}")
    cells = 0
    for j, name in enumerate(layer.superweights):
        own = f"{place}.superweights[{j}]"
        _check(name in superweights, own, f"there is no SuperWeight {name}")
        _check(superweights[name].cluster == layer.cluster, own, f"{name} is of another cluster")
        covered, all_of_it = _cells(superweights[name], layer), superweights[name].rectangle.cells
        cut_off = clusters[layer.cluster].fold is not None
        _check(covered == all_of_it or (cut_off and covered > 0), own, f"{name} reaches beyond the layer")
        cells += covered
    _distinct(place, "superweights", layer.superweights)
    _check(cells == layer.shape[0] * layer.shape[1], f"{place}.superweights", "they do not cover the layer just once")


def _check_users(place: str, superweight: SuperWeight, layers: Mapping[str, LayerPlan]) -> None:
    """The users of a SuperWeight are the layers that name it."""
    _distinct(place, "users", superweight.users)
    _check(bool(superweight.users), f"{place}.users", "it has none")
    for j, name in enumerate(superweight.users):
        _check(name in layers, f"{place}.users[{j}]", f"there is no layer {name}")
        _check(_cells(superweight, layers[name]) > 0, f"{place}.users[{j}]", f"{name} does not reach this place")
        _check(layers[name].cluster == superweight.cluster, f"{place}.users[{j}]", f"{name} is of another cluster")


def _check_totals(plan: Plan, clusters: Mapping[str, Cluster]) -> None:
    found = plan.parameters
    whole = (s for s in plan.superweights if clusters[s.cluster].fold is None)
    templates = sum(s.templates * s.rectangle.cells * prod(clusters[s.cluster].kernel) for s in whole)
    folds = ((c.fold, prod(c.kernel)) for c in plan.clusters if c.fold is not None)
    templates += sum(fold.templates * fold.rows * fold.columns * area for fold, area in folds)
    coefficients = sum(s.templates * s.coefficient_vectors for s in plan.superweights)
    owned = sum(prod(x.shape) for member in plan.members for x in member.layers if x.cluster is None)
    users = sum(len(s.users) for s in plan.superweights)
    named = sum(len(x.superweights) for member in plan.members for x in member.layers)
    _check(users == named, "superweights", "their users are not the layers that name them")
    for key, value, what in (
        ("templates", templates, "the SuperWeights come to"),
        ("coefficients", coefficients, "the SuperWeights come to"),
        ("weights", owned, "layers without a cluster come to"),
        ("private", found.norms + found.biases + found.weights, "norms, biases and weights come to"),
        ("total", found.templates + found.coefficients + found.private, "its parts come to"),
    ):
        stated = getattr(found, key)
        _check(stated == value, f"parameters.{key}", f"it is {stated:,}, and {what} {value:,}")
    for key in ("norms", "biases"):
        _at_least(f"parameters.{key}", getattr(found, key), 0)
    _check(found.total <= plan.budget, "parameters.total", f"it is above the budget of {plan.budget:,}")


def _cells(superweight: SuperWeight, layer: LayerPlan) -> int:
    """Cells of a layer that a SuperWeight makes: its rectangle, cut off where the layer ends."""
    at = superweight.rectangle
    rows, columns = min(at.rows, layer.shape[0] - at.row), min(at.columns, layer.shape[1] - at.column)
    return max(rows, 0) * max(columns, 0)


def _distinct(place: str, key: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        _check(name not in seen, place, f"the {key} {name} is there twice")
        seen.add(name)


def _at_least(place: str, number: int, least: int) -> None:
    _check(number >= least, place, f"it is {number}, and not {least} or more")


def _check(condition: bool, place: str, otherwise: str) -> None:  # noqa: FBT001 - it reads like an assertion
    if not condition:
        message = f"{place}: {otherwise}"
        raise FormatError(message)
