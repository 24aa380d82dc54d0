"""Types in ``forward`` where Python's own are lost: as far as a type checker knows, a module may return anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import evolve

from swc.emit.code import Assign, Call, Choice, Expression, Infix, Loop, Name, Return, Statement
from swc.emit.names import FUNCTIONS

_TENSOR = "Tensor"


def annotated(body: tuple[Statement, ...], result: Callable[[set[str]], str]) -> tuple[Statement, ...]:
    """The body with each variable that holds what a module returns annotated once, where it is assigned first.

    A returned value of that kind gets a variable; ``result`` names it, given the names of the others.
    """
    seen, vague = {"x"}, _vague_targets(body)
    typed = list(_annotated(body, seen, vague))
    last = typed[-1]
    if isinstance(last, Return) and _is_vague(last.value):
        name = result(seen)
        typed[-1:] = [Assign((name,), last.value, _TENSOR), Return(Name(name))]
    return tuple(typed)


def _vague_targets(body: tuple[Statement, ...]) -> set[str]:
    """The variables that are assigned what a module returns, which may be anything to a type checker."""
    found: set[str] = set()
    for statement in body:
        match statement:
            case Assign(targets=targets, value=value) if _is_vague(value):
                found.update(targets)
            case Loop(body=inner):
                found |= _vague_targets(inner)
    return found


def _annotated(body: tuple[Statement, ...], seen: set[str], vague: set[str]) -> Iterator[Statement]:
    """The body with the type of each of those variables stated once, where it is assigned first."""
    for statement in body:
        match statement:
            case Assign(targets=(target,)):
                yield evolve(statement, annotation=_TENSOR) if target in vague - seen else statement
                seen.add(target)
            case Loop(body=inner):
                yield evolve(statement, body=tuple(_annotated(inner, seen, vague)))
            case _:
                yield statement


def _is_vague(value: Expression) -> bool:
    match value:
        case Call(function=function):
            return not function.text.startswith(("F.", "torch.")) and function.text not in FUNCTIONS
        case Infix(left=one, right=other) | Choice(consequent=one, alternative=other):
            return _is_vague(one) or _is_vague(other)
    return False
