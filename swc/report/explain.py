"""Where a layer's weight comes from: its cluster, its SuperWeights, and who else uses them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase
from math import sqrt

from attrs import frozen
from rich.console import Group, RenderableType
from rich.text import Text

from swc.diagnostics.names import near_names
from swc.diagnostics.near_patterns import near_pattern
from swc.diagnostics.words import count, first_few
from swc.family import Family, Layer
from swc.plan.model import LayerPlan, SuperWeight
from swc.report.figures import Figures, area, coefficients, weights
from swc.report.layout import Fitted, table, titled

_NAMED = 4
_TILES = 40
_SUBJECTS = 20
"""Subjects that are explained in full; of more, the first ``_ROWS`` have a row each."""
_ROWS = 40


class NoSuchLayerError(ValueError):
    """No layer has a name that the pattern matches; the message names near ones."""


@frozen
class Subject:
    """Layers that are made in the same way: same cluster and SuperWeights, same shape."""

    layers: tuple[LayerPlan, ...]

    @property
    def first(self) -> LayerPlan:
        """Any of them stands for all."""
        return self.layers[0]


def find_subjects(figures: Figures, pattern: str) -> list[Subject]:
    """The layers that a pattern matches (``*`` and ``?`` as in hints), those made alike together.

    Raises:
        NoSuchLayerError: there are none.
    """
    names = tuple(figures.layers)
    matched = [figures.layers[name] for name in names if fnmatchcase(name, pattern)]
    if not matched:
        near = near_pattern(pattern, names)
        if near is not None:
            raise NoSuchLayerError(f"{pattern!r} matches no layer: write {near!r}")
        shown = near_names(pattern, names) or names[:3]
        raise NoSuchLayerError(
            f"{pattern!r} matches no layer: a layer's name is the member and the labels on the way, such as "
            f"{', '.join(shown)}; * stands for any part"
        )
    groups: dict[tuple[object, ...], list[LayerPlan]] = {}
    for layer in matched:
        key = (layer.cluster, layer.shape) if layer.cluster else (layer.name,)
        groups.setdefault(key, []).append(layer)
    return [Subject(tuple(group)) for group in groups.values()]


def explanations(figures: Figures, family: Family, subjects: Sequence[Subject]) -> list[RenderableType]:
    """What to tell about some subjects: of a few everything, of many a line each, and of very many the first ones."""
    if len(subjects) <= _SUBJECTS:
        return [explanation(figures, family, subject) for subject in subjects]
    made = table("layers", "shape", "weights", "made from")
    made.columns[-1].justify = "left"
    for subject in subjects[:_ROWS]:
        layer = subject.first
        shape, each = family.layer_by_name[layer.name].shape, family.layer_by_name[layer.name].weights
        made.add_row(
            Text(first_few([layer.name for layer in subject.layers], 1)),
            "×".join(map(str, shape)),
            f"{each:,}",
            Text(_origin(figures, subject)),
        )
    rest = len(subjects) - _ROWS
    narrow = f"such as {subjects[0].first.name!r}, tells of each SuperWeight"
    more = f"and {rest:,} more kinds of layers. " if rest > 0 else ""
    return [titled(f"{len(subjects):,} kinds of layers", made, f"{more}A narrower pattern, {narrow}.")]


def _origin(figures: Figures, subject: Subject) -> str:
    """Where the weight of a layer comes from, in a few words."""
    layer = subject.first
    if layer.cluster is None:
        return "a weight of its own"
    fold = figures.clusters[layer.cluster].fold
    return f"{count(len(layer.superweights), 'tile' if fold else 'SuperWeight')} of {layer.cluster}"


def explanation(figures: Figures, family: Family, subject: Subject) -> RenderableType:
    """What to tell a person about layers that are made in the same way."""
    elaborated = family.layer_by_name[subject.first.name]
    head = Text.assemble((_names([layer.name for layer in subject.layers]), "bold"), "\n", _shape(elaborated))
    if subject.first.cluster is None:
        return Group(
            head, Text(f"owns {'its' if len(subject.layers) == 1 else 'their'} weight: " + _why(family, subject))
        )
    cluster = figures.clusters[subject.first.cluster]
    gain = sqrt(cluster.fan_in / elaborated.fan_in)
    made = [figures.plan.superweights[index] for index in _positions(figures, subject.first)]
    layers = count(len(cluster.layers), "layer")
    lines = [f"cluster {cluster.name}: {layers}, reference fan-in {cluster.fan_in:,}, so the gain is {gain:.3g}"]
    if cluster.fold:
        fold = cluster.fold
        lines.append(
            f"the cluster is folded: the weight is a grid of {count(len(made), 'tile')}, "
            f"{'each ' if len(made) > 1 else ''}mixed from the cluster's {count(fold.templates, 'template')} of "
            f"{fold.rows}×{fold.columns}"
        )
    twins = [name for name in cluster.layers if figures.layers[name].shape == subject.first.shape]
    others = [name for name in twins if name not in {layer.name for layer in subject.layers}]
    if others:
        lines.append(f"the same SuperWeights make {_names(others)}")
    return Group(head, Text("\n".join(lines)), _sources(figures, subject.first, made))


def _positions(figures: Figures, layer: LayerPlan) -> list[int]:
    wanted = set(layer.superweights)
    return [index for index, item in enumerate(figures.plan.superweights) if item.id in wanted]


def _shape(layer: Layer) -> str:
    out, inputs, height, width = layer.shape
    groups = f" in {layer.groups} groups" if layer.groups > 1 else ""
    return f"{out}×{inputs}×{height}×{width}{groups}: {layer.weights:,} weights, fan-in {layer.fan_in:,}"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED:,} more"


def _why(family: Family, subject: Subject) -> str:
    """Why layers do not share: a hint that says so, or that they are heads."""
    name = subject.first.name
    for hint in family.sharing.private:
        for place, (pattern, matched) in enumerate(zip(hint.patterns, hint.layers, strict=True)):
            if name in matched:
                where = f" ({hint.spans[place]})" if place < len(hint.spans) else ""
                return f"the hint `private {pattern}` says so{where}"
    return f"it is the head, which shares only where the spec says `public {name}`"


def _sources(figures: Figures, layer: LayerPlan, made: Sequence[SuperWeight]) -> Group:
    """One row for each SuperWeight of a layer."""
    cluster = figures.clusters[made[0].cluster]
    columns = ("SuperWeight", "rows", "columns", "of the weight", "templates", "cost", "also used by")
    found = table(*columns)
    found.columns[-1].justify = "left"
    out, inputs = layer.shape[:2]
    for item in made[:_TILES]:
        r = item.rectangle
        cells = min(r.rows, out - r.row) * min(r.columns, inputs - r.column)
        found.add_row(
            item.id,
            f"{r.row}:{min(r.row + r.rows, out)}",
            f"{r.column}:{min(r.column + r.columns, inputs)}",
            f"{cells * area(cluster) / weights(layer):.1%}",
            str(item.templates),
            f"{figures.template_cost(item) + coefficients(item):,}",
            _others(figures, layer, item),
        )
    return Group(Fitted(found), *([Text(f"and {len(made) - _TILES} more")] if len(made) > _TILES else []))


def _others(figures: Figures, layer: LayerPlan, item: SuperWeight) -> str:
    """Who else uses a SuperWeight: a few layers by name, or numbers of layers by member."""
    names = [name for name in item.users if name != layer.name]
    if not names:
        return "no other layer"
    if len(names) <= 2:
        return ", ".join(names)
    members = Counter(figures.member_of[name] for name in names)
    if len(figures.plan.members) == 1:
        return f"{len(names)} layers"
    listed = [f"{members[m.name]} of {m.name}" for m in figures.plan.members if members[m.name]]
    members_more = " members" if len(listed) > _NAMED + 1 else ""
    return f"{len(names):,} layers: {first_few(listed, _NAMED)}{members_more}"
