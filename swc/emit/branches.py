"""Modules that exist only under a condition: how ``__init__`` creates them and how the forward pass asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from attrs import evolve, frozen

from swc.emit.code import NONE, Append, Assign, Call, Choice, Expression, If, Name, Prefix, Statement, call, parts
from swc.emit.simplify import choice, negated

Statements = tuple[Statement, ...]


@frozen
class Recomputed:
    """The forward pass works the condition out again, or needs no condition."""


@frozen
class Absent:
    """One branch has a module, ``attribute``, and it is None otherwise; ``first``: in the branch after ``then``."""

    attribute: str
    first: bool


@frozen
class Flagged:
    """``self.attribute`` holds the condition, or its opposite."""

    attribute: str
    opposite: bool


@frozen
class Settled:
    """The condition is known: only one branch is there, the first (after ``then``) or the other."""

    first: bool


Decision = Recomputed | Absent | Flagged | Settled


def combined(
    condition: Expression,
    branches: tuple[Statements, Statements],
    flag: Callable[[str], str],
    *,
    looped: bool,
) -> tuple[Statements, Decision]:
    """The statements that create the modules of both branches of a conditional tensor.

    ``flag`` names the attribute that remembers a condition, given the first module under it. In loops, modules are
    members of lists with one place for each round, which an identity takes where there is no module.
    """
    first, second = branches
    if not first and not second:
        return (), Recomputed()
    if looped:
        return _in_lists(condition, first, second), Recomputed()
    if len(first) == len(second) == 1 and (merged := _same_target(condition, first[0], second[0])):
        return (merged,), Recomputed()
    if len(first) + len(second) == 1:
        (only,) = first or second
        if isinstance(only, Assign) and NONE not in parts(only.value):
            value = choice(condition, only.value, NONE) if first else choice(condition, NONE, only.value)
            return (Assign(only.targets, value),), Absent(only.targets[0], first=bool(first))
    if isinstance(condition, Name) or (isinstance(condition, Prefix) and isinstance(condition.operand, Name)):
        return (_if(condition, first, second),), Recomputed()
    attribute = flag(next(_targets(first or second)).removeprefix("self."))
    stored = condition if first else negated(condition)
    branch = If(Name(f"self.{attribute}"), first or second, second if first else ())
    return (Assign((f"self.{attribute}",), stored), branch), Flagged(f"self.{attribute}", opposite=not first)


def _if(condition: Expression, first: Statements, second: Statements) -> If:
    return If(condition, first, second) if first else If(negated(condition), second)


def _in_lists(condition: Expression, first: Statements, second: Statements) -> Statements:
    if len(first) == len(second) == 1 and (merged := _same_target(condition, first[0], second[0])):
        return (merged,)
    nothing = call("nn.Identity")
    missing = [name for name in _targets(second) if name not in set(_targets(first))]
    surplus = [name for name in _targets(first) if name not in set(_targets(second))]
    if all(isinstance(statement, Append) for statement in (*first, *second)) and not (first and second):
        return tuple(
            Append(s.list, choice(condition, s.value, nothing) if first else choice(condition, nothing, s.value))
            for s in (*first, *second)
            if isinstance(s, Append)
        )
    return (
        If(
            condition,
            (*first, *(Append(name, nothing) for name in missing)),
            (*second, *(Append(name, nothing) for name in surplus)),
        ),
    )


def _same_target(condition: Expression, first: Statement, second: Statement) -> Statement | None:
    """One module with one name in both branches: a conditional value."""
    if isinstance(first, Assign) and isinstance(second, Assign) and first.targets == second.targets:
        return Assign(first.targets, _value(condition, first.value, second.value))
    if isinstance(first, Append) and isinstance(second, Append) and first.list == second.list:
        return Append(first.list, _value(condition, first.value, second.value))
    return None


def _value(condition: Expression, first: Expression, second: Expression) -> Expression:
    """A conditional value; calls that differ in one argument become one call with a conditional argument."""
    if isinstance(first, Call) and isinstance(second, Call) and first.function == second.function:
        pairs = list(zip(first.arguments, second.arguments, strict=False))
        alike = len(first.arguments) == len(second.arguments) and all(a.keyword == b.keyword for a, b in pairs)
        if alike and sum(a != b for a, b in pairs) == 1:
            arguments = tuple(evolve(a, value=choice(condition, a.value, b.value)) for a, b in pairs)
            return Call(first.function, arguments)
    return choice(condition, first, second)


def _targets(found: Iterable[Statement]) -> Iterator[str]:
    """The attributes and lists that statements fill."""
    for statement in found:
        match statement:
            case Assign():
                yield statement.targets[0]
            case Append():
                yield statement.list
            case If():
                yield from dict.fromkeys((*_targets(statement.body), *_targets(statement.alternative)))


def leaves(value: Expression) -> Iterator[Expression]:
    """What a conditional value can be."""
    if isinstance(value, Choice):
        yield from leaves(value.consequent)
        yield from leaves(value.alternative)
    else:
        yield value
