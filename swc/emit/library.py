"""The definitions of a generated file, each analysed once, and what their callers ask about the shapes they return."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from itertools import islice
from typing import cast

from attrs import field, frozen

from swc.check import Definition, Program, Type
from swc.emit.code import (
    Append,
    Argument,
    Assign,
    Atom,
    Call,
    Expression,
    If,
    Infix,
    Loop,
    Name,
    Prefix,
    Return,
    Sequence,
    Statement,
    call,
    names_in,
    parts,
)
from swc.emit.constructor import Constructor
from swc.emit.facts import Facts
from swc.emit.liveness import returned, values_in, without_dead
from swc.emit.shapes import IMAGES, UNKNOWN, Shape
from swc.emit.simplify import regrouped, replaced
from swc.emit.text import literal
from swc.family import Family
from swc.syntax import tree as t

# Expressions of more parts than this are left to a method of the block, where they have a name.
_LARGEST = 24


@frozen(slots=False, eq=False)
class Analysis:
    """A definition with the statements of its constructor."""

    facts: Facts
    class_name: str
    form: Atom
    constructor: Constructor = field(repr=False)
    _asked: list[bool] = field(factory=list, init=False, repr=False)

    def is_bool(self, parameter: str) -> bool:
        """Whether a parameter is a truth value, which generated signatures take by keyword only."""
        return self.facts.types[parameter] is Type.BOOL

    def closed(self, expression: Expression) -> Expression | None:
        """An expression of ``__init__`` in terms of its parameters alone, if that is possible and not too long."""
        result = regrouped(replaced(expression, self._values))
        parameters = {self.facts.name(name) for name in self.facts.parameters}
        if "channels" not in self._assigned:
            parameters.add("channels")
        return result if names_in(result) <= parameters and _is_short(result) else None

    @cached_property
    def _values(self) -> dict[str, Expression]:
        fixed = {self.facts.name(name) for name in self.facts.fixed}
        values: dict[str, Expression] = {}
        for statement in self.constructor.statements:
            if isinstance(statement, Assign) and len(statement.targets) == 1 and statement.targets[0] in fixed:
                value = replaced(statement.value, values)
                if _is_short(value):
                    values[statement.targets[0]] = value
        return values

    @cached_property
    def _assigned(self) -> frozenset[str]:
        return _targets(self.constructor.statements)

    def shape(self, x: Shape, given: Mapping[str, Expression]) -> Shape:
        """The shape of what the block makes of ``x`` with the arguments of a call."""
        values: dict[str, Expression] = {"channels": x.channels}
        for parameter in self.facts.node.parameters:
            name = parameter.name.text
            values[self.facts.name(name)] = given[name] if name in given else default(parameter)
        result = self.constructor.result
        form = self.closed(result.form)
        return Shape(
            self._channels(values),
            UNKNOWN if form is None else replaced(form, values),
            self._strides(x, values),
        )

    def _channels(self, values: Mapping[str, Expression]) -> Expression:
        """The channels of the result for a call: an expression, or a call of the block's method if that is too long."""
        expression = self.closed(self.constructor.result.channels)
        if expression is not None:
            result = regrouped(replaced(expression, values))
            if _is_short(result):
                return result
        self._asked.append(True)
        names = self.method_parameters
        arguments = (Argument(values[name], "" if name == "channels" else name) for name in names)
        return Call(Atom(f"{self.class_name}.{self.method_name}"), tuple(arguments))

    def _strides(self, x: Shape, values: Mapping[str, Expression]) -> tuple[Expression, ...] | None:
        strides = self.constructor.result.strides
        if x.strides is None or strides is None:
            return None
        result = list(x.strides)
        for stride in strides:
            closed = self.closed(stride)
            actual = None if closed is None else replaced(closed, values)
            if not isinstance(actual, Atom | Name):
                return None
            if actual != Atom("1"):
                result.append(actual)
        return tuple(result)

    @property
    def has_method(self) -> bool:
        """Whether a caller needs the static method that works out the channels of the result."""
        return bool(self._asked)

    @cached_property
    def method_name(self) -> str:
        """What that method is called."""
        return self.constructor.attribute("out_channels")

    @cached_property
    def method(self) -> tuple[Statement, ...]:
        """The body of that method."""
        result = self.constructor.result.channels
        body, _ = without_dead((*_without_modules(self.constructor.statements), Return(result)))
        body = returned(body)
        if any(isinstance(part, Infix) and part.operator == "**" for v in values_in(body) for part in parts(v)):
            last = body[-1]
            result = last.value if isinstance(last, Return) else result
            body = (*body[:-1], Return(call("int", result)))  # powers of ints have no precise type
        return body

    @cached_property
    def method_parameters(self) -> tuple[str, ...]:
        """The parameters of that method."""
        read = without_dead(self.method)[1]
        names = ("channels", *(self.facts.name(name) for name in self.facts.parameters))
        return tuple(name for name in names if name in read)


class Library:
    """Analyses definitions on demand; ``analyses`` holds them, those that are called before their callers."""

    def __init__(
        self, program: Program, family: Family, classes: Mapping[tuple[str, str], str], reserved: Collection[str]
    ) -> None:
        self._program = program
        self._forms = family.block_forms
        self._classes = classes
        self._reserved = frozenset(reserved) | frozenset(classes.values())
        self.analyses: dict[tuple[str, str], Analysis] = {}

    def definition(self, caller: Facts, name: str) -> Definition:
        """What a name stands for in the module of its caller."""
        return cast(Definition, self._program.resolve(caller.definition.module, name))

    def block(self, caller: Facts, name: str) -> Analysis:
        """The analysis of a block that a definition calls."""
        return self.analysis(self.definition(caller, name))

    def analysis(self, definition: Definition) -> Analysis:
        """The analysis of a definition; the elaborator lets each work on tensors of one form only."""
        key = definition.module, definition.name
        if key not in self.analyses:
            facts = Facts(self._program, definition, self._reserved)
            form = Atom(self._forms[key]) if key in self._forms else IMAGES
            constructor = Constructor(facts, self, form)
            self.analyses[key] = Analysis(facts, self._classes[key], form, constructor)
        return self.analyses[key]


def _is_short(expression: Expression) -> bool:
    return sum(1 for _ in islice(parts(expression), _LARGEST + 1)) <= _LARGEST


def default(parameter: t.Parameter) -> Expression:
    """The default value of a parameter, which the checker makes sure is a literal."""
    if parameter.default is None:
        raise AssertionError(f"the checker lets no call without `{parameter.name}` pass")
    return _literal(plain(parameter.default))


def _literal(value: object) -> Expression:
    if isinstance(value, tuple):
        return Sequence(tuple(map(_literal, value)))
    text = literal(value)
    return Prefix("-", Atom(text[1:])) if text.startswith("-") else Atom(text)


def plain(expression: t.Expression) -> object:
    """The value of a literal."""
    match expression:
        case t.Number() | t.Boolean():
            return expression.value
        case t.Negation(operand=t.Number(value=value)):
            return -value
        case t.List():
            return tuple(map(plain, expression.items))
    raise AssertionError(f"the checker lets only literals stand here: {expression.span}")


def _without_modules(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    kept: list[Statement] = []
    for statement in statements:
        match statement:
            case Assign(targets=targets) if not targets[0].startswith("self."):
                kept.append(statement)
            case Loop():
                kept.append(Loop(statement.targets, statement.iterable, _without_modules(statement.body)))
    return tuple(kept)


def _targets(statements: tuple[Statement, ...]) -> frozenset[str]:
    found: set[str] = set()
    for statement in statements:
        match statement:
            case Assign():
                found.update(statement.targets)
            case Loop():
                found |= _targets(statement.body)
            case If():
                found |= _targets(statement.body) | _targets(statement.alternative)
            case Append():
                pass
    return frozenset(found)
