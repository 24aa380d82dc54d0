"""Python as the emitter builds it: a few kinds of expressions and statements, compared by structure.

``Name`` stands for local variables and parameters, the only things that data flow is followed for; ``Atom`` for any
other text that binds tightest (literals, ``self.conv1``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve, frozen


@frozen
class Name:
    """A local variable or parameter."""

    text: str


@frozen
class Atom:
    """Text that needs no parentheses: a literal, an attribute, a global name."""

    text: str


@frozen
class Path:
    """``"stem"``, or with the indices of loops ``f"group1.{i}"``: what a layer or block is called in its module."""

    label: str
    indices: tuple[Name, ...] = ()


@frozen
class Argument:
    """``value`` or ``keyword=value`` in a call."""

    value: Expression
    keyword: str = ""


@frozen
class Call:
    """``function(arguments)``; the function is a name or an attribute."""

    function: Name | Atom
    arguments: tuple[Argument, ...]


@frozen
class Sequence:
    """A tuple."""

    items: tuple[Expression, ...]


@frozen
class Item:
    """``value[index]``."""

    value: Expression
    index: Expression


@frozen
class Attribute:
    """``value.name``, or with ``arguments`` the method call ``value.name(arguments)``."""

    value: Expression
    name: str
    arguments: tuple[Expression, ...] | None = None


@frozen
class Prefix:
    """``-operand`` or ``not operand``."""

    operator: str
    operand: Expression


@frozen
class Infix:
    """``left operator right``."""

    operator: str
    left: Expression
    right: Expression


@frozen
class Choice:
    """``consequent if condition else alternative``."""

    condition: Expression
    consequent: Expression
    alternative: Expression


Expression = Name | Atom | Path | Call | Sequence | Item | Attribute | Prefix | Infix | Choice


@frozen
class Assign:
    """``target = value``; several targets take the items of a tuple. ``self.name`` is a target like any other."""

    targets: tuple[str, ...]
    value: Expression
    annotation: str = ""
    comment: str = ""


@frozen
class Append:
    """``list.append(value)``: a module joins a ``ModuleList``."""

    list: str
    value: Expression


@frozen
class Loop:
    """``for targets in iterable:``, or with an ``index`` ``for index, targets in enumerate(iterable):``."""

    targets: tuple[str, ...]
    iterable: Expression
    body: tuple[Statement, ...]
    index: str = ""


@frozen
class If:
    """``if condition: body else: alternative``."""

    condition: Expression
    body: tuple[Statement, ...]
    alternative: tuple[Statement, ...] = ()


@frozen
class Return:
    """``return value``."""

    value: Expression


@frozen
class Delete:
    """``del names``: parameters that the generated method has no use for."""

    names: tuple[str, ...]


Statement = Assign | Append | Loop | If | Return | Delete

NONE = Atom("None")


def call(function: str, *arguments: Expression, **keywords: Expression) -> Call:
    """A call of a global name or an attribute."""
    return Call(
        Atom(function),
        (*(Argument(a) for a in arguments), *(Argument(value, keyword) for keyword, value in keywords.items())),
    )


def children(expression: Expression) -> Iterator[Expression]:
    """The direct parts of an expression, from left to right as they are written."""
    match expression:
        case Path():
            yield from expression.indices
        case Call():
            yield expression.function
            yield from (argument.value for argument in expression.arguments)
        case Sequence():
            yield from expression.items
        case Item():
            yield expression.value
            yield expression.index
        case Attribute():
            yield expression.value
            yield from expression.arguments or ()
        case Prefix():
            yield expression.operand
        case Infix():
            yield expression.left
            yield expression.right
        case Choice():
            yield expression.consequent
            yield expression.condition
            yield expression.alternative


def parts(expression: Expression) -> Iterator[Expression]:
    """The expression and everything in it."""
    yield expression
    for child in children(expression):
        yield from parts(child)


def names_in(expression: Expression) -> frozenset[str]:
    """The variables that an expression reads."""
    return frozenset(part.text for part in parts(expression) if isinstance(part, Name))


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
        case Prefix():
            return Prefix(expression.operator, again(expression.operand))
        case Infix():
            return Infix(expression.operator, again(expression.left), again(expression.right))
        case Choice():
            return choice(again(expression.condition), again(expression.consequent), again(expression.alternative))


_NEGATED = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "is": "is not", "is not": "is"}
_NEGATED |= {"in": "not in", "not in": "in"}
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


def comparison(operator: str, left: Expression, right: Expression) -> Expression:
    """``left operator right`` as one writes it, with a constant on the right."""
    if is_literal(left) and not is_literal(right):
        return Infix(_MIRRORED[operator], right, left)
    return Infix(operator, left, right)


def regrouped(expression: Expression) -> Expression:
    """A sum or product of ints without brackets on its right: ``a * (b * c)`` becomes ``a * b * c``."""
    if not isinstance(expression, Infix):
        return expression
    operator, left, right = expression.operator, regrouped(expression.left), regrouped(expression.right)
    if operator in {"+", "*"} and isinstance(right, Infix) and right.operator == operator:
        return Infix(operator, regrouped(Infix(operator, left, right.left)), right.right)
    return Infix(operator, left, right)


def choice(condition: Expression, consequent: Expression, alternative: Expression) -> Expression:
    """``consequent if condition else alternative``, or what says the same in fewer words."""
    if consequent == alternative:
        return consequent
    if (consequent, alternative) == (Atom("True"), Atom("False")):
        return condition
    if (consequent, alternative) == (Atom("False"), Atom("True")):
        return negated(condition)
    return Choice(condition, consequent, alternative)


def junction(operator: str, left: Expression, right: Expression) -> Expression:
    """``left and right`` or ``left or right``; comparisons of one value with several become one (``a in (1, 2)``)."""
    equal, member = ("==", "in") if operator == "or" else ("!=", "not in")
    operands: list[Expression] = []
    for operand in (*_flattened(operator, left), *_flattened(operator, right)):
        before = operands[-1] if operands else None
        if isinstance(operand, Infix) and operand.operator == equal and isinstance(before, Infix):
            if before.operator == equal and before.left == operand.left:
                operands[-1] = Infix(member, operand.left, Sequence((before.right, operand.right)))
                continue
            if before.operator == member and before.left == operand.left and isinstance(before.right, Sequence):
                operands[-1] = Infix(member, operand.left, Sequence((*before.right.items, operand.right)))
                continue
        operands.append(operand)
    result = operands[0]
    for operand in operands[1:]:
        result = Infix(operator, result, operand)
    return result


def _flattened(operator: str, expression: Expression) -> tuple[Expression, ...]:
    if isinstance(expression, Infix) and expression.operator == operator:
        return (*_flattened(operator, expression.left), *_flattened(operator, expression.right))
    return (expression,)


def negated(condition: Expression) -> Expression:
    """The opposite condition, without a ``not`` where another comparison says it."""
    match condition:
        case Prefix(operator="not"):
            return condition.operand
        case Infix(operator=operator) if operator in _NEGATED:
            return Infix(_NEGATED[operator], condition.left, condition.right)
        case Infix(operator="and" | "or" as operator):
            return Infix("or" if operator == "and" else "and", negated(condition.left), negated(condition.right))
    return Prefix("not", condition)


def is_literal(expression: Expression) -> bool:
    """Whether an expression is a constant as it stands."""
    if isinstance(expression, Prefix):
        return is_literal(expression.operand)
    if isinstance(expression, Sequence):
        return all(map(is_literal, expression.items))
    return isinstance(expression, Atom) and (
        expression.text[0].isdigit() or expression.text in {"True", "False", "None"}
    )
