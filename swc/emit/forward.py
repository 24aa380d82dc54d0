"""From the body of a definition to the statements of ``forward``.

Tensors keep the spec's names and nesting. Of the numbers, parameters and what ``__init__`` works out once are read
from the module; those that change in a ``repeat``, or depend on its index, are worked out again.
"""

from __future__ import annotations

from attrs import evolve

from swc.check import OPERATIONS, Operation, OperationKind, Type
from swc.emit.annotations import annotated
from swc.emit.branches import Absent, Flagged, Settled
from swc.emit.code import (
    NONE,
    Argument,
    Assign,
    Atom,
    Attribute,
    Call,
    Choice,
    Expression,
    Infix,
    Loop,
    Name,
    Return,
    Sequence,
    Statement,
    call,
)
from swc.emit.facts import arguments
from swc.emit.library import Analysis
from swc.emit.liveness import returned, used_in, variables_in, without_dead
from swc.emit.scalars import Scalars
from swc.emit.shapes import IMAGES, TOKENS, VECTORS, Shape, described
from swc.emit.simplify import choice, minus
from swc.syntax import tree as t

_FUNCTIONS = {
    "relu": "F.relu",
    "gelu": "F.gelu",
    "silu": "F.silu",
    "maxpool": "F.max_pool2d",
    "avgpool": "F.avg_pool2d",
    "positions": "positions",
    "attention": "attention",
}


class Forward(Scalars):
    """Translates one definition; ``kept`` holds the attributes that ``__init__`` must set to which variables."""

    def __init__(self, analysis: Analysis) -> None:
        super().__init__(analysis.facts)
        self._analysis = analysis
        self._modules: dict[str, Expression] = {}
        self._attributes: dict[str, str] = {}
        self._loops = 0
        self._names: set[str] = set()
        self._last_comment = ""
        self._avoided = frozenset(map(self._facts.name, self._facts.types))
        # Most numbers of a body are for the constructor alone: the second time, their names are free for other things.
        self._avoided = variables_in(self._body()) & self._avoided
        body = self._body()
        used = used_in(body)
        self.statements = annotated(returned(body), self._result_name)
        self.kept = {
            analysis.facts.name(name): attribute
            for name, attribute in self._attributes.items()
            if f"self.{attribute}" in used
        }

    def _body(self) -> tuple[Statement, ...]:
        self._names, self._last_comment = set(), ""
        return without_dead(self._statements(self._facts.node.body))[0]

    def _result_name(self, seen: set[str]) -> str:
        names = ("logits",) if self._facts.definition.is_arch else ("out", "result")
        free = (name for name in names if name not in seen)
        return next(free, None) or self._facts.unused(names[0], seen | self._avoided, spec=False)

    # Numbers

    def variable(self, name: str) -> Expression:
        """A number: kept by the module, or a local of this method too."""
        if name not in self._facts.fixed:
            return Name(self._facts.name(name))
        if name not in self._attributes:
            self._attributes[name] = self._analysis.constructor.attribute(name)
        return Atom(f"self.{self._attributes[name]}")

    def channels(self, tensor: t.Expression) -> Expression:
        """The channels of a tensor that is at hand."""
        x, form = self.tensor(tensor), self._form(tensor)
        if form is None:
            return call("channel_count", x)
        return Attribute(x, "shape[-1]" if form == TOKENS else "shape[1]")

    # Statements

    def _statements(self, body: tuple[t.Statement, ...]) -> list[Statement]:
        result: list[Statement] = []
        for statement in body:
            match statement:
                case t.Assign():
                    result.extend(self._assign(statement))
                case t.Repeat():
                    result.append(self._repeat(statement))
                case t.Require():
                    pass
                case t.Return():
                    result.append(Return(self.tensor(statement.value)))
        return result

    def _assign(self, statement: t.Assign) -> list[Statement]:
        name = self._facts.name(statement.target.text)
        if self._facts.types[statement.target.text] is Type.TENSOR:
            return [Assign((name,), self.tensor(statement.value), comment=self._comment(statement))]
        if statement.target.text in self._facts.fixed:
            return []
        return [Assign((name,), self.scalar(statement.value))]

    def _comment(self, statement: t.Assign) -> str:
        """The shape of what is assigned, where it is known and new, and a layer, a block or ``tokens`` makes it."""
        shape, value = self._analysis.constructor.shapes.get(id(statement)), statement.value
        reshaped = isinstance(value, t.Call) and value.function.text == "tokens"
        if shape is None or not (isinstance(value, t.Labelled) or reshaped):
            return ""
        text = self.described(shape) or ""
        if text == self._last_comment:
            return ""
        self._last_comment = text
        return text

    def described(self, shape: Shape) -> str | None:
        """A shape in terms of the parameters."""
        channels = self._analysis.closed(shape.channels)
        return None if channels is None else described(evolve(shape, channels=channels))

    def _repeat(self, node: t.Repeat) -> Statement:
        created = self._analysis.constructor.created
        modules = tuple(m for m in self._facts.modules_in(node.body) if m in created)
        inner = {m for s in node.body if isinstance(s, t.Repeat) for m in self._facts.modules_in(s.body)}
        sources = [self._modules[m] if self._loops else Atom(f"self.{m}") for m in modules]
        if self._loops:
            sources = [Attribute(source, "children", ()) for source in sources]
        outer = dict(self._modules)
        names: list[str] = []
        for module in modules:
            names.append(self._new_name(self._round_name(module, modules, inner)))
            self._modules[module] = Name(names[-1])
        self._loops += 1
        body = self._statements(node.body)
        self._loops -= 1
        self._modules = outer
        self._names -= set(names)
        return self._loop(node, names, sources, tuple(body))

    def _loop(self, node: t.Repeat, names: list[str], sources: list[Expression], body: tuple[Statement, ...]) -> Loop:
        index = self._facts.name(node.index.text) if node.index is not None else ""
        if index not in self._avoided:
            index = ""
        if not names:
            return Loop((index or "_",), call("range", self.scalar(node.count)), body)
        if len(names) == 1:
            return Loop(tuple(names), sources[0], body, index)
        together = Call(Atom("zip"), (*map(Argument, sources), Argument(Atom("True"), "strict")))
        return Loop(tuple(names), together, body, index)

    def _round_name(self, module: str, modules: tuple[str, ...], inner: set[str]) -> str:
        """What a module, or a list of modules, is called in a loop."""
        if module not in inner and len(modules) == 1 and module in self._facts.block_labels:
            return "block"
        plural = len(module) > 2 and module.endswith("s") and not module.endswith("ss")
        return module.removesuffix("s") if plural else module

    def _new_name(self, base: str) -> str:
        name = self._facts.unused(base, self._names | self._avoided, spec=False)
        self._names.add(name)
        return name

    # Tensors

    def tensor(self, expression: t.Expression, label: str | None = None) -> Expression:
        """Translate a tensor."""
        match expression:
            case t.Reference():
                return Name(self._facts.name(expression.name.text))
            case t.Labelled():
                return self.tensor(expression.value, expression.label.text)
            case t.Binary():
                return Infix("+", self.tensor(expression.left), self.tensor(expression.right))
            case t.Conditional():
                return self._conditional(expression, label)
            case t.Call():
                return self._tensor_call(expression, label)
        raise AssertionError(f"the checker lets only tensors stand here: {expression.span}")

    def _conditional(self, expression: t.Conditional, label: str | None) -> Expression:
        decision = self._analysis.constructor.decisions[id(expression)]
        if isinstance(decision, Settled):
            return self.tensor(expression.consequent if decision.first else expression.alternative, label)
        first = self.tensor(expression.consequent, label)
        second = self.tensor(expression.alternative, label)
        match decision:
            case Absent(attribute=attribute, first=present):
                absent, other = (second, first) if present else (first, second)
                return Choice(Infix("is", Atom(attribute), NONE), absent, other)
            case Flagged(attribute=attribute, opposite=opposite):
                return choice(Atom(attribute), *((second, first) if opposite else (first, second)))
        if self._loops:
            for one, other in ((first, second), (second, first)):
                if self._is_identity(one, other):
                    return one
        if first == second:
            return first
        return choice(self.scalar(expression.condition), first, second)

    def _is_identity(self, value: Expression, other: Expression) -> bool:
        """Whether a module of a list is applied to the other branch, so that an identity in its place does for both."""
        return (
            isinstance(value, Call)
            and value.function in self._modules.values()
            and value.arguments == (Argument(other),)
        )

    def _tensor_call(self, node: t.Call, label: str | None) -> Expression:
        operation = OPERATIONS.get(node.function.text)
        if operation is None or operation.kind in {OperationKind.LAYER, OperationKind.MODULE}:
            module = label or self._facts.norms[id(node)]
            function = self._modules.get(module, Atom(f"self.{module}"))
            if not isinstance(function, Name | Atom):
                raise AssertionError(f"a module is a name: {function}")
            return Call(function, (Argument(self.tensor(node.arguments[0].value)),))
        return self._function_call(node, operation)

    def _function_call(self, node: t.Call, operation: Operation) -> Expression:
        name = operation.name
        if operation.variadic:
            return self._joined(node)
        given = arguments(node, operation)
        tensors = tuple(self.tensor(given[key]) for key in operation.tensors)
        rest = {key: self.scalar(value) for key, value in given.items() if key not in operation.tensors}
        x = tensors[0]
        match name:
            case "global_pool":
                return self._pooled(given["x"], x)
            case "tokens":
                return Attribute(call("torch.flatten", x, Atom("2")), "transpose", (Atom("1"), Atom("2")))
            case "dropout":
                return call("F.dropout", x, rest.get("p", Atom("0.5")), Atom("self.training"))
        if "kernel" in rest:
            return call(_FUNCTIONS[name], x, rest.pop("kernel"), **rest)
        return call(_FUNCTIONS[name], *tensors, **rest)

    def _joined(self, node: t.Call) -> Expression:
        tensors = tuple(self.tensor(argument.value) for argument in node.arguments)
        form = self._form(node.arguments[0].value)
        if form is None:
            return call("concat", *tensors)
        return call("torch.cat", Sequence(tensors), minus(Atom("1")) if form == TOKENS else Atom("1"))

    def _pooled(self, tensor: t.Expression, x: Expression) -> Expression:
        form = self._form(tensor)
        if form is None:
            return call("global_pool", x)
        positions = Atom("1") if form == TOKENS else Sequence((Atom("2"), Atom("3")))
        return Attribute(x, "mean", (positions,)) if isinstance(x, Name) else call("torch.mean", x, positions)

    def _form(self, tensor: t.Expression) -> Expression | None:
        """What the dimensions of a tensor mean, or None where only a run can tell."""
        form = self._analysis.constructor.forms.get(id(tensor), IMAGES)
        return form if form in (IMAGES, TOKENS, VECTORS) else None
