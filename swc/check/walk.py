"""Walking over expressions and statements."""

from __future__ import annotations

from collections.abc import Iterator

from swc.syntax import tree as t


def children(expression: t.Expression) -> tuple[t.Expression, ...]:  # noqa: PLR0911 - one return for each kind
    """The expressions directly inside an expression, in the order of the text."""
    match expression:
        case t.List():
            return expression.items
        case t.Index():
            return (expression.value, expression.index)
        case t.Negation() | t.Not():
            return (expression.operand,)
        case t.Binary():
            return (expression.left, expression.right)
        case t.Conditional():
            return (expression.condition, expression.consequent, expression.alternative)
        case t.Call():
            return tuple(argument.value for argument in expression.arguments)
        case t.Labelled():
            return (expression.value,)
        case t.Number() | t.Boolean() | t.Reference():
            return ()


def expressions(body: tuple[t.Statement, ...]) -> Iterator[t.Expression]:
    """The outermost expressions of a body, in the order of the text."""
    for statement in body:
        match statement:
            case t.Assign() | t.Return():
                yield statement.value
            case t.Require():
                yield statement.condition
            case t.Repeat():
                yield statement.count
                yield from expressions(statement.body)


def calls(body: tuple[t.Statement, ...]) -> Iterator[tuple[t.Call, int]]:
    """Every call in a body, with how deep in statements and expressions it stands; in the order of the text."""
    for statement in body:
        if isinstance(statement, t.Repeat):
            yield from _calls(statement.count, 2)
            for call, depth in calls(statement.body):
                yield call, depth + 1
        else:
            for expression in expressions((statement,)):
                yield from _calls(expression, 2)


def _calls(expression: t.Expression, depth: int) -> Iterator[tuple[t.Call, int]]:
    if isinstance(expression, t.Call):
        yield expression, depth
    for child in children(expression):
        yield from _calls(child, depth + 1)
