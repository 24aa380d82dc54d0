"""Runs an architecture on shapes: every layer it builds is recorded under its full name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from attrs import define, evolve, field, frozen

from swc.check import OPERATIONS, Definition, OperationKind, Program, Type
from swc.diagnostics import Related, Span
from swc.elaborate import operations as op
from swc.elaborate import scalars
from swc.elaborate.floats import float_names, is_float, widened
from swc.elaborate.values import ElaborationError, Tensor, Value
from swc.family import Kind, Layer
from swc.syntax import tree as t

MAXIMUM_STEPS = 200_000
"""Statements that one member may execute: far beyond any network, and quick to reach for a runaway spec."""


Ranks = dict[tuple[str, str], bool]
"""For each block, by module and name, whether it works on images (otherwise on vectors)."""


class RequirementError(ElaborationError):
    """A ``require`` that does not hold: reported at the call, with the requirement as the related place."""

    def __init__(self, message: str, call: Span, requirement: Span) -> None:
        super().__init__("SW0401", message, call, label="these arguments")
        self.related = (Related(requirement, "required here"),)


@define
class Recording:
    """What one member turns out to contain; ``ranks`` is shared by all members, as the generated classes are."""

    member: str
    layers: list[Layer] = field(factory=list)
    norm_parameters: int = 0
    steps: int = 0
    ranks: Ranks = field(factory=dict)

    def step(self, span: Span) -> None:
        """Count one statement."""
        self.steps += 1
        if self.steps > MAXIMUM_STEPS:
            raise ElaborationError(
                "SW0410",
                f"member `{self.member}` does not end: more than {MAXIMUM_STEPS:,} steps",
                span,
                label="still going here",
                help="repeat less often",
            )

    def enter(self, definition: Definition, x: Tensor, span: Span) -> None:
        """Note whether a block works on images or on vectors: its generated class is made for one of them."""
        key = (definition.module, definition.name)
        if self.ranks.setdefault(key, x.is_image) != x.is_image:
            raise ElaborationError(
                "SW0409",
                f"block `{definition.name}` is used both on images and on vectors",
                span,
                label=f"here on {x}",
                help="write a second block for the vectors",
            )


@frozen
class Scope:
    """Where a definition runs: its module, its place in the network, and the repeats around the statement.

    ``floats`` are the names of the definition that are floats.
    """

    module: str
    prefix: str
    call: Span
    indices: tuple[int, ...] = ()
    floats: frozenset[str] = frozenset()

    def name(self, label: str) -> str:
        """The full name of a label here."""
        return ".".join((self.prefix, label, *map(str, self.indices)))


Environment = dict[str, Value]


class Interpreter:
    """Evaluates one member; ``record`` fills as layers are met."""

    def __init__(self, program: Program, record: Recording) -> None:
        self._program = program
        self._record = record

    def run(self, definition: Definition, environment: Environment, scope: Scope) -> Tensor:
        """Execute the body of a definition in an environment that holds its parameters and ``x``."""
        scope = evolve(scope, floats=float_names(definition))
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
            env.update({name: inner[name] for name in outer})

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
        if isinstance(left, Tensor) or isinstance(right, Tensor):
            return op.add(cast(Tensor, left), cast(Tensor, right), expression.span)
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
                return op.concat(cast(tuple[Tensor, ...], values), call.span)
            return {"min": min, "max": max}[name](cast(tuple[int, ...], values))
        names = tuple(p.name for p in operation.parameters)
        given = self._arguments(call, names, env, scope)
        arguments: dict[str, Value] = {p.name: p.default for p in operation.parameters if p.default is not None} | given
        if operation.kind is OperationKind.SCALAR:
            return self._scalar(name, arguments, call.span)
        return self._tensor(call, operation.kind, arguments, scope, label)

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
        self, call: t.Call, kind: OperationKind, arguments: dict[str, Value], scope: Scope, label: str | None
    ) -> Tensor:
        name = call.function.text
        x = cast(Tensor, arguments["x"])
        if kind is OperationKind.MODULE:
            self._record.norm_parameters += 2 * x.channels
            return Tensor(x.channels, x.size)
        if kind is OperationKind.FUNCTION:
            if "stride" not in arguments and "kernel" in arguments:
                arguments["stride"] = arguments["kernel"]
            return op.FUNCTIONS[name](name, x, arguments, call.span)
        full = scope.name(cast(str, label))
        layer, result = (
            self._conv(x, full, arguments, call.span) if name == "conv" else self._linear(x, full, arguments, call.span)
        )
        self._record.layers.append(layer)
        return result

    def _conv(self, x: Tensor, name: str, arguments: dict[str, Value], span: Span) -> tuple[Layer, Tensor]:
        size = op.image("conv", x, span)
        channels = op.at_least("channels", arguments["channels"], 1, span)
        kernel = op.at_least("kernel", arguments["kernel"], 1, span)
        groups = op.at_least("groups", arguments["groups"], 1, span)
        if x.channels % groups or channels % groups:
            raise ElaborationError(
                "SW0405",
                f"{groups} groups divide neither evenly: {x.channels} channels in, {channels} out",
                span,
                label=f"groups = {groups}",
                help="give numbers of channels that the groups divide",
            )
        arguments.setdefault("padding", kernel // 2)
        out = op.window("conv", size, arguments, span)
        layer = Layer(
            name,
            self._record.member,
            Kind.CONV,
            channels,
            x.channels // groups,
            (kernel, kernel),
            groups,
            bool(arguments["bias"]),
            span=span,
        )
        return layer, Tensor(channels, out, name)

    def _linear(self, x: Tensor, name: str, arguments: dict[str, Value], span: Span) -> tuple[Layer, Tensor]:
        if x.is_image:
            raise ElaborationError(
                "SW0407",
                f"`linear` needs a vector of features and gets {x}",
                span,
                label="an image",
                help="put `global_pool` before it",
            )
        features = op.at_least("features", arguments["features"], 1, span)
        member = self._record.member
        layer = Layer(name, member, Kind.LINEAR, features, x.channels, bias=bool(arguments["bias"]), span=span)
        return layer, Tensor(features, None, name)

    def _block(self, call: t.Call, env: Environment, scope: Scope, label: str | None) -> Tensor:
        definition = cast(Definition, self._program.resolve(scope.module, call.function.text))
        names = ("x", *(p.name.text for p in definition.node.parameters))
        environment = self._arguments(call, names, env, scope)
        self.complete(definition, environment)
        self._record.enter(definition, cast(Tensor, environment["x"]), call.span)
        inner = Scope(definition.module, scope.name(cast(str, label)), call.span)
        result = self.run(definition, environment, inner)
        return Tensor(result.channels, result.size)

    def complete(self, definition: Definition, environment: Environment) -> None:
        """Fill in the parameters that a call leaves out, and make floats of the ints given to ``float`` parameters."""
        scope = Scope(definition.module, "", definition.node.span)
        for parameter in definition.node.parameters:
            name = parameter.name.text
            if name not in environment and parameter.default is not None:
                environment[name] = self.value(parameter.default, {}, scope)
            if parameter.type.text == Type.FLOAT:
                environment[name] = widened(environment[name])
