"""Chooses the tiles of a folded cluster: how large they are and how many templates they are mixed from.

A folded layer is a grid of tiles (rows x columns cells), each a mixture of the cluster's N tile templates, cropped at
the layer's edge. N templates cost N (rows columns kh kw + V) parameters, V being the coefficient vectors: one for
each layer and tile of it, or one for each tile position in use if coefficients are never refined.

The objective, to be maximised over the candidates that use up the cluster's share of the budget, is a product:

- *rank*: min(1, N / T), averaged over the layers by their size, T being a layer's tiles. It is the part of a layer's
  tiles that can be independent of each other. Parameters spent on coefficients and tiles that stick out over the edge
  of a layer both lower it, because either way fewer or more tiles have to make do;
- *variety*: N / (N + 1). Two tiles mixed at random from N templates have a squared cosine of 1 / N on average, so
  with few templates all tiles look alike, whatever the rank;
- *squareness*: (short side / long side)^(1/8), a mild preference that decides between near equals.

Candidates: rows from the sizes that cut some layer into equal parts (the only ones where a smaller tile would cost
another row of tiles), the columns as many as the share pays for, and the same with rows and columns exchanged.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, islice

from attrs import frozen

from swc.plan.graph import Shape
from swc.plan.model import Fold
from swc.plan.plane import Plane
from swc.plan.reaching import PLACES, Reaching, reaching, thinned

# At most so many template counts are tried between the bounds, and so many tile heights and widths in the second try.
_COUNTS = 32
_SIDES = 1024
_SMALL = 64  # extents of which every size is tried when clusters are cut anew at last
# So many tiles at most, and so many uses of tiles by distinct shapes: a plan lists them all.
MOST_TILES = 65_536
_MOST_USES = 1_048_576
# Numbers that are kept at once of what has been counted.
_KNOWN = 2_000_000
# Sides tried, at least and at most, and ends counted for them, in planes larger than those counted place by place.
_FEW_SIDES, _MANY_SIDES = 128, 512
_STEPS = 8_192
# Keeps a bound above the objective, whatever floating point makes of their sums.
_ROUNDING = 1 + 1e-9


@frozen
class Choice:
    """A way to fold a cluster and its cost in parameters, coefficients included."""

    fold: Fold
    cost: int


@frozen(slots=False, eq=False)
class Tiling:
    """Counts and compares the ways to cut a plane into tiles."""

    plane: Plane

    @cached_property
    def _terms(self) -> dict[Shape, int]:
        """V as a sum of weight x ceil(out / rows) x ceil(in / columns) over shapes (out, in).

        With refinement every layer counts. Without, it is the area of the union of the layers' grids: from each
        height to the next, as wide as the widest layer that reaches there.
        """
        if self.plane.refinable:
            return dict(self.plane.shapes)
        terms: dict[Shape, int] = defaultdict(int)
        above = 0
        for out in sorted({o for o, _ in self.plane.shapes}):
            reach = max(i for o, i in self.plane.shapes if o >= out)
            terms[out, reach] += 1
            if above:
                terms[above, reach] -= 1
            above = out
        return dict(terms)

    def _reaching(self, side: int, axis: int) -> Reaching:
        """Once the tile's side along ``axis`` is fixed: what gives V for each side in the other direction."""
        known = self._known_reaching.get((side, axis))
        if known is None:
            ending: Counter[int] = Counter()
            for shape, weight in self._terms.items():
                ending[shape[1 - axis]] += weight * -(-shape[axis] // side)
            extent = self._extents[1 - axis]
            if len(self._known_reaching) * min(extent, PLACES) > _KNOWN:
                self._known_reaching.clear()
            known = reaching(ending, extent)
            self._known_reaching[side, axis] = known
        return known

    @cached_property
    def _known_reaching(self) -> dict[tuple[int, int], Reaching]:
        """What :meth:`_reaching` has found: a cluster is cut more than once."""
        return {}

    @cached_property
    def _extents(self) -> tuple[int, int]:
        """Height and width of the plane, in cells."""
        height, width = (max(shape[axis] for shape in self.plane.shapes) for axis in (0, 1))
        return height, width

    @cached_property
    def _sides(self) -> tuple[list[int], list[int]]:
        """The heights and the widths that cut some layer into equal parts."""
        most = max(_FEW_SIDES, min(_MANY_SIDES, _STEPS // len(self.plane.shapes)))
        heights, widths = (
            thinned(_divisions({shape[axis] for shape in self.plane.shapes}), extent, most)
            for axis, extent in enumerate(self._extents)
        )
        return heights, widths

    @cached_property
    def cheap(self) -> Choice:
        """A cheap way to fold the cluster, found at once: the cheapest among a few square tiles."""
        height, width = self._extents
        sides = {max(height, width) // 2**k for k in range(max(height, width).bit_length())}
        sizes = ((min(side, height), min(side, width)) for side in sides)
        return min((self._fewest(*size) for size in sizes if self._is_allowed(*size)), key=_by_cost)

    @cached_property
    def smallest(self) -> Choice:
        """The cheapest way to fold the cluster: exact over all tile shapes that are tried.

        Between two sizes that cut a layer into equal parts V stays as it is, so the smaller one is cheaper. With V at
        least cells / (rows columns), most pairs are out of the question before V is counted.
        """
        heights, widths = self._sides
        cells, area = sum(o * i * weight for (o, i), weight in self._terms.items()), self.plane.area
        best, (height, width) = self.cheap, self._extents
        for rows in heights:
            across = MOST_TILES // -(-height // rows)
            if across == 0:
                continue
            # tile x area + cells / tile <= cost holds between the roots of a quadratic equation, about
            half = best.cost / (2 * area)
            root = max(0.0, half * half - cells / area) ** 0.5
            narrowest = max(width // across, (half - root) / rows - 1)
            for columns in islice(widths, bisect_left(widths, narrowest), None):
                tile = rows * columns
                if tile * area > best.cost:
                    break
                if tile * area + cells // tile <= best.cost and self._is_allowed(rows, columns):
                    best = min(best, self._fewest(rows, columns), key=_by_cost)
        return best

    def _is_allowed(self, rows: int, columns: int) -> bool:
        """Whether tiles of this size are few enough for a plan to list them, for the plane and for each shape."""
        height, width = self._extents
        tiles = -(-height // rows) * -(-width // columns)
        shapes = self.plane.shapes
        if tiles > MOST_TILES:
            return False
        if tiles * len(shapes) <= _MOST_USES:
            return True
        return sum(-(-out // rows) * -(-inputs // columns) for out, inputs in shapes) <= _MOST_USES

    def _fewest(self, rows: int, columns: int) -> Choice:
        """Tiles of this size with the fewest templates allowed."""
        vectors = self._reaching(rows, 0).vectors(columns)
        templates = min(self.plane.tile_templates[0], vectors)
        return Choice(Fold(rows, columns, templates), templates * (rows * columns * self.plane.area + vectors))

    def choose(self, share: int, slack: int) -> Choice | None:
        """The best way to fold the cluster into ``share`` parameters, None if there is no way.

        Those that leave at most ``slack`` parameters unspent compete by the objective; if there are none, a second
        try takes many more tile sizes, and if there still are none, the one that leaves least wins.
        """
        found = list(self._candidates(share, *self._sides))
        fitting = [c for c in found if share - c.cost <= slack]
        if not fitting:
            found += self._candidates(share, *(_spread(1, extent, _SIDES) for extent in self._extents))
            if share >= self.smallest.cost:
                found.append(self.smallest)
            fitting = [c for c in found if share - c.cost <= slack]
        if not fitting and found:
            most = max(c.cost for c in found)
            fitting = [c for c in found if c.cost == most]
        return self._best(fitting) if fitting else None

    @cached_property
    def largest(self) -> int:
        """What as many templates as may be cost, each as large as the plane."""
        height, width = self._extents
        vectors = len(self.plane.layers) if self.plane.refinable else 1
        return self.plane.tile_templates[1] * (height * width * self.plane.area + vectors)

    def readily(self, share: int, slack: int) -> Choice | None:
        """The same where the first try succeeds, None where more would have to be tried."""
        fitting = [c for c in self._candidates(share, *self._sides) if share - c.cost <= slack]
        return self._best(fitting) if fitting else None

    def better(self, choice: Choice, more: int, less: int) -> Choice | None:
        """The best of the ways that cost at most so many parameters more or less, None if it is the given one."""
        best = self._best([choice, *self._near(choice, more, less)])
        return best if self.objective(best.fold) > self.objective(choice.fold) else None

    def others(self, fold: Fold, more: int, less: int) -> tuple[int, Choice | None]:
        """What else could have been chosen: how many ways, and the best of them with another number of templates.

        Those of the first try count that cost at most so many parameters more or less.
        """
        found = [c for c in self._near(Choice(fold, self.cost(fold)), more, less) if c.fold != fold]
        rivals = [choice for choice in found if choice.fold.templates != fold.templates]
        return len(found), self._best(rivals) if rivals else None

    def _near(self, choice: Choice, more: int, less: int) -> list[Choice]:
        """The ways of the first try that cost at most so many parameters more or less; small planes: of every size."""
        sides = (
            own if extent > _SMALL else range(1, extent + 1)
            for own, extent in zip(self._sides, self._extents, strict=True)
        )
        heights, widths = sides
        found = set(self._candidates(choice.cost + more, heights, widths))
        return sorted((c for c in found if c.cost >= choice.cost - less), key=_by_cost)

    def cost(self, fold: Fold) -> int:
        """Parameters that a way of folding takes, coefficients included."""
        vectors = self._reaching(fold.rows, 0).vectors(fold.columns)
        return fold.templates * (fold.rows * fold.columns * self.plane.area + vectors)

    def _best(self, choices: Sequence[Choice]) -> Choice:
        """The best by the objective, which is worked out only where its bound leaves a chance; ties go by size."""
        bounded = sorted(((self._bound(c.fold), c) for c in choices), key=lambda pair: -pair[0])
        best, score = choices[0], (-1.0, 0, 0, 0)
        for bound, choice in bounded:
            if bound < score[0]:
                break
            fold = choice.fold
            own = (self.objective(fold), choice.cost, fold.rows, fold.columns)
            if own > score:
                best, score = choice, own
        return best

    def objective(self, fold: Fold) -> float:
        """How good a way of folding is; the module's docstring says what is measured."""
        return self.rank(fold) * _preference(fold)

    def rank(self, fold: Fold) -> float:
        """The part of a layer's tiles that can be independent of each other, averaged over the layers by size."""
        return rank(self.plane.shapes, fold)

    def overhang(self, fold: Fold) -> float:
        """The part of the tiles that sticks out over the edges of the layers, over all layers."""
        tiles = sum(
            -(-out // fold.rows) * -(-inputs // fold.columns) * layers
            for (out, inputs), layers in self.plane.shapes.items()
        )
        cells = sum(out * inputs * layers for (out, inputs), layers in self.plane.shapes.items())
        return 1 - cells / (tiles * fold.rows * fold.columns)

    @cached_property
    def _sizes(self) -> tuple[list[int], list[int], list[int]]:
        """Cells of a layer, rising; how many layers have at most so many; how many cells these have together."""
        counts: Counter[int] = Counter()
        for (out, inputs), layers in self.plane.shapes.items():
            counts[out * inputs] += layers
        sizes = sorted(counts)
        layers_up_to = list(accumulate(counts[size] for size in sizes))
        return sizes, layers_up_to, list(accumulate(size * counts[size] for size in sizes))

    def _bound(self, fold: Fold) -> float:
        """No less than the objective: a layer has at least as many tiles as its cells would fill."""
        sizes, layers, cells = self._sizes
        reach = fold.templates * fold.rows * fold.columns
        k = bisect_right(sizes, reach)
        within, small = (cells[k - 1], layers[k - 1]) if k else (0, 0)
        rank = (within + reach * (layers[-1] - small)) / cells[-1]
        return rank * _preference(fold) * _ROUNDING

    def _candidates(self, share: int, heights: Iterable[int], widths: Iterable[int]) -> Iterator[Choice]:
        for axis, sides in ((0, heights), (1, widths)):
            limit = self._extents[1 - axis]
            for side in sides:
                rows_reaching = self._reaching(side, axis)
                for templates in _spread(*self.plane.tile_templates, _COUNTS):
                    found = self._longest(share, templates, side, rows_reaching, limit)
                    if found is not None:
                        other, cost = found
                        rows, columns = (side, other) if axis == 0 else (other, side)
                        if self._is_allowed(rows, columns):
                            yield Choice(Fold(rows, columns, templates), cost)

    def _longest(self, share: int, templates: int, side: int, rows: Reaching, limit: int) -> tuple[int, int] | None:
        """The longest other side, at most ``limit``, that the share pays for, and the cost.

        V only grows as the side gets shorter, so what is over the share has to come off the templates' own size:
        each step goes straight to the longest side that could do.
        """
        per_side = templates * side * self.plane.area
        other = min(limit, share // per_side)
        while other > 0:
            vectors = rows.vectors(other)
            cost = other * per_side + templates * vectors
            if cost <= share:
                return (other, cost) if templates <= vectors else None
            other -= -(-(cost - share) // per_side)
        return None


def rank(shapes: Mapping[Shape, int], fold: Fold) -> float:
    """min(1, N / T) of N templates and the T tiles of a layer, averaged by size over layers given as shape to count."""
    held = size = 0.0
    for (out, inputs), layers in shapes.items():
        tiles = -(-out // fold.rows) * -(-inputs // fold.columns)
        cells = out * inputs * layers
        held += cells if fold.templates >= tiles else cells * fold.templates / tiles
        size += cells
    return held / size


def _by_cost(choice: Choice) -> tuple[int, int, int]:
    """What decides between the cheapest ways."""
    return choice.cost, choice.fold.rows, choice.fold.columns


def _preference(fold: Fold) -> float:
    """Variety times squareness."""
    short, long = sorted((fold.rows, fold.columns))
    return fold.templates / (fold.templates + 1) * float((short / long) ** 0.125)


def _divisions(extents: Iterable[int]) -> list[int]:
    """Every size ceil(extent / n), sorted: about 2 sqrt(extent) of them, each met once."""
    sizes: set[int] = set()
    for extent in extents:
        parts = 1
        while parts <= extent:
            size = -(-extent // parts)
            sizes.add(size)
            parts = (extent - 1) // (size - 1) + 1 if size > 1 else extent + 1
    return sorted(sizes)


def _spread(low: int, high: int, most: int) -> list[int]:
    """Whole numbers from ``low`` to ``high``, both included: all of them or at most ``most``, evenly spread."""
    if high - low < most:
        return list(range(low, high + 1))
    return sorted({low + (high - low) * k // (most - 1) for k in range(most)})
