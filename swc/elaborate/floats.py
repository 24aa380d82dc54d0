"""Which values are floats: static types decide, as in the generated code, so that no number divides in two ways.

An int that stands where a float is asked for becomes one.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from swc.check import Definition, Type
from swc.elaborate.values import Value
from swc.syntax import tree as t


def widened(value: Value) -> Value:
    """An int as a float; anything else as it is."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def float_names(definition: Definition) -> frozenset[str]:
    """The parameters and variables of a definition that are floats: a name keeps the type of its first value."""
    parameters = definition.node.parameters
    floats = {p.name.text for p in parameters if p.type.text == Type.FLOAT}
    seen = {p.name.text for p in parameters}
    for statement in _assignments(definition.node.body):
        name = statement.target.text
        if name not in seen and is_float(statement.value, floats):
            floats.add(name)
        seen.add(name)
    return frozenset(floats)


def _assignments(body: tuple[t.Statement, ...]) -> Iterator[t.Assign]:
    for statement in body:
        if isinstance(statement, t.Assign):
            yield statement
        elif isinstance(statement, t.Repeat):
            yield from _assignments(statement.body)


def is_float(expression: t.Expression, floats: AbstractSet[str]) -> bool:
    """Whether the static type of an expression is float; ``floats`` are the names that are."""
    match expression:
        case t.Number():
            return isinstance(expression.value, float)
        case t.Reference():
            return expression.name.text in floats
        case t.Negation():
            return is_float(expression.operand, floats)
        case t.Conditional():
            return is_float(expression.consequent, floats) or is_float(expression.alternative, floats)
        case t.Binary(operator="+" | "-" | "*" | "/" | "%" | "**"):
            return is_float(expression.left, floats) or is_float(expression.right, floats)
        case _:
            return False
