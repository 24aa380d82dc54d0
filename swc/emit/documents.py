"""Expressions as documents of the pretty printer: where the formatter of the generated code may break them."""

from __future__ import annotations

from collections.abc import Iterator

from swc.emit.code import Argument, Attribute, Call, Choice, Expression, Infix, Item, Prefix, Sequence
from swc.emit.printing import Broken, Document, Group, Indent, Line
from swc.emit.text import BINDING, CHOICE, TIGHTEST, binding, flat, operands, operator_text


def document(  # noqa: PLR0911 - one return for each kind of expression
    expression: Expression, *, broken: bool = False
) -> Document:
    """An expression that may break inside brackets; with ``broken``, a call must break inside its own."""
    match expression:
        case Call(function=function, arguments=arguments) if arguments:
            return (function.text, _brackets("(", Group(_separated(list(map(_argument, arguments)))), ")", broken))
        case Sequence(items=items) if len(items) > 1:
            return _brackets("(", _separated([document(item) for item in items]), ")", broken)
        case Attribute(arguments=arguments) if arguments:
            inner = Group(_separated([document(item) for item in arguments]))
            return (_operand(expression.value, TIGHTEST), f".{expression.name}", _brackets("(", inner, ")", broken))
        case Item():
            return (_operand(expression.value, TIGHTEST), _brackets("[", document(expression.index), "]", broken))
        case Prefix():
            word = "not " if expression.operator == "not" else "-"
            return (word, _operand(expression.operand, binding(expression)))
        case Infix() | Choice():
            return Group(tuple(_chain(expression)))
    return flat(expression)


def parenthesised(expression: Expression) -> Document:
    """An expression that gets parentheses, and breaks at its operators, when it does not fit."""
    return Group((Broken("("), Indent((Line(), Group(tuple(_chain(expression))))), Line(), Broken(")")))


def inline(expression: Expression) -> Document:
    """An expression that breaks inside its brackets only, never at an operator outside of them."""
    match expression:
        case Infix():
            left, right = operands(expression)
            return (_inline(expression.left, left), operator_text(expression), _inline(expression.right, right))
        case Choice():
            consequent, condition = (_inline(x, CHOICE + 1) for x in (expression.consequent, expression.condition))
            return (consequent, " if ", condition, " else ", inline(expression.alternative))
    return document(expression)


def _inline(expression: Expression, at_least: int) -> Document:
    return inline(expression) if binding(expression) >= at_least else _operand(expression, at_least)


def operators(expression: Expression) -> int:
    """How many operators bind as loosely as the outermost one, outside of brackets."""
    level = binding(expression)
    if isinstance(expression, Choice):
        return 1 + (operators(expression.alternative) if binding(expression.alternative) == level else 0)
    if not isinstance(expression, Infix):
        return 0
    left, right = operands(expression)
    sides = ((expression.left, left), (expression.right, right))
    return 1 + sum(operators(side) for side, needed in sides if binding(side) == level and level >= needed)


def _brackets(start: str, content: Document, end: str, broken: bool) -> Document:  # noqa: FBT001 - passed on
    return Group((start, Indent((Line(), content)), Line(), end), broken)


def _separated(items: list[Document]) -> Document:
    rest: list[Document] = [part for item in items[1:] for part in (",", Line(" "), item)]
    return (items[0], *rest, Broken(","))


def _argument(given: Argument) -> Document:
    return (f"{given.keyword}=", document(given.value)) if given.keyword else document(given.value)


def _operand(expression: Expression, at_least: int) -> Document:
    """An operand, in the parentheses that it needs."""
    if binding(expression) >= at_least:
        return document(expression)
    return Group(("(", Indent((Line(), document(expression))), Line(), ")"))


def _chain(expression: Expression) -> Iterator[Document]:
    """The operands of the loosest operators, each operator after a place to break."""
    if isinstance(expression, Choice):
        yield _operand(expression.consequent, CHOICE + 1)
        yield Line(" ")
        yield ("if ", _operand(expression.condition, CHOICE + 1))
        yield Line(" ")
        yield "else "
        if isinstance(expression.alternative, Choice):
            yield from _chain(expression.alternative)
        else:
            yield document(expression.alternative)
    elif isinstance(expression, Infix):
        left, right = operands(expression)
        level = BINDING[expression.operator]
        yield from _side(expression.left, level, left)
        text = operator_text(expression)
        yield text if text == "**" else (Line(" "), text[1:])
        yield from _side(expression.right, level, right)
    else:
        yield document(expression)


def _side(expression: Expression, level: int, at_least: int) -> Iterator[Document]:
    if isinstance(expression, Infix) and binding(expression) == level >= at_least:
        yield from _chain(expression)
    else:
        yield _operand(expression, at_least)
