"""Expressions of numbers, truth values and lists as Python."""

from __future__ import annotations

from abc import ABC, abstractmethod

from swc.check import Type
from swc.emit.code import FALSE, TRUE, Atom, Call, Expression, Infix, Item, Sequence, call
from swc.emit.facts import Facts
from swc.emit.simplify import choice, comparison, junction, minus, negated
from swc.emit.text import literal
from swc.syntax import tree as t


class Scalars(ABC):
    """Translates scalars; where variables and the channels of tensors come from differs from method to method."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    @abstractmethod
    def variable(self, name: str) -> Expression:
        """A parameter, an index or another variable that is no tensor."""

    @abstractmethod
    def channels(self, tensor: t.Expression) -> Expression:
        """The number of channels of a tensor."""

    def scalar(self, expression: t.Expression) -> Expression:  # noqa: PLR0911 - one return for each kind of expression
        """Translate an expression that is no tensor."""
        match expression:
            case t.Number() | t.Boolean():
                return Atom(literal(expression.value))
            case t.List():
                return Sequence(tuple(map(self.scalar, expression.items)))
            case t.Reference():
                return self.variable(expression.name.text)
            case t.Index():
                return Item(self.scalar(expression.value), self.scalar(expression.index))
            case t.Negation():
                return minus(self.scalar(expression.operand))
            case t.Not():
                return negated(self.scalar(expression.operand))
            case t.Binary():
                return self._binary(expression)
            case t.Conditional():
                return choice(*map(self.scalar, (expression.condition, expression.consequent, expression.alternative)))
            case t.Call():
                return self._function(expression)
            case t.Labelled():
                raise AssertionError(f"the checker lets no label pass on a number: {expression.span}")

    def _binary(self, expression: t.Binary) -> Expression:
        left, right = self.scalar(expression.left), self.scalar(expression.right)
        match expression.operator:
            case "/" if self._facts.type(expression) is Type.INT:
                return Infix("//", left, right)  # exact: the elaborator refuses a rest
            case "==" | "!=" if TRUE in (left, right) or FALSE in (left, right):
                return _compared_with_constant(expression.operator, left, right)
            case "==" | "!=" | "<" | "<=" | ">" | ">=":
                return comparison(expression.operator, left, right)
            case "and" | "or":
                return junction(expression.operator, left, right)
        return Infix(expression.operator, left, right)

    def _function(self, expression: t.Call) -> Expression:
        name = expression.function.text
        given = {None if a.name is None else a.name.text: a.value for a in expression.arguments}
        values = [argument.value for argument in expression.arguments]
        if name == "channels":
            return self.channels(values[0])
        if name == "div":
            left = given.get("a", values[0])
            return Infix("//", self.scalar(left), self.scalar(given.get("b", values[-1])))
        parts = [part for value in map(self.scalar, values) for part in _spliced(name, value)]
        return call(name, *parts)


def _spliced(function: str, argument: Expression) -> tuple[Expression, ...]:
    """``max(max(a, b), c)`` is ``max(a, b, c)``."""
    if function in {"min", "max"} and isinstance(argument, Call) and argument.function == Atom(function):
        return tuple(inner.value for inner in argument.arguments)
    return (argument,)


def _compared_with_constant(operator: str, left: Expression, right: Expression) -> Expression:
    """``a == true`` is ``a``, and ``a == false`` its opposite."""
    value, constant = (left, right) if right in (TRUE, FALSE) else (right, left)
    same = (constant == TRUE) == (operator == "==")
    return value if same else negated(value)
