"""What the parts of a plan cost and whom they serve, counted once for every report.

Templates of a whole cluster belong to one SuperWeight each; those of a folded cluster to all its tiles together. A
*holding* is either: template parameters, and the members and layers that draw on them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from itertools import combinations_with_replacement

from attrs import frozen

from swc.plan.model import Cluster, Fold, LayerPlan, Plan, SuperWeight
from swc.plan.tiles import rank


@frozen
class Holding:
    """Template parameters of a SuperWeight (or of a folded cluster), and who draws on them."""

    parameters: int
    members: tuple[str, ...]
    layers: int


@frozen(slots=False, eq=False)
class Figures:
    """Numbers about one plan, each computed when first asked for."""

    plan: Plan

    @cached_property
    def independent(self) -> int:
        """Parameters of all members with weights of their own."""
        return sum(member.parameters_alone for member in self.plan.members)

    @cached_property
    def clusters(self) -> Mapping[str, Cluster]:
        """The clusters by name."""
        return {cluster.name: cluster for cluster in self.plan.clusters}

    @cached_property
    def superweights(self) -> Mapping[str, tuple[SuperWeight, ...]]:
        """The SuperWeights of each cluster."""
        found: dict[str, list[SuperWeight]] = {cluster.name: [] for cluster in self.plan.clusters}
        for item in self.plan.superweights:
            found[item.cluster].append(item)
        return {name: tuple(items) for name, items in found.items()}

    @cached_property
    def layers(self) -> Mapping[str, LayerPlan]:
        """All layers by name."""
        return {layer.name: layer for member in self.plan.members for layer in member.layers}

    @cached_property
    def member_of(self) -> Mapping[str, str]:
        """The member of each layer."""
        return {layer.name: member.name for member in self.plan.members for layer in member.layers}

    @cached_property
    def members_of(self) -> Mapping[str, tuple[str, ...]]:
        """The members that each SuperWeight serves, in the plan's order."""
        found: dict[str, list[str]] = {item.id: [] for item in self.plan.superweights}
        for member in self.plan.members:
            used = {id(layer.superweights): layer.superweights for layer in member.layers}
            for name in dict.fromkeys(name for names in used.values() for name in names):
                found[name].append(member.name)
        return {name: tuple(members) for name, members in found.items()}

    @cached_property
    def holdings(self) -> tuple[Holding, ...]:
        """All template parameters with those that draw on them, cluster by cluster."""
        return tuple(holding for cluster in self.plan.clusters for holding in self._holdings(cluster))

    def _holdings(self, cluster: Cluster) -> list[Holding]:
        items = self.superweights[cluster.name]
        if cluster.fold is None:
            return [Holding(self.template_cost(x), self.members_of[x.id], len(x.users)) for x in items]
        known = {name for item in items for name in self.members_of[item.id]}
        members = tuple(member.name for member in self.plan.members if member.name in known)
        return [Holding(fold_cost(cluster, cluster.fold), members, len(cluster.layers))]

    @cached_property
    def in_common(self) -> Mapping[tuple[str, str], int]:
        """Template parameters that both of two members draw on, by (earlier, later or the same) member."""
        names = [member.name for member in self.plan.members]
        common = dict.fromkeys(combinations_with_replacement(names, 2), 0)
        for holding in self.holdings:
            for pair in combinations_with_replacement(holding.members, 2):
                common[pair] += holding.parameters
        return common

    @cached_property
    def by_sharers(self) -> Mapping[int, int]:
        """Template parameters by the number of members that draw on them, most first."""
        found: dict[int, int] = {}
        for holding in self.holdings:
            found[len(holding.members)] = found.get(len(holding.members), 0) + holding.parameters
        return dict(sorted(found.items(), reverse=True))

    @cached_property
    def weights_served(self) -> int:
        """Weights of all layers that are made from SuperWeights."""
        return sum(weights(layer) for layer in self.layers.values() if layer.cluster)

    @property
    def freedom(self) -> float:
        """Template parameters for each weight that is made from them, at most 1: then sharing takes nothing away.

        Tiles of a small cluster can hold more than its layers have weights, which makes none of them freer.
        """
        return min(1.0, self.plan.parameters.templates / self.weights_served) if self.weights_served else 0.0

    def costliest(self, most: int, *, folded: bool = False) -> tuple[Cluster, ...]:
        """The clusters (or only the folded ones) that take most parameters, at most so many, in the plan's order."""
        clusters = [c for c in self.plan.clusters if c.fold is not None or not folded]
        cost = {c.name: self.templates_of(c) + self.coefficients_of(c) for c in clusters}
        kept = set(sorted(cost, key=lambda name: (-cost[name], name))[:most])
        return tuple(cluster for cluster in self.plan.clusters if cluster.name in kept)

    def template_cost(self, item: SuperWeight) -> int:
        """Parameters of a SuperWeight's own templates; 0 for a tile, whose templates are the cluster's."""
        cluster = self.clusters[item.cluster]
        return 0 if cluster.fold else item.templates * item.rectangle.cells * area(cluster)

    def templates_of(self, cluster: Cluster) -> int:
        """Parameters of all templates of a cluster."""
        if cluster.fold:
            return fold_cost(cluster, cluster.fold)
        return sum(self.template_cost(item) for item in self.superweights[cluster.name])

    def coefficients_of(self, cluster: Cluster) -> int:
        """Parameters of all coefficient vectors of a cluster."""
        return sum(coefficients(item) for item in self.superweights[cluster.name])

    def template_range(self, cluster: Cluster) -> tuple[int, int]:
        """Fewest and most templates that a SuperWeight of the cluster has."""
        counts = [item.templates for item in self.superweights[cluster.name]]
        return min(counts), max(counts)

    def rank(self, cluster: Cluster) -> float:
        """The part of a layer's weight that can be independent of its other parts: 1 for whole clusters."""
        if cluster.fold is None:
            return 1.0
        shapes = Counter(self.layers[name].shape[:2] for name in cluster.layers)
        return rank(shapes, cluster.fold)


def area(cluster: Cluster) -> int:
    """Numbers per unit cell: kh x kw."""
    return cluster.kernel[0] * cluster.kernel[1]


def fold_cost(cluster: Cluster, fold: Fold) -> int:
    """Parameters of a folded cluster's templates."""
    return fold.templates * fold.rows * fold.columns * area(cluster)


def coefficients(item: SuperWeight) -> int:
    """Parameters of a SuperWeight's coefficient vectors, those reserved for refinement included."""
    return item.templates * item.coefficient_vectors


def weights(layer: LayerPlan) -> int:
    """Number of elements of a layer's weight."""
    out, inputs, height, width = layer.shape
    return out * inputs * height * width
