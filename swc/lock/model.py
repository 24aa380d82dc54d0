"""The lock file's content: which layers a search put into one cluster, and what the search was."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

FORMAT_VERSION = 1

Shape = tuple[int, int, int, int]


@frozen
class Lock:
    """The result of a search (paper, sec. 2.2.1).

    ``threshold`` is the τ that was asked for and ``threshold_used`` the one that fits the budget; ``clusters`` maps a
    cluster's name to its layers and their shapes (out, in, kh, kw); ``structure`` is the structural hash of the spec.
    """

    family: str
    structure: str
    data: str
    epochs: int
    seed: int
    threshold: float
    threshold_used: float
    clusters: Mapping[str, Mapping[str, Shape]]
    format_version: int = FORMAT_VERSION

    @property
    def layers(self) -> dict[str, Shape]:
        """All locked layers and their shapes."""
        return {name: shape for members in self.clusters.values() for name, shape in members.items()}

    def cluster_layers(self) -> dict[str, tuple[str, ...]]:
        """The clusters as the planner takes them."""
        return {name: tuple(layers) for name, layers in self.clusters.items()}
