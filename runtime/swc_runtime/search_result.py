"""What a search measured, as plain values: kept as JSON, so that another threshold is tried without training.

Torch-free.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from swc_runtime.grouping import Groups, group_by_similarity, unordered_pairs

STEP = 0.05
"""By how much the threshold falls while the clusters need more than the budget (DESIGN: search)."""

_ROUNDING = 1e-6

LOWEST = -1.0
"""At this threshold every pair is similar, whatever its cosine."""


@dataclass(frozen=True)
class Pool:
    """Layers of one kernel size and the cosines of their gradients (eq. 2), one per unordered pair, NaN for none."""

    kernel: str
    layers: tuple[str, ...]
    cosines: Mapping[tuple[str, str], float]

    def to_json(self) -> dict[str, Any]:
        """Layers, and the upper triangle without its diagonal, row by row; null stands for "no direction"."""
        rows = [
            [_or_none(self.cosines[layer, other]) for other in self.layers[index + 1 :]]
            for index, layer in enumerate(self.layers)
        ]
        return {"kernel": self.kernel, "layers": list(self.layers), "cosines": rows[:-1]}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Pool:
        """The inverse of ``to_json``.

        Raises:
            ValueError: an entry is missing, unknown or of another kind, or the rows do not fit the layers.
        """
        _check_keys(content, ("kernel", "layers", "cosines"), "a pool")
        kernel, layers, rows = content["kernel"], content["layers"], content["cosines"]
        _check(isinstance(kernel, str), "the kernel of a pool is no text")
        _check(_are_names(layers), f"the layers of {kernel} are no list of names, each once")
        _check(
            isinstance(rows, list) and all(isinstance(row, list) for row in rows), f"{kernel} has no rows of cosines"
        )
        fitting = [len(row) for row in rows] == list(range(len(layers) - 1, 0, -1))
        _check(fitting, f"the cosines of {kernel} are no upper triangle over its {len(layers)} layers")
        pairs = dict(zip(unordered_pairs(layers), (value for row in rows for value in row), strict=True))
        for (first, second), value in pairs.items():
            cosine = value is None or _is_cosine(value)
            _check(cosine, f"the cosine of {first} and {second} is {value!r}, and no number from -1 to 1")
        values = {pair: math.nan if value is None else float(value) for pair, value in pairs.items()}
        return cls(kernel, tuple(layers), values)


@dataclass(frozen=True)
class SearchResult:
    """What the search found.

    Attributes:
        pools: the measured cosines, per kernel size.
        groups: the clusters, as groups of layer names; a pool's groups stand together, in the order of its layers.
        requested: the threshold asked for.
        threshold: the threshold in the end, lower where the clusters would have cost more than the budget.
        epochs: trained before measuring.
        seed: of the search.
    """

    pools: tuple[Pool, ...]
    groups: Groups
    requested: float
    threshold: float
    epochs: int
    seed: int

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "pools": [pool.to_json() for pool in self.pools],
            "groups": [list(group) for group in self.groups],
            "requested": self.requested,
            "threshold": self.threshold,
            "epochs": self.epochs,
            "seed": self.seed,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> SearchResult:
        """The inverse of ``to_json``.

        Raises:
            ValueError: an entry is missing, unknown or of another kind, or groups and pools name other layers.
        """
        _check_keys(content, ("pools", "groups", "requested", "threshold", "epochs", "seed"), "the search")
        pools, groups = content["pools"], content["groups"]
        _check(isinstance(pools, list) and all(isinstance(x, dict) for x in pools), "the pools are no list of objects")
        found = tuple(Pool.from_json(pool) for pool in pools)
        layers = [layer for pool in found for layer in pool.layers]
        named = isinstance(groups, list) and all(_are_names(group) and group for group in groups)
        _check(named, "the groups are no list of lists of names")
        same = sorted(layers) == sorted(layer for group in groups for layer in group)
        _check(same and len(set(layers)) == len(layers), "groups and pools do not name the same layers, each once")
        for key in ("requested", "threshold"):
            _check(_is_cosine(content[key]), f"the {key} is {content[key]!r}, and no number from -1 to 1")
        lowered = content["threshold"] <= content["requested"]
        _check(lowered, "the threshold is above the requested one, from which it can only have been lowered")
        for key, least in (("epochs", 1), ("seed", 0)):
            whole = type(content[key]) is int and content[key] >= least
            _check(whole, f"{key}: {content[key]!r} is no whole number from {least} up")
        return cls(
            pools=found,
            groups=tuple(tuple(group) for group in groups),
            requested=content["requested"],
            threshold=content["threshold"],
            epochs=content["epochs"],
            seed=content["seed"],
        )


def regroup(
    pools: Sequence[Pool],
    threshold: float,
    *,
    together: Iterable[Sequence[str]] = (),
    apart: Iterable[tuple[str, str]] = (),
) -> Groups:
    """The clusters that the measured cosines give at ``threshold`` (at ``LOWEST`` or below: all that may merge do).

    Args:
        pools: what was measured.
        threshold: τ.
        together: tie hints; a tie may join layers of several pools (a linear layer with 1×1 convolutions).
        apart: pairs that never share a cluster.
    """
    layers = [layer for pool in pools for layer in pool.layers]
    similarity = {pair: value for pool in pools for pair, value in pool.cosines.items()}
    if threshold <= LOWEST:
        similarity = {pair: LOWEST if math.isnan(value) else value for pair, value in similarity.items()}
        threshold = -math.inf
    return group_by_similarity(layers, similarity, threshold, together, apart)


def fit_threshold(
    pools: Sequence[Pool],
    requested: float,
    fits: Callable[[Groups], bool],
    *,
    together: Iterable[Sequence[str]] = (),
    apart: Iterable[tuple[str, str]] = (),
) -> tuple[Groups, float] | None:
    """The clusters at the highest threshold, from ``requested`` down in steps of ``STEP``, that ``fits`` accepts.

    Returns:
        The groups and their threshold; None if even ``LOWEST`` does not fit.
    """
    together, apart = [tuple(names) for names in together], list(apart)
    tried: set[Groups] = set()
    for threshold in _thresholds(requested):
        groups = regroup(pools, threshold, together=together, apart=apart)
        if groups not in tried and fits(groups):
            return groups, threshold
        tried.add(groups)
    return None


def _thresholds(requested: float) -> Iterator[float]:
    threshold, count = requested, 0
    while threshold > LOWEST:
        yield threshold
        count += 1
        threshold = round(requested - count * STEP, 6) + 0.0  # plus nothing: -0.0 becomes 0.0
    yield LOWEST


def _check(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - it reads like an assertion
    if not condition:
        raise ValueError(otherwise)


def _check_keys(content: Mapping[str, Any], keys: Sequence[str], what: str) -> None:
    for key in keys:
        _check(key in content, f"{what} has no {key}")
    for key in sorted(content):
        _check(key in keys, f"{what} has an unknown entry {key}")


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(x, str) for x in value) and len(set(value)) == len(value)


def _is_cosine(value: object) -> bool:
    """Whether this is a number from -1 to 1, give or take what the rounding of a quotient can add."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1 + _ROUNDING


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
