"""Runs an architecture on shapes: every layer and norm that it builds is recorded under its full name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from attrs import evolve, field, frozen

from swc.check import OPERATIONS, Definition, Operation, OperationKind, Program, Type
from swc.check.norms import norm_names
from swc.diagnostics import Related, Span
from swc.elaborate import operations as op
from swc.elaborate import scalars
from swc.elaborate.fingerprint import fingerprint
from swc.elaborate.floats import float_names, is_float, widened
from swc.elaborate.layers import LAYERS, norm
from swc.elaborate.recording import Recording
from swc.elaborate.values import ElaborationError, Tensor, Value
from swc.syntax import tree as t


class RequirementError(ElaborationError):
    """A ``require`` that does not hold: reported at the call, with the requirement as the related place."""

    def __init__(self, message: str, call: Span, requirement: Span) -> None:
        super().__init__("SW0401", message, call, label="these arguments")
        self.related = (Related(requirement, "required here"),)


@frozen
class Scope:
    """Where a definition runs: its module, its place in the network, and the repeats around the statement.

    ``floats`` are the names of the definition that are floats, ``norms`` what its norms without a label are called.
    """

    module: str
    prefix: str
    call: Span
    indices: tuple[int, ...] = ()
    floats: frozenset[str] = frozenset()
    norms: Mapping[int, str] = field(factory=dict, eq=False, repr=False)

    def name(self, label: str) -> str:
        """The full name of a label here."""
        return ".".join((self.prefix, label, *map(str, self.indices)))


Environment = dict[str, Value]


class Interpreter:
    """Evaluates one member; ``record`` fills as layers are met, by the names that ``called`` gives for their own."""

    def __init__(self, program: Program, record: Recording, called: Callable[[str], str] = str) -> None:
        self._program = program
        self._record = record
        self._called = called
        self._names: dict[int, tuple[frozenset[str], Mapping[int, str]]] = {}

    def run(self, definition: Definition, environment: Environment, scope: Scope) -> Tensor:
        """Execute the body of a definition in an environment that holds its parameters and ``x``."""
        node = definition.node
        if id(node) not in self._names:
            self._names[id(node)] = float_names(definition), norm_names(node.body)
        floats, norms = self._names[id(node)]
        scope = evolve(scope, floats=floats, norms=norms)
        result = self._statements(definition.node.body, environment, scope)
        if result is None:
            raise AssertionError(f"the checker lets no body without a return pass: {definition.name}")
        return result

    def _statements(self, body: tuple[t.Statement, ...], env: Environment, scope: Scope) -> Tensor | None:
        for statement in body:
            self._record.step(statement.span)
            match statement:
                case t.Assign():
                    name, value = statement.target.text, self.value(statement.value, env, scope)
                    env[name] = widened(value) if name in scope.floats else value
                case t.Repeat():
                    self._repeat(statement, env, scope)
                case t.Require():
                    if not self.value(statement.condition, env, scope):
                        raise RequirementError(statement.message, scope.call, statement.span)
                case t.Return():
                    return cast(Tensor, self.value(statement.value, env, scope))
        return None

    def _repeat(self, statement: t.Repeat, env: Environment, scope: Scope) -> None:
        count = cast(int, self.value(statement.count, env, scope))
        if count < 0:
            raise ElaborationError(
                "SW0405",
                f"the number of repetitions is {count}, and it must be at least 0",
                statement.count.span,
                label=f"{count} repetitions",
                help="give arguments that make it 0 or more, or say what they must be with `require`",
            )
        outer = set(env)
        for index in range(count):
            inner = dict(env)
            if statement.index is not None:
                inner[statement.index.text] = index
            self._statements(statement.body, inner, evolve(scope, indices=(*scope.indices, index)))
            for name in outer:
                _check_carried(name, env[name], inner[name], statement.span)
                env[name] = inner[name]

    def value(  # noqa: PLR0911 - one return for each kind of expression
        self, expression: t.Expression, env: Environment, scope: Scope, label: str | None = None
    ) -> Value:
        """Evaluate an expression; ``label`` is what the layer or block in it is called."""
        match expression:
            case t.Number() | t.Boolean():
                return expression.value
            case t.Reference():
                return env[expression.name.text]
            case t.List():
                return tuple(cast(int, self.value(item, env, scope)) for item in expression.items)
            case t.Index():
                return self._index(expression, env, scope)
            case t.Negation():
                return -cast(float, self.value(expression.operand, env, scope))
            case t.Not():
                return not self.value(expression.operand, env, scope)
            case t.Binary():
                return self._binary(expression, env, scope)
            case t.Conditional():
                chosen = self.value(expression.condition, env, scope)
                branch = expression.consequent if chosen else expression.alternative
                value = self.value(branch, env, scope, label)
                return widened(value) if is_float(expression, scope.floats) else value
            case t.Labelled():
                return self.value(expression.value, env, scope, expression.label.text)
            case t.Call():
                return self._call(expression, env, scope, label)

    def _index(self, expression: t.Index, env: Environment, scope: Scope) -> int:
        items = cast(tuple[int, ...], self.value(expression.value, env, scope))
        index = cast(int, self.value(expression.index, env, scope))
        if not 0 <= index < len(items):
            raise ElaborationError(
                "SW0411",
                f"the list has {len(items)} items, and item {index} is asked for (items count from 0)",
                expression.index.span,
                label=f"index {index}",
            )
        return items[index]

    def _binary(self, expression: t.Binary, env: Environment, scope: Scope) -> Value:
        symbol = expression.operator
        left = self.value(expression.left, env, scope)
        if symbol == "and":
            return left and self.value(expression.right, env, scope)
        if symbol == "or":
            return left or self.value(expression.right, env, scope)
        right = self.value(expression.right, env, scope)
        if isinstance(left, Tensor) and isinstance(right, Tensor):
            total = op.add(left, right, expression.span)
            # The sides may change places: what is computed stays the same.
            return total.made_of(fingerprint("+", *sorted((left.digest, right.digest))))
        if symbol in {"==", "!=", "<", "<=", ">", ">="}:
            return scalars.compare(symbol, cast(float, left), cast(float, right))
        return scalars.calculate(symbol, cast(float, left), cast(float, right), expression.span)

    def _call(self, call: t.Call, env: Environment, scope: Scope, label: str | None) -> Value:
        name = call.function.text
        operation = OPERATIONS.get(name)
        if operation is None:
            return self._block(call, env, scope, label)
        if operation.variadic:
            values = tuple(self.value(a.value, env, scope) for a in call.arguments)
            if name == "concat":
                tensors = cast(tuple[Tensor, ...], values)
                return op.concat(tensors, call.span).made_of(fingerprint(name, *(x.digest for x in tensors)))
            return {"min": min, "max": max}[name](cast(tuple[int, ...], values))
        given = self._arguments(call, tuple(p.name for p in operation.parameters), env, scope)
        if operation.kind is OperationKind.SCALAR:
            return self._scalar(name, given, call.span)
        return self._tensor(call, operation, _completed(operation, given, call.span), scope, label)

    def _arguments(self, call: t.Call, names: tuple[str, ...], env: Environment, scope: Scope) -> dict[str, Value]:
        return {
            names[position] if argument.name is None else argument.name.text: self.value(argument.value, env, scope)
            for position, argument in enumerate(call.arguments)
        }

    def _scalar(self, name: str, arguments: Mapping[str, Value], span: Span) -> int:
        if name == "channels":
            return cast(Tensor, arguments["x"]).channels
        if name == "len":
            return len(cast(tuple[int, ...], arguments["a"]))
        if arguments["b"] == 0:
            raise ElaborationError("SW0402", f"`{span.text}` divides by zero", span, label="div(…, 0)")
        return cast(int, arguments["a"]) // cast(int, arguments["b"])

    def _tensor(
        self, call: t.Call, operation: Operation, arguments: dict[str, Value], scope: Scope, label: str | None
    ) -> Tensor:
        x = cast(Tensor, arguments[operation.tensors[0]])
        name = ""
        match operation.kind:
            case OperationKind.MODULE:
                name = self._called(scope.name(label or scope.norms[id(call)]))
                made, result = norm(operation.name, name, x, call.span)
                self._record.norms.append(made)
            case OperationKind.LAYER:
                name = self._called(scope.name(cast(str, label)))
                layer, result = LAYERS[operation.name](self._record.member, name, x, arguments, call.span)
                self._record.add(layer, call.span)
            case _:
                result = op.FUNCTIONS[operation.name](operation.name, x, arguments, call.span)
        settings = ((key, value.digest if isinstance(value, Tensor) else value) for key, value in arguments.items())
        result = result.made_of(fingerprint(operation.name, name, *settings))
        if name:
            self._record.digests[name] = result.digest
        return result

    def _block(self, call: t.Call, env: Environment, scope: Scope, label: str | None) -> Tensor:
        definition = cast(Definition, self._program.resolve(scope.module, call.function.text))
        names = ("x", *(p.name.text for p in definition.node.parameters))
        environment = self._arguments(call, names, env, scope)
        self.complete(definition, environment)
        self._record.enter(definition, cast(Tensor, environment["x"]), call.span)
        inner = Scope(definition.module, scope.name(cast(str, label)), call.span)
        result = self.run(definition, environment, inner)
        return Tensor(result.channels, result.size, None, result.digest)

    def complete(self, definition: Definition, environment: Environment) -> None:
        """Fill in the parameters that a call leaves out, and make floats of the ints given to ``float`` parameters."""
        scope = Scope(definition.module, "", definition.node.span)
        for parameter in definition.node.parameters:
            name = parameter.name.text
            if name not in environment and parameter.default is not None:
                environment[name] = self.value(parameter.default, {}, scope)
            if parameter.type.text == Type.FLOAT:
                environment[name] = widened(environment[name])


def _check_carried(name: str, before: Value, after: Value, span: Span) -> None:
    """A loop of the generated code treats what it carries from round to round alike in every round."""
    if isinstance(before, Tensor) and isinstance(after, Tensor) and before.form is not after.form:
        raise ElaborationError(
            "SW0413",
            f"`{name}` stands for {before.form} before a round of this `repeat` and for {after.form} after it",
            span,
            label=f"{before} becomes {after}",
            help=f"do what makes {after.form} of it before or after the `repeat`",
        )


def _completed(operation: Operation, given: Mapping[str, Value], span: Span) -> dict[str, Value]:
    """All arguments of an operation in the order of its parameters: defaults filled in, floats floats, sizes pairs."""
    arguments: dict[str, Value] = {}
    for p in operation.parameters:
        value = given.get(p.name, p.default)
        if value is None:  # worked out: a convolution keeps the size, a pool's windows do not overlap
            kernel = cast(tuple[int, int], arguments["kernel"])
            value = (kernel[0] // 2, kernel[1] // 2) if p.name == "padding" else kernel
        if p.type is Type.SIZE:
            value = op.pair(p.name, value, span)
        arguments[p.name] = widened(value) if p.type is Type.FLOAT else value
    return arguments
