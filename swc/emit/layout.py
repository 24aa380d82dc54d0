"""Statements as lines of at most 120 columns, broken where the formatter of the generated code would break them.

swc does not depend on ruff, and still its output is what ``ruff format`` leaves alone. The rules here are those of
that formatter for the few kinds of code that the emitter builds; a conditional expression that is too long for its
line becomes an ``if`` statement instead, which reads better too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import evolve

from swc.emit.code import (
    NONE,
    Append,
    Assign,
    Call,
    Choice,
    Delete,
    Expression,
    If,
    Infix,
    Loop,
    Name,
    Return,
    Sequence,
    Statement,
    call,
)
from swc.emit.documents import document, inline, operators, parenthesised
from swc.emit.printing import render
from swc.emit.simplify import negated
from swc.emit.text import CHOICE, binding, flat, operands

WIDTH = 120
INDENT = 4


def lines(statements: Iterable[Statement], indent: int) -> list[str]:
    """The source of statements, indented by ``indent`` columns."""
    return [line for statement in statements for line in _statement(statement, indent)]


def fitted(prefix: str, value: Expression, suffix: str, indent: int) -> list[str]:
    """``prefix value suffix`` on one line if it fits, otherwise broken inside the value."""
    line = " " * indent + prefix + flat(value) + suffix
    if len(line) <= WIDTH:
        return [line]
    return [" " * indent + text for text in _broken(prefix, value, suffix, indent)]


def signature(name: str, parameters: Iterable[str], result: str, indent: int) -> list[str]:
    """``def name(parameters) -> result:``."""
    start, end = " " * indent + f"def {name}(", f") -> {result}:"
    inner = ", ".join(parameters)
    if len(start + inner + end) <= WIDTH:
        return [start + inner + end]
    deeper = " " * (indent + INDENT)
    if len(deeper + inner) <= WIDTH:
        return [start, deeper + inner, " " * indent + end]
    return [start, *(f"{deeper}{parameter}," for parameter in parameters), " " * indent + end]


def _broken(prefix: str, value: Expression, suffix: str, indent: int) -> list[str]:
    """A value that does not fit: calls break inside their brackets, operators get parentheses around them.

    An expression with one loosest operator that begins or ends with brackets breaks inside those, if that suffices.
    """
    if not isinstance(value, Infix | Choice):
        return render((prefix, document(value), suffix), WIDTH - indent)
    if operators(value) == 1 and (_ends_in_brackets(value) or _begins_with_parentheses(value)):
        result = render((prefix, inline(value), suffix), WIDTH - indent)
        if max(map(len, result)) <= WIDTH - indent:
            return result
    return render((prefix, parenthesised(value), suffix), WIDTH - indent)


def _ends_in_brackets(value: Expression) -> bool:
    """Whether the last operand of an expression is a call with arguments, or in parentheses."""
    while isinstance(value, Infix | Choice):
        if isinstance(value, Infix) and binding(value.right) < operands(value)[1]:
            return True
        value = value.right if isinstance(value, Infix) else value.alternative
    return isinstance(value, Sequence) or (isinstance(value, Call) and bool(value.arguments))


def _begins_with_parentheses(value: Expression) -> bool:
    while isinstance(value, Infix | Choice):
        left, needed = (value.left, operands(value)[0]) if isinstance(value, Infix) else (value.consequent, CHOICE + 1)
        if binding(left) < needed:
            return True
        value = left
    return isinstance(value, Sequence)


def _statement(statement: Statement, indent: int) -> Iterator[str]:
    match statement:
        case Assign():
            yield from _assign(statement, indent)
        case Append(list=list_, value=value):
            line = fitted(f"{list_}.append(", value, ")", indent)
            if len(line) == 1:
                yield from line
            elif isinstance(value, Choice):
                yield from _statement(_as_if(value, statement), indent)
            else:
                yield from _append(list_, value, indent)
        case Loop(targets=targets, iterable=iterable, body=body, index=index):
            names = ", ".join(targets)
            if index:
                names = f"{index}, ({names})" if len(targets) > 1 else f"{index}, {names}"
                iterable = call("enumerate", iterable)
            yield from fitted(f"for {names} in ", iterable, ":", indent)
            yield from lines(body, indent + INDENT)
        case Delete(names=names):
            yield f"{' ' * indent}del {', '.join(names)}"
        case If():
            yield from _if(statement, indent)
        case Return(value=value):
            if isinstance(value, Choice) and len(flat(value)) + indent + len("return ") > WIDTH:
                yield from _if(If(value.condition, (Return(value.consequent),)), indent)
                yield from _statement(Return(value.alternative), indent)
            else:
                yield from fitted("return ", value, "", indent)


def _assign(statement: Assign, indent: int) -> Iterator[str]:
    value = statement.value
    if len(statement.targets) > 1:
        yield f"{' ' * indent}{', '.join(statement.targets)} = {flat(value)[1:-1]}"
        return
    annotation = f": {statement.annotation}" if statement.annotation else ""
    prefix = f"{', '.join(statement.targets)}{annotation} = "
    comment = f"  # {statement.comment}" if statement.comment else ""
    if indent + len(prefix) + len(flat(value)) + len(comment) <= WIDTH:
        yield " " * indent + prefix + flat(value) + comment
    elif isinstance(value, Choice) and indent + len(prefix) + len(flat(value)) > WIDTH:
        yield from lines(_optional(statement, value), indent)
    else:
        yield from fitted(prefix, value, "", indent)


def _optional(statement: Assign, value: Choice) -> Iterator[Statement]:
    """A conditional assignment as statements: nothing, unless there is something."""
    if NONE in (value.consequent, value.alternative):
        absent = value.consequent == NONE
        present = value.alternative if absent else value.consequent
        yield evolve(statement, value=NONE)
        yield If(
            negated(value.condition) if absent else value.condition,
            (evolve(statement, value=present, annotation=""),),
        )
    else:
        yield _as_if(value, statement)


def _as_if(value: Choice, statement: Assign | Append) -> If:
    """A conditional value as a statement; several conditions in a row become one chain."""
    later = evolve(statement, annotation="") if isinstance(statement, Assign) else statement
    rest = value.alternative
    if isinstance(statement, Assign):
        same = Name(statement.targets[0])
        if rest == same:
            return If(value.condition, (evolve(statement, value=value.consequent),))
        if value.consequent == same:
            return If(negated(value.condition), (evolve(statement, value=rest),))
    return If(
        value.condition,
        (evolve(statement, value=value.consequent),),
        (_as_if(rest, later) if isinstance(rest, Choice) else evolve(later, value=rest),),
    )


def _append(list_: str, value: Expression, indent: int) -> Iterator[str]:
    """``append`` takes its one argument on a line of its own."""
    pad = " " * indent
    yield f"{pad}{list_}.append("
    yield from fitted("", value, "", indent + INDENT)
    yield f"{pad})"


def _expanded(statement: Statement, indent: int) -> tuple[Statement, ...]:
    """A conditional value that is too long for its line as an ``if`` of its own, which may continue a chain."""
    if isinstance(statement, Assign | Append) and isinstance(statement.value, Choice):
        text = lines((statement,), indent)
        if len(text) > 1 and NONE not in (statement.value.consequent, statement.value.alternative):
            return (_as_if(statement.value, statement),)
    return (statement,)


def _if(statement: If, indent: int) -> Iterator[str]:
    keyword = "if "
    while True:
        yield from fitted(keyword, statement.condition, ":", indent)
        yield from lines(statement.body, indent + INDENT)
        rest = statement.alternative
        if len(rest) == 1:
            rest = _expanded(rest[0], indent + INDENT)
        if len(rest) == 1 and isinstance(rest[0], If):
            keyword, statement = "elif ", rest[0]
            continue
        if rest:
            yield " " * indent + "else:"
            yield from lines(rest, indent + INDENT)
        return
