"""Python as the emitter builds it: a few kinds of expressions and statements, compared by structure.

``Name`` stands for local variables and parameters, the only things that data flow is followed for; ``Atom`` for any
other text that binds tightest (literals, ``self.conv1``).
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen


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

NONE, TRUE, FALSE = Atom("None"), Atom("True"), Atom("False")


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
