"""Which values are still needed: in a spec's body to choose names, in generated code to leave out the rest."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, evolve, field

from swc.emit.code import Append, Assign, Call, Delete, Expression, If, Loop, Name, Return, Statement, names_in, parts
from swc.emit.facts import reads
from swc.syntax import tree as t

Names = frozenset[str]


@define
class Liveness:
    """For each statement, by identity: the variables read after it; for each ``repeat`` those read from its head on."""

    after: dict[int, Names] = field(factory=dict)
    head: dict[int, Names] = field(factory=dict)

    def follow(self, body: tuple[t.Statement, ...], live: Names) -> Names:
        """Go through a body from its end, where ``live`` are needed, to its beginning."""
        for statement in reversed(body):
            self.after[id(statement)] = live
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
        head = live
        while True:
            around = live | self.follow(statement.body, head)
            if around == head:
                break
            head = around
        self.head[id(statement)] = head
        return head | frozenset(reads(statement.count))


def without_dead(statements: Iterable[Statement], live: Names = frozenset()) -> tuple[tuple[Statement, ...], Names]:
    """Drop assignments to local variables that nothing reads, and loops that do nothing.

    Returns the statements that are left, and what they read from before.
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
                loop, live = _loop(statement, live)
                kept.extend(loop)
            case If(condition=condition, body=body, alternative=alternative):
                body, before = without_dead(body, live)
                alternative, other = without_dead(alternative, live)
                if body or alternative:
                    kept.append(If(condition, body, alternative))
                    live = before | other | names_in(condition)
            case Return(value=value):
                live = names_in(value)
                kept.append(statement)
            case Delete():
                kept.append(statement)
    return tuple(reversed(kept)), live


def _loop(statement: Loop, live: Names) -> tuple[tuple[Statement, ...], Names]:
    targets = frozenset({*statement.targets, statement.index})
    head = live
    while True:
        body, before = without_dead(statement.body, head)
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
    found: set[str] = set()
    for statement in statements:
        match statement:
            case Assign(value=value) | Return(value=value):
                found |= _texts(value)
            case Append(list=list_, value=value):
                found |= _texts(value) | {list_}
            case Loop(iterable=iterable, body=body):
                found |= _texts(iterable) | used_in(body)
            case If(condition=condition, body=body, alternative=alternative):
                found |= _texts(condition) | used_in(body) | used_in(alternative)
            case Delete():
                pass
    return frozenset(found)


def _texts(value: Expression) -> set[str]:
    return {part.text for part in parts(value) if hasattr(part, "text")} | {
        part.function.text for part in parts(value) if isinstance(part, Call)
    }
