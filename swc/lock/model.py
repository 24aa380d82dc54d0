"""The lock file's content: which layers a search put into one cluster, and what the search was."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import field, frozen

from swc.diagnostics import Source, Span
from swc.lock.outline import Outline

FORMAT_VERSION = 1

Shape = tuple[int, int, int, int]


@frozen
class Lock:
    """The result of a search (paper, sec. 2.2.1).

    ``threshold`` is the τ that was asked for and ``threshold_used`` the one that fits the budget; ``clusters`` maps a
    cluster's name to its layers and their shapes (out, in, kh, kw); ``structure`` is the structural hash of the spec.
    ``bins`` are those that the search started from, as the spec gave them, None if it left them to the planner.
    ``val`` is the fraction of the training images that the search held out, None if the lock does not say it.
    ``outline`` is what the spec was besides, None if the lock does not say it.
    ``source`` is the text that the lock was read from.
    """

    family: str
    structure: str
    data: str
    epochs: int
    seed: int
    threshold: float
    threshold_used: float
    clusters: Mapping[str, Mapping[str, Shape]]
    bins: str | None = None
    val: float | None = None
    outline: Outline | None = None
    format_version: int = FORMAT_VERSION
    source: Source | None = field(default=None, eq=False, repr=False)

    @property
    def layers(self) -> dict[str, Shape]:
        """All locked layers and their shapes."""
        return {name: shape for members in self.clusters.values() for name, shape in members.items()}

    def cluster_layers(self) -> dict[str, tuple[str, ...]]:
        """The clusters as the planner takes them."""
        return {name: tuple(layers) for name, layers in self.clusters.items()}

    def place(self, key: str) -> Span | None:
        """Where an entry, a cluster or a layer stands in the text that the lock was read from."""
        return None if self.source is None else place_of_key(self.source, key)


def place_of_key(source: Source, key: str, *, last: bool = False) -> Span | None:
    """Where a key stands in a JSON text: the first time, or the last."""
    found = list(re.finditer(rf'"{re.escape(key)}"(?=\s*:)', source.text))
    return Span(source, *found[-1 if last else 0].span()) if found else None
