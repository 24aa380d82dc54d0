"""What the emitter needs to know about a definition before it writes any code for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property

from attrs import field, frozen

from swc.check import OPERATIONS, Definition, Operation, Program, Type
from swc.check.environment import Environment
from swc.check.norms import norm_names
from swc.check.operations import PARAMETER_TYPES
from swc.check.types import type_of
from swc.check.walk import children
from swc.diagnostics import Diagnostics
from swc.syntax import tree as t


@frozen(slots=False, eq=False)
class Facts:
    """A definition with the types of its values, the names it uses and the names its modules get.

    ``classes`` are the classes of the generated file, which no variable of a method may hide.
    """

    program: Program = field(repr=False)
    definition: Definition
    classes: Collection[str] = field(repr=False)

    @property
    def node(self) -> t.Block | t.Arch:
        """The definition's syntax tree."""
        return self.definition.node

    @cached_property
    def types(self) -> Mapping[str, Type]:
        """The type of every variable; the checker sees to it that each has one throughout."""
        types = {"x": Type.TENSOR}
        if self.definition.is_arch:
            types["classes"] = Type.INT
        for parameter in self.node.parameters:
            types[parameter.name.text] = next(p for p in PARAMETER_TYPES if p.value == parameter.type.text)
        for statement in statements(self.node.body):
            if isinstance(statement, t.Assign) and statement.target.text not in types:
                types[statement.target.text] = self._type(statement.value, types)
            elif isinstance(statement, t.Repeat) and statement.index is not None:
                types[statement.index.text] = Type.INT
        return types

    def type(self, expression: t.Expression) -> Type:
        """The type of an expression of the body."""
        return self._type(expression, self.types)

    def _type(self, expression: t.Expression, types: Mapping[str, Type]) -> Type:
        environment = Environment(types, self.program.modules[self.definition.module].names)
        result = type_of(expression, environment, Diagnostics())
        if result is None:
            raise AssertionError(f"the checker lets no wrong type pass: {expression.span}")
        return result

    @cached_property
    def fixed(self) -> frozenset[str]:
        """The numbers that mean the same throughout ``__init__``: parameters, and what is assigned once, outside loops.

        The forward pass can read them from the module.
        """
        inside = [s.target.text for s in statements(self.node.body) if isinstance(s, t.Assign)]
        once = {s.target.text for s in self.node.body if isinstance(s, t.Assign) and inside.count(s.target.text) == 1}
        scalars = {name for name in once if self.types[name] is not Type.TENSOR}
        return frozenset(scalars | set(self.parameters))

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """What the constructor takes besides weights and channels."""
        own = tuple(parameter.name.text for parameter in self.node.parameters)
        return ("classes", *own) if self.definition.is_arch else own

    @cached_property
    def norms(self) -> Mapping[int, str]:
        """The attribute of each norm without a label, by the identity of its call."""
        return norm_names(self.node.body)

    @cached_property
    def labels(self) -> frozenset[str]:
        """Every label of the body."""
        return frozenset(
            part.label.text
            for statement in statements(self.node.body)
            for top in _tops(statement)
            for part in _parts(top)
            if isinstance(part, t.Labelled)
        )

    @cached_property
    def block_labels(self) -> frozenset[str]:
        """The labels that stand for blocks rather than layers or norms."""
        return frozenset(
            part.label.text
            for statement in statements(self.node.body)
            for top in _tops(statement)
            for part in _parts(top)
            if isinstance(part, t.Labelled) and any(c.function.text not in OPERATIONS for c in _called(part.value))
        )

    def modules_in(self, body: tuple[t.Statement, ...]) -> tuple[str, ...]:
        """The attributes of the modules that statements create, in the order of their creation."""
        found = [
            part.label.text if isinstance(part, t.Labelled) else self.norms[id(part)]
            for statement in statements(body)
            for top in _tops(statement)
            for part in _inner_first(top)
            if isinstance(part, t.Labelled) or id(part) in self.norms
        ]
        return tuple(dict.fromkeys(found))

    def name(self, name: str) -> str:
        """The Python name of a variable: its own, unless a class has it (names of the language do not end in _)."""
        return f"{name}_" if name in self.classes else name

    def unused(self, base: str, taken: Collection[str] = (), *, spec: bool = True) -> str:
        """A name for something that the spec does not name, as close to ``base`` as the other names allow.

        Without ``spec``, the spec's names may be taken, except those among ``taken``.
        """
        used = {*self.classes, *taken, "self", "weights", "x"}
        if spec:
            used.update(map(self.name, self.types))
        number, name = 1, base
        while name in used:
            number += 1
            name = f"{base}_{number}"
        return name

    def index(self, node: t.Repeat, around: Collection[str]) -> str:
        """The index of a loop; one without a name gets one that means nothing else inside the loop."""
        if node.index is not None:
            return self.name(node.index.text)
        taken = {self.name(name) for name in {*self.types} - _indices(self.node.body) | _indices(node.body)}
        free = [letter for letter in "ijk" if letter not in taken and letter not in around]
        return free[0] if free else self.unused("i", {*taken, *around}, spec=False)


def statements(body: tuple[t.Statement, ...]) -> Iterator[t.Statement]:
    """Statements in the order of the text, those inside loops too."""
    for statement in body:
        yield statement
        if isinstance(statement, t.Repeat):
            yield from statements(statement.body)


def _indices(body: tuple[t.Statement, ...]) -> set[str]:
    return {s.index.text for s in statements(body) if isinstance(s, t.Repeat) and s.index is not None}


def reads(expression: t.Expression) -> Iterator[str]:
    """The variables that an expression refers to."""
    for part in _parts(expression):
        if isinstance(part, t.Reference):
            yield part.name.text


def arguments(node: t.Call, callee: Operation | Definition) -> dict[str, t.Expression]:
    """The arguments of a call by the names of the parameters they are for, in the order of the call."""
    if isinstance(callee, Operation):
        names = tuple(parameter.name for parameter in callee.parameters)
    else:
        names = ("x", *(parameter.name.text for parameter in callee.node.parameters))
    return {
        names[position] if argument.name is None else argument.name.text: argument.value
        for position, argument in enumerate(node.arguments)
    }


def _called(value: t.Expression) -> Iterator[t.Call]:
    """The calls that a label stands for."""
    if isinstance(value, t.Call):
        yield value
    elif isinstance(value, t.Conditional):
        yield from _called(value.consequent)
        yield from _called(value.alternative)


def _tops(statement: t.Statement) -> tuple[t.Expression, ...]:
    return (statement.value,) if isinstance(statement, t.Assign | t.Return) else ()


def _parts(expression: t.Expression) -> Iterator[t.Expression]:
    yield expression
    for child in children(expression):
        yield from _parts(child)


def _inner_first(expression: t.Expression) -> Iterator[t.Expression]:
    """An expression's parts in the order in which they are evaluated."""
    for child in children(expression):
        yield from _inner_first(child)
    yield expression
