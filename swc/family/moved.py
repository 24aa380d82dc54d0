"""Names that have changed: what a spec's `moved` lines say, followed back and forth.

The lines stand in the order in which names changed, so each speaks of the names that hold once all lines before it are
done. The last ones undone, one after the other, give the *former* families: versions of the spec that locks and
checkpoints may be of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import field, frozen

from swc.diagnostics import Span

if TYPE_CHECKING:
    from swc.family.model import Family


@frozen
class Moved:
    """``before`` is called ``after`` now, and so is all that its name begins: a member, a label, a norm or a block.

    With ``cluster``, it is a cluster made by hand.
    """

    before: str
    after: str
    cluster: bool = False
    span: Span | None = field(default=None, eq=False, repr=False)

    def done(self, name: str) -> str:
        """What a name becomes."""
        return renamed(name, self.before, self.after)

    def undone(self, name: str) -> str:
        """What a name was."""
        return renamed(name, self.after, self.before)

    def __str__(self) -> str:
        return f"{'cluster ' * self.cluster}{self.before} -> {self.after}"


def renamed(name: str, before: str, after: str) -> str:
    """A full name in which ``before``, a whole name or the first of its parts, has become ``after``."""
    if name == before or name.startswith(f"{before}."):
        return after + name[len(before) :]
    return name


def now(moves: Iterable[Moved], name: str) -> str:
    """What a member, layer or norm is called once moves are done."""
    for move in moves:
        name = name if move.cluster else move.done(name)
    return name


def formerly(moves: Sequence[Moved], name: str) -> str:
    """What a member, layer or norm was called before moves."""
    for move in reversed(moves):
        name = name if move.cluster else move.undone(name)
    return name


def cluster_now(moves: Iterable[Moved], name: str) -> str:
    """What a cluster made by hand is called once moves are done."""
    for move in moves:
        name = move.after if move.cluster and name == move.before else name
    return name


def cluster_formerly(moves: Sequence[Moved], name: str) -> str:
    """What a cluster made by hand was called before moves."""
    for move in reversed(moves):
        name = move.before if move.cluster and name == move.after else name
    return name


def planned_now(moves: Iterable[Moved], name: str) -> str:
    """A cluster of a plan or a lock once moves are done: ``conv3x3-left`` is named after a cluster made by hand.

    Clusters that a search found keep the names that they got then.
    """
    kernel, dash, made = name.partition("-")
    return f"{kernel}{dash}{cluster_now(moves, made)}"


@frozen
class Former:
    """A family as it was before ``moves``, which are the last of the spec's."""

    family: Family
    moves: tuple[Moved, ...]

    @property
    def names(self) -> Mapping[str, str]:
        """The full names of its layers, and what they are now."""
        return {layer.name: now(self.moves, layer.name) for layer in self.family.layers}
