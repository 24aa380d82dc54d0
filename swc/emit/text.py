"""Expressions as text on one line, with no more parentheses than Python needs."""

from __future__ import annotations

from swc.emit.code import Argument, Atom, Attribute, Call, Choice, Expression, Infix, Item, Name, Path, Prefix, Sequence

_LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",),
    ("and",),
    ("not",),
    ("==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in"),
    ("+", "-"),
    ("*", "/", "//", "%"),
    ("unary -",),
    ("**",),
)
CHOICE = 1
BINDING = {operator: level for level, operators in enumerate(_LEVELS, CHOICE + 1) for operator in operators}
"""How tightly each operator binds; a conditional expression binds loosest, at ``CHOICE``."""
COMPARISON = BINDING["=="]
TIGHTEST = len(_LEVELS) + 2


def binding(expression: Expression) -> int:
    """How tightly the outermost operator of an expression binds."""
    match expression:
        case Choice():
            return CHOICE
        case Infix():
            return BINDING[expression.operator]
        case Prefix():
            return BINDING["not" if expression.operator == "not" else "unary -"]
    return TIGHTEST


def operands(expression: Infix) -> tuple[int, int]:
    """How tightly the operands of an operator must bind to stand without parentheses."""
    level = BINDING[expression.operator]
    if expression.operator == "**":
        return level + 1, BINDING["unary -"]
    if level == COMPARISON:
        return level + 1, level + 1
    if expression.operator == "and":
        return level, level
    if expression.operator == "or":  # mixed with `and`, it reads better with parentheses
        left, right = (BINDING["not"] if _is_and(side) else level for side in (expression.left, expression.right))
        return left, right
    return level, level + 1


def _is_and(expression: Expression) -> bool:
    return isinstance(expression, Infix) and expression.operator == "and"


def flat(expression: Expression, at_least: int = 0) -> str:
    """The expression on one line, in parentheses if it binds less tightly than ``at_least``."""
    text = _flat(expression)
    return f"({text})" if binding(expression) < at_least else text


def argument(given: Argument) -> str:
    """An argument on one line."""
    return f"{given.keyword}={flat(given.value)}" if given.keyword else flat(given.value)


def operator_text(expression: Infix) -> str:
    """The operator with its spaces: powers of simple things are written close together."""
    right = expression.right
    if isinstance(right, Infix) and right.operator == "**":
        right = right.left  # in a ** b ** c, each operator stands between its neighbours
    close = expression.operator == "**" and _is_simple(expression.left) and _is_simple(right)
    return "**" if close else f" {expression.operator} "


def _flat(expression: Expression) -> str:  # noqa: PLR0911 - one return for each kind of expression
    match expression:
        case Name() | Atom():
            return expression.text
        case Path():
            text = ".".join((expression.label, *(f"{{{index.text}}}" for index in expression.indices)))
            return f"f{literal(text)}" if expression.indices else literal(text)
        case Call():
            return f"{expression.function.text}({', '.join(map(argument, expression.arguments))})"
        case Sequence():
            items = ", ".join(map(flat, expression.items))
            return f"({items},)" if len(expression.items) == 1 else f"({items})"
        case Item():
            return f"{flat(expression.value, TIGHTEST)}[{flat(expression.index)}]"
        case Attribute():
            text = f"{flat(expression.value, TIGHTEST)}.{expression.name}"
            return text if expression.arguments is None else f"{text}({', '.join(map(flat, expression.arguments))})"
        case Prefix(operator="not"):
            return f"not {flat(expression.operand, BINDING['not'])}"
        case Prefix():
            return f"-{flat(expression.operand, BINDING['unary -'])}"
        case Infix():
            left, right = operands(expression)
            return flat(expression.left, left) + operator_text(expression) + flat(expression.right, right)
        case Choice():
            condition = flat(expression.condition, CHOICE + 1)
            return f"{flat(expression.consequent, CHOICE + 1)} if {condition} else {flat(expression.alternative)}"


def _is_simple(operand: Expression) -> bool:
    if isinstance(operand, Prefix):
        return operand.operator == "-" and isinstance(operand.operand, Atom) and operand.operand.text[0].isdigit()
    if isinstance(operand, Attribute):
        return operand.arguments is None and _is_simple(operand.value)
    return isinstance(operand, Name | Atom)


def literal(value: object) -> str:
    """A plain value as Python source: the only way by which strings and numbers get into generated files."""
    if isinstance(value, str):
        text = repr(value)
        return f'"{text[1:-1]}"' if text.startswith("'") and '"' not in value else text
    if isinstance(value, tuple):
        items = ", ".join(map(literal, value))
        return f"({items},)" if len(value) == 1 else f"({items})"
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    raise TypeError(f"no literal for {type(value).__name__}")
