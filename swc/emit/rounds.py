"""The loops around a statement of ``__init__``, and the lists that modules created in them are kept in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from attrs import frozen

from swc.emit.code import Append, Assign, Expression, Name, Path, Statement, call
from swc.emit.facts import Facts
from swc.syntax import tree as t


@frozen
class Round:
    """A loop: its index, and the list that each module in it is appended to."""

    index: str
    lists: dict[str, str]


class Rounds:
    """The loops that the constructor is in at the moment, outermost first."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._rounds: list[Round] = []

    def __bool__(self) -> bool:
        return bool(self._rounds)

    @property
    def names(self) -> set[str]:
        """The variables that the loops need."""
        return {name for r in self._rounds for name in (r.index, *r.lists.values())}

    @contextmanager
    def entered(self, node: t.Repeat, taken: set[str]) -> Iterator[Round]:
        """Enter a loop; its lists are attributes if it is the outermost one, otherwise variables not in ``taken``."""
        index = self._facts.index(node, [r.index for r in self._rounds])
        lists: dict[str, str] = {}
        for label in self._facts.modules_in(node.body):
            others = taken | set(lists.values()) | {index}
            lists[label] = self._facts.unused(label, others) if self._rounds else f"self.{label}"
        self._rounds.append(Round(index, lists))
        yield self._rounds[-1]
        self._rounds.pop()

    def path(self, label: str) -> Path:
        """The name of a layer or block in its module, as the elaborator has it: ``"conv1"``, ``f"group1.{i}"``."""
        return Path(label, tuple(Name(r.index) for r in self._rounds))

    def creation(self, label: str, module: Expression) -> Statement:
        """The statement that keeps a new module under its label."""
        if self._rounds:
            return Append(self._rounds[-1].lists[label], module)
        return Assign((f"self.{label}",), module)

    def within_lists(self, lists: Mapping[str, str], loop: Statement) -> list[Statement]:
        """A loop with the lists that it fills: made before it, and afterwards put into those of the loop around it."""
        made = [Assign((name,), call("nn.ModuleList")) for name in lists.values()]
        outer = self._rounds[-1].lists if self._rounds else {}
        kept = [Append(outer[label], Name(name)) for label, name in lists.items() if outer]
        return [*made, loop, *kept]
