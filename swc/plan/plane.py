"""A cluster's plane: its layers, the shapes they have and the SuperWeights that tile it when it is kept whole."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from attrs import field, frozen

from swc.family import Family, Layer
from swc.plan.bounds import Bounds, BoundsByPlace, asked_bounds, common_bounds
from swc.plan.graph import Shape, closed, covers
from swc.plan.model import Rectangle
from swc.plan.rectangles import cut, tally

# What coefficients take up beyond this part of a cluster's cost is not counted as use of the budget.
FEW = 10


@frozen
class Piece:
    """A SuperWeight of a whole cluster before its templates are counted.

    ``node`` is the smallest closed shape that contains it and ``users`` the number of layers that do. One template
    costs ``cost`` parameters, its coefficients included; ``low`` to ``high`` templates are allowed.
    """

    cluster: str
    rectangle: Rectangle
    node: Shape
    users: int
    vectors: int
    cost: int
    low: int
    high: int


@frozen
class Spending:
    """Parameters in templates and in their coefficients."""

    templates: int
    coefficients: int

    @property
    def total(self) -> int:
        """Parameters in both."""
        return self.templates + self.coefficients

    @property
    def worth(self) -> int:
        """As much of that as it would be if coefficients took up no more than a tenth."""
        return min(self.total, self.templates * FEW // (FEW - 1))


@frozen(slots=False, eq=False)
class Plane:
    """The layers of one cluster, in the family's order, and the bounds on templates that hold for them.

    ``templates`` holds for SuperWeights that serve none of the layers which have bounds of their own in ``asked``.
    """

    name: str
    layers: tuple[Layer, ...]
    templates: Bounds
    refinable: bool
    asked: Mapping[str, Bounds] = field(factory=dict)

    @property
    def kernel(self) -> tuple[int, int]:
        """Kernel size (kh, kw) of all layers."""
        return self.layers[0].kernel

    @cached_property
    def area(self) -> int:
        """Numbers per unit cell: kh x kw."""
        return self.kernel[0] * self.kernel[1]

    @property
    def fan_in(self) -> int:
        """The reference fan-in: the largest of the layers', so that every gain is at least one."""
        return max(layer.fan_in for layer in self.layers)

    @cached_property
    def shapes(self) -> Mapping[Shape, int]:
        """How many layers have each shape (out, in)."""
        return Counter((layer.out, layer.inputs) for layer in self.layers)

    @cached_property
    def weights(self) -> int:
        """Weights of all layers together: more template parameters than that could make none of them freer."""
        return sum(out * inputs * count for (out, inputs), count in self.shapes.items()) * self.area

    @cached_property
    def tile_templates(self) -> Bounds:
        """The bounds on the templates of tiles, which serve every layer."""
        return common_bounds(self.templates, self.asked, (layer.name for layer in self.layers))

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The SuperWeights of the whole cluster, in row-major order."""
        area, found = self.area, []
        for rectangle, node in cut(self.shapes):
            users, vectors = self._users[node], self._vectors(node)
            cost = rectangle.cells * area + vectors
            found.append(Piece(self.name, rectangle, node, users, vectors, cost, *self._bounds(node, vectors)))
        return tuple(found)

    @property
    def whole_cost(self) -> int:
        """Parameters of the whole cluster with the fewest templates allowed."""
        return self.fewest.total

    @property
    def capacity(self) -> int:
        """Parameters of the whole cluster with the most templates allowed."""
        return self.most.total

    @property
    def fewest(self) -> Spending:
        """What the whole cluster costs with the fewest templates allowed."""
        return self._spending[0]

    @property
    def most(self) -> Spending:
        """What the whole cluster costs with the most templates allowed."""
        return self._spending[1]

    @cached_property
    def _spending(self) -> tuple[Spending, Spending]:
        """The least and the most that the whole cluster can cost, counted without making its SuperWeights."""
        least = most = least_coefficients = most_coefficients = 0
        users, refinable, anywhere, bounds_at = self._users, self.refinable, self.templates, self._bounds_by_place.at
        hinted = any(layer.name in self.asked for layer in self.layers)
        for node, below in covers(self.shapes):  # up to millions of them, so everything is at hand
            count, cells = tally(node, below)
            vectors = users[node] if refinable else 1
            low, high = bounds_at(node) if hinted else anywhere
            if vectors < high:
                low, high = min(low, vectors), vectors
            least += low * cells
            most += high * cells
            least_coefficients += low * count * vectors
            most_coefficients += high * count * vectors
        area = self.area
        return Spending(least * area, least_coefficients), Spending(most * area, most_coefficients)

    @cached_property
    def _users(self) -> Mapping[Shape, int]:
        return _users_of(self.shapes, closed(self.shapes))

    @cached_property
    def _bounds_by_place(self) -> BoundsByPlace:
        asked = (((x.out, x.inputs), self.asked[x.name]) for x in self.layers if x.name in self.asked)
        return BoundsByPlace(self.templates, asked)

    def _vectors(self, node: Shape) -> int:
        """Coefficient vectors of each SuperWeight that a node adds."""
        return self._users[node] if self.refinable else 1

    def _bounds(self, node: Shape, vectors: int) -> Bounds:
        """Bounds on the templates of the SuperWeights that a node adds.

        They never get more templates than they have coefficient vectors: further ones would add nothing to what their
        users can be.
        """
        low, high = self._bounds_by_place.at(node)
        return min(low, vectors), min(high, vectors)


def _users_of(shapes: Mapping[Shape, int], nodes: Iterable[Shape]) -> dict[Shape, int]:
    """How many layers contain all of each node: those at least as large in both directions.

    Nodes are taken by falling ``out``, while the inputs of the layers that are tall enough are kept in order.
    """
    layers = sorted((out, inputs) for (out, inputs), count in shapes.items() for _ in range(count))
    wide: list[int] = []
    users: dict[Shape, int] = {}
    for out, inputs in sorted(nodes, reverse=True):
        while layers and layers[-1][0] >= out:
            insort(wide, layers.pop()[1])
        users[out, inputs] = len(wide) - bisect_left(wide, inputs)
    return users


def planes_of(family: Family, clusters: Mapping[str, Sequence[str]]) -> list[Plane]:
    """The planes of the clusters, sorted by name (``bin2`` before ``bin10``), layers in the family's order."""
    position = {layer.name: index for index, layer in enumerate(family.layers)}
    layers = family.layers
    asked = asked_bounds(family)
    return [
        Plane(
            name,
            tuple(layers[index] for index in sorted(position[layer] for layer in clusters[name])),
            family.sharing.templates,
            family.sharing.refinement is not None,
            asked,
        )
        for name in sorted(clusters, key=_natural)
    ]


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key that takes runs of digits as numbers; the name itself decides between equals."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)] + [(-2, name)]
