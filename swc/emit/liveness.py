"""Which values are still needed: in a spec's body to choose names, in generated code to leave out the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import define, evolve, field

from swc.emit.code import Append, Assign, Atom, Delete, Expression, If, Loop, Name, Return, Statement, names_in, parts
from swc.emit.facts import reads
from swc.syntax import tree as t

Names = frozenset[str]
_PRECISE = 4


@define
class Liveness:
    """The variables that are read from the head of each ``repeat`` on, by the identity of its node, in ``head``."""

    head: dict[int, Names] = field(factory=dict)
    exposed: dict[int, Names] = field(factory=dict)

    def follow(self, body: tuple[t.Statement, ...], live: Names) -> Names:
        """Go through a body from its end, where ``live`` are needed, to its beginning."""
        for statement in reversed(body):
            match statement:
                case t.Assign():
                    live = (live - {statement.target.text}) | frozenset(reads(statement.value))
                case t.Repeat():
                    live = self._repeat(statement, live)
                case t.Require():
                    pass
                case t.Return():
                    live = frozenset(reads(statement.value))
        return live

    def _repeat(self, statement: t.Repeat, live: Names) -> Names:
        head = live | self._exposed(statement)
        self.head[id(statement)] = head
        self.follow(statement.body, head)
        return head | frozenset(reads(statement.count))

    def _exposed(self, statement: t.Repeat) -> Names:
        """What a round of a loop reads from before it."""
        if id(statement) not in self.exposed:
            live: Names = frozenset()
            for inner in reversed(statement.body):
                match inner:
                    case t.Assign():
                        live = (live - {inner.target.text}) | frozenset(reads(inner.value))
                    case t.Repeat():
                        live |= self._exposed(inner) | frozenset(reads(inner.count))
                    case _:
                        pass
            self.exposed[id(statement)] = live
        return self.exposed[id(statement)]


def without_dead(
    statements: Iterable[Statement], live: Names = frozenset(), depth: int = 0
) -> tuple[tuple[Statement, ...], Names]:
    """Drop assignments to local variables that nothing reads, and loops that do nothing.

    Returns the statements that are left, and what they read from before. ``depth`` counts the loops around them.
    """
    kept: list[Statement] = []
    for statement in reversed(tuple(statements)):
        match statement:
            case Assign(targets=targets, value=value):
                locals_ = {name for name in targets if "." not in name}
                if locals_ and (not locals_ & live or value == Name(targets[0])):
                    continue
                live = (live - locals_) | names_in(value)
                kept.append(statement)
            case Append(list=list_, value=value):
                live |= names_in(value) | ({list_} if "." not in list_ else set())
                kept.append(statement)
            case Loop():
                loop, live = _loop(statement, live, depth + 1)
                kept.extend(loop)
            case If(condition=condition, body=body, alternative=alternative):
                body, before = without_dead(body, live, depth)
                alternative, other = without_dead(alternative, live, depth)
                if body or alternative:
                    kept.append(If(condition, body, alternative))
                    live = before | other | names_in(condition)
            case Return(value=value):
                live = names_in(value)
                kept.append(statement)
            case Delete():
                kept.append(statement)
    return tuple(reversed(kept)), live


def _loop(statement: Loop, live: Names, depth: int) -> tuple[tuple[Statement, ...], Names]:
    targets = frozenset({*statement.targets, statement.index})
    # What a round leaves may be read by the next one. Deep inside loops, all that is read counts as needed: finding
    # out more takes twice the time with every level.
    head = live if depth <= _PRECISE else live | used_in(statement.body)
    while True:
        body, before = without_dead(statement.body, head, depth)
        around = head | (before - targets)
        if around == head:
            break
        head = around
    if not body:
        return (), live
    used = used_in(body)
    shown = tuple(name if name in used else "_" for name in statement.targets)
    index = statement.index if statement.index in used else ""
    return (evolve(statement, targets=shown, body=body, index=index),), head | names_in(statement.iterable)


def used_in(statements: Iterable[Statement]) -> Names:
    """Every variable and every attribute (``self.name``) that statements read."""
    return frozenset(
        part.text for value in values_in(statements) for part in parts(value) if isinstance(part, Name | Atom)
    )


def values_in(statements: Iterable[Statement]) -> Iterator[Expression]:
    """Every value that statements use."""
    for statement in statements:
        match statement:
            case Assign(value=value) | Return(value=value):
                yield value
            case Append(list=list_, value=value):
                yield from (Name(list_), value)
            case Loop(iterable=iterable, body=body):
                yield iterable
                yield from values_in(body)
            case If(condition=condition, body=body, alternative=alternative):
                yield condition
                yield from values_in(body)
                yield from values_in(alternative)
            case Delete():
                pass


def variables_in(body: tuple[Statement, ...]) -> frozenset[str]:
    """Every variable that statements assign or read."""
    found = {name for name in used_in(body) if "." not in name}
    for statement in body:
        match statement:
            case Assign(targets=targets):
                found.update(targets)
            case Loop(targets=targets, index=index, body=inner):
                found |= {*targets, index, *variables_in(inner)}
    return frozenset(found)


def returned(body: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The body with the last assignment written into the ``return``, if that is all that it is for."""
    if len(body) > 1 and isinstance(body[-1], Return) and isinstance(body[-2], Assign):
        last, result = body[-2], body[-1]
        if result.value == Name(last.targets[0]):
            return (*body[:-2], Return(last.value))
    return body
