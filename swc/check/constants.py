"""Numbers that settings are written with: literals and arithmetic of literals, worked out here."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import isfinite

from swc.blanks import without_comments
from swc.check.environment import Environment
from swc.check.operations import Type
from swc.check.types import type_of
from swc.diagnostics import Diagnostics
from swc.syntax import tree as t

Constant = int | float | bool

_LARGEST = 1e15
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}


def constant(expression: t.Expression, diagnostics: Diagnostics) -> Constant | None:
    """The value of a constant expression, or None after an error in it, which is reported."""
    own = Diagnostics()
    kind = type_of(expression, Environment({}, {}, in_body=False), own)
    for diagnostic in own.found:
        diagnostics.add(diagnostic)
    if kind is None or own.has_errors:
        return None
    try:
        return _value(expression)
    except _NotConstantError as error:
        part = error.expression
        diagnostics.error(
            "SW0319",
            f"`{without_comments(part.span.text)}` is no constant of a setting: {error}",
            part.span,
            label="cannot be used here",
            help="write the number itself, such as `0.1`",
        )
        return None


class _NotConstantError(Exception):
    def __init__(self, expression: t.Expression, why: str) -> None:
        super().__init__(why)
        self.expression = expression


def _value(expression: t.Expression) -> Constant:
    match expression:
        case t.Number() | t.Boolean():
            return expression.value
        case t.Negation():
            return -_value(expression.operand)
        case t.Binary() if expression.operator in _ARITHMETIC:
            return _calculate(expression, _value(expression.left), _value(expression.right))
        case _:
            raise _NotConstantError(expression, "settings are numbers, and sums and products of numbers")


def _calculate(expression: t.Binary, left: float, right: float) -> int | float:
    symbol = expression.operator
    if symbol == "/" and right == 0:
        raise _NotConstantError(expression, "it divides by zero")
    if symbol == "/" and isinstance(left, int) and isinstance(right, int):
        if left % right:
            raise _NotConstantError(expression, f"{left} / {right} leaves a rest; write it as a decimal number")
        return left // right
    if symbol == "**" and (abs(right) > 64 or left <= 0):
        raise _NotConstantError(expression, "powers have a positive base and an exponent of at most 64")
    result: int | float = _ARITHMETIC[symbol](left, right)
    if not isfinite(result) or abs(result) > _LARGEST:
        raise _NotConstantError(expression, "it is too large")
    return result


def type_of_constant(value: Constant) -> Type:
    """The type of a worked-out constant."""
    if isinstance(value, bool):
        return Type.BOOL
    return Type.INT if isinstance(value, int) else Type.FLOAT
