"""What a body computes for nothing: layers whose result never reaches the ``return``, values nobody reads.

Assignments are followed to the places that read them. Reading a tensor only for ``channels`` does not count as using
the tensor: the layer behind it would cost parameters and do nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field

from swc.check.environment import Environment
from swc.check.operations import OPERATIONS, OperationKind
from swc.check.walk import children
from swc.diagnostics import Diagnostic, Diagnostics, Severity
from swc.syntax import tree as t

Reaching = Mapping[str, frozenset[int]]
"""For each variable the assignments, by number, that its value may come from."""


@define
class _Value:
    """An assignment, parameter or statement: the assignments that it reads, and the layers written in it."""

    name: t.Name | None
    reads: set[int] = field(factory=set)
    shape_reads: set[int] = field(factory=set)
    layers: list[tuple[str, t.Call | t.Labelled]] = field(factory=list)


def check_usage(node: t.Block | t.Arch, environment: Environment, diagnostics: Diagnostics) -> None:
    """Report layers without consumer (SW0215), and unused values as warnings (SW0214).

    The definition must be free of other errors.
    """
    usage = _Usage(environment, diagnostics)
    # What comes from outside is no value of the definition, but an assignment in a `repeat` adds to it all the same.
    reaching: dict[str, frozenset[int]] = {"x": frozenset(), "classes": frozenset()}
    for parameter in node.parameters:
        reaching[parameter.name.text] = frozenset({usage.define(_Value(parameter.name))})
    usage.statements(node.body, reaching)
    usage.report(len(node.parameters))


@define
class _Usage:
    environment: Environment
    diagnostics: Diagnostics
    values: list[_Value] = field(factory=list)
    roots: list[_Value] = field(factory=list)
    numbers: dict[int, int] = field(factory=dict)

    def define(self, value: _Value) -> int:
        """Number a new value."""
        self.values.append(value)
        return len(self.values) - 1

    def _number(self, statement: t.Assign) -> int:
        if id(statement) not in self.numbers:
            self.numbers[id(statement)] = self.define(_Value(statement.target))
        return self.numbers[id(statement)]

    def statements(self, body: tuple[t.Statement, ...], reaching: dict[str, frozenset[int]]) -> None:
        """Follow statements in a row; ``reaching`` is brought up to date."""
        for statement in body:
            match statement:
                case t.Assign():
                    number = self._number(statement)
                    self._read(statement.value, self.values[number], reaching, shape=False)
                    reaching[statement.target.text] = frozenset({number})
                case t.Repeat():
                    self._root(statement.count, reaching)
                    self._repeat(statement.body, reaching)
                case t.Require():
                    self._root(statement.condition, reaching)
                case t.Return():
                    self._root(statement.value, reaching)

    def _root(self, expression: t.Expression, reaching: Reaching) -> None:
        value = _Value(None)
        self._read(expression, value, reaching, shape=False)
        self.roots.append(value)

    def _repeat(self, body: tuple[t.Statement, ...], reaching: dict[str, frozenset[int]]) -> None:
        """The body may start with what was there before or with what its previous round left."""
        for name in list(reaching):
            reaching[name] |= self._left_by(body, name)
        self.statements(body, dict(reaching))

    def _left_by(self, body: tuple[t.Statement, ...], name: str) -> frozenset[int]:
        """The assignments to a variable that may still hold at the end of a body."""
        left: frozenset[int] = frozenset()
        for statement in reversed(body):
            if isinstance(statement, t.Assign) and statement.target.text == name:
                return left | {self._number(statement)}
            if isinstance(statement, t.Repeat):
                left |= self._left_by(statement.body, name)
        return left

    def _read(self, expression: t.Expression, value: _Value, reaching: Reaching, *, shape: bool) -> None:
        if isinstance(expression, t.Reference):
            (value.shape_reads if shape else value.reads).update(reaching.get(expression.name.text, ()))
            return
        call = expression.value if isinstance(expression, t.Labelled) else expression
        if isinstance(call, t.Call):
            if self._has_weights(call):
                name = expression.label.text if isinstance(expression, t.Labelled) else call.function.text
                if shape:
                    self._dead(name, expression if isinstance(expression, t.Labelled) else call)
                value.layers.append((name, expression if isinstance(expression, t.Labelled) else call))
            shape = shape or call.function.text == "channels"
        for child in children(call):
            self._read(child, value, reaching, shape=shape)

    def _has_weights(self, call: t.Call) -> bool:
        operation = OPERATIONS.get(call.function.text)
        if operation is None:
            return call.function.text in self.environment.definitions
        return operation.kind in {OperationKind.LAYER, OperationKind.MODULE}

    def _computed(self) -> set[int]:
        """The values that what the definition returns, requires or repeats comes from."""
        seen: set[int] = set()
        stack = [number for root in self.roots for number in root.reads]
        while stack:
            number = stack.pop()
            if number not in seen:
                seen.add(number)
                stack.extend(self.values[number].reads)
        return seen

    def _read_by_others(self) -> set[int]:
        values = [(-1, root) for root in self.roots] + list(enumerate(self.values))
        return {read for number, value in values for read in value.reads | value.shape_reads if read != number}

    def report(self, parameters: int) -> None:
        """Report what is of no use; the first ``parameters`` values are the definition's parameters."""
        computed, read = self._computed(), self._read_by_others()
        for number, value in enumerate(self.values):
            if value.name is None:
                continue
            if value.layers and number not in computed:
                for name, place in value.layers:
                    self._dead(name, place)
            elif number not in read:
                what = "parameter" if number < parameters else "value"
                self.diagnostics.add(
                    Diagnostic(
                        "SW0214",
                        f"{what} `{value.name}` is never used",
                        value.name.span,
                        label="not used",
                        help="leave it out, or use it",
                        severity=Severity.WARNING,
                    )
                )

    def _dead(self, name: str, place: t.Call | t.Labelled) -> None:
        span = place.label.span if isinstance(place, t.Labelled) else place.span
        self.diagnostics.error(
            "SW0215",
            f"`{name}` has weights, but its result never reaches the `return`",
            span,
            label="computed for nothing",
            help="use its result, or leave it out: it would cost parameters and do nothing",
        )
