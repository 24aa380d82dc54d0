"""Expressions put together as a person would write them: no double negations, no comparisons that say nothing."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from attrs import evolve

from swc.emit.code import (
    FALSE,
    TRUE,
    Atom,
    Attribute,
    Call,
    Choice,
    Expression,
    Infix,
    Item,
    Name,
    Path,
    Prefix,
    Sequence,
    call,
)

_NEGATED = {"==": "!=", "<": ">=", ">": "<=", "is": "is not", "in": "not in"}
_NEGATED |= {opposite: word for word, opposite in _NEGATED.items()}
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LARGEST_EXPONENT = 64
_CALCULATE: Mapping[str, Callable[[int, int], int]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def value(expression: Expression) -> int | None:
    """The number that an expression of ints without variables stands for, or None."""
    match expression:
        case Atom(text=text) if text.isdigit():
            return int(text)
        case Prefix(operator="-"):
            operand = value(expression.operand)
            return None if operand is None else -operand
        case Infix():
            left, right = value(expression.left), value(expression.right)
            return None if left is None or right is None else _calculated(expression.operator, left, right)
    return None


def _calculated(symbol: str, left: int, right: int) -> int | None:
    if symbol in {"//", "%"} and right != 0:
        return left // right if symbol == "//" else left % right
    if symbol == "**" and 0 <= right <= _LARGEST_EXPONENT:
        return int(left**right)
    return _CALCULATE[symbol](left, right) if symbol in _CALCULATE else None


def comparison(symbol: str, left: Expression, right: Expression) -> Expression:
    """``left symbol right`` with a constant on the right; the answer where it is known."""
    one, other = value(left), value(right)
    if one is not None and other is not None:
        return TRUE if _COMPARE[symbol](one, other) else FALSE
    if left == right:
        return TRUE if symbol in {"==", "<=", ">="} else FALSE
    return Infix(_MIRRORED[symbol], right, left) if one is not None else Infix(symbol, left, right)


def negated(condition: Expression) -> Expression:
    """The opposite condition, without a ``not`` where another comparison says it."""
    match condition:
        case Atom(text="True" | "False"):
            return FALSE if condition == TRUE else TRUE
        case Prefix(operator="not"):
            return condition.operand
        case Infix(operator=symbol) if symbol in _NEGATED:
            return Infix(_NEGATED[symbol], condition.left, condition.right)
        case Infix(operator="and" | "or" as symbol):
            return Infix("or" if symbol == "and" else "and", negated(condition.left), negated(condition.right))
    return Prefix("not", condition)


def minus(number: Expression) -> Expression:
    """``-number``, or what that is the negative of."""
    return number.operand if isinstance(number, Prefix) and number.operator == "-" else Prefix("-", number)


def junction(symbol: str, left: Expression, right: Expression) -> Expression:
    """``left and right`` or ``left or right``; comparisons of one value with several become one (``a in (1, 2)``)."""
    neutral, deciding = (FALSE, TRUE) if symbol == "or" else (TRUE, FALSE)
    operands: list[Expression] = []
    for operand in (*_flattened(symbol, left), *_flattened(symbol, right)):
        if operand == deciding or negated(operand) in operands:
            return deciding
        joined = _joined(symbol, operands[-1], operand) if operands else None
        if joined is not None:
            operands[-1] = joined
        elif operand != neutral and operand not in operands:
            operands.append(operand)
    if not operands:
        return neutral
    result = operands[0]
    for operand in operands[1:]:
        result = Infix(symbol, result, operand)
    return result


def _flattened(symbol: str, expression: Expression) -> tuple[Expression, ...]:
    if isinstance(expression, Infix) and expression.operator == symbol:
        return (*_flattened(symbol, expression.left), *_flattened(symbol, expression.right))
    return (expression,)


def _joined(symbol: str, before: Expression, operand: Expression) -> Expression | None:
    """``a == 1 or a == 2`` as ``a in (1, 2)``."""
    equal, member = ("==", "in") if symbol == "or" else ("!=", "not in")
    if not (isinstance(before, Infix) and isinstance(operand, Infix)):
        return None
    if operand.operator != equal or operand.left != before.left or operand == before:
        return None
    if before.operator == equal:
        return Infix(member, operand.left, Sequence((before.right, operand.right)))
    if before.operator == member and isinstance(before.right, Sequence):
        return Infix(member, operand.left, Sequence((*before.right.items, operand.right)))
    return None


def choice(condition: Expression, consequent: Expression, alternative: Expression) -> Expression:
    """``consequent if condition else alternative``, or what says the same in fewer words."""
    if consequent == alternative or condition == TRUE:
        return consequent
    if condition == FALSE:
        return alternative
    if consequent in (TRUE, FALSE) or alternative in (TRUE, FALSE):
        return _logical(condition, consequent, alternative)
    if isinstance(condition, Infix) and condition.operator in {"<", "<=", ">", ">="}:
        sides = (condition.left, condition.right)
        if (consequent, alternative) in (sides, sides[::-1]):
            larger = (consequent == condition.left) == condition.operator.startswith(">")
            return call("max" if larger else "min", *sides)
    return Choice(condition, consequent, alternative)


def _logical(condition: Expression, consequent: Expression, alternative: Expression) -> Expression:
    """A conditional truth value of which one side is known."""
    if consequent == TRUE:
        return junction("or", condition, alternative)
    if consequent == FALSE:
        return junction("and", negated(condition), alternative)
    if alternative == TRUE:
        return junction("or", negated(condition), consequent)
    return junction("and", condition, consequent)


def regrouped(expression: Expression) -> Expression:
    """A sum or product of ints without brackets on its right: ``a * (b * c)`` is ``a * b * c``, ``16 + 16`` is 32."""
    if not isinstance(expression, Infix):
        return expression
    symbol, left, right = expression.operator, regrouped(expression.left), regrouped(expression.right)
    if symbol in {"+", "*"} and isinstance(right, Infix) and right.operator == symbol:
        return regrouped(Infix(symbol, Infix(symbol, left, right.left), right.right))
    result = Infix(symbol, left, right)
    number = value(result)
    return result if number is None or number < 0 else Atom(str(number))


def replaced(  # noqa: PLR0911 - one return for each kind of expression
    expression: Expression, values: Mapping[str, Expression]
) -> Expression:
    """The expression with the values of variables put in their place."""

    def again(part: Expression) -> Expression:
        return replaced(part, values)

    match expression:
        case Name():
            return values.get(expression.text, expression)
        case Atom() | Path():
            return expression
        case Call():
            return evolve(expression, arguments=tuple(evolve(a, value=again(a.value)) for a in expression.arguments))
        case Sequence():
            return Sequence(tuple(map(again, expression.items)))
        case Item():
            return Item(again(expression.value), again(expression.index))
        case Attribute():
            arguments = expression.arguments
            return Attribute(
                again(expression.value), expression.name, None if arguments is None else tuple(map(again, arguments))
            )
        case Prefix(operator="not"):
            return negated(again(expression.operand))
        case Prefix():
            return minus(again(expression.operand))
        case Infix():
            return _again(expression.operator, again(expression.left), again(expression.right))
        case Choice():
            return choice(again(expression.condition), again(expression.consequent), again(expression.alternative))


def _again(symbol: str, left: Expression, right: Expression) -> Expression:
    if symbol in _COMPARE:
        return comparison(symbol, left, right)
    return junction(symbol, left, right) if symbol in {"and", "or"} else Infix(symbol, left, right)
