"""What a member computes, and the norms it has: an architecture run on shapes once more, with every operation noted.

Two bodies may be written differently and do the same. So each tensor gets a digest of the operation that made it, the
settings of that operation and the digests of the tensors that went in: members with the same digest of their result
compute the same from the same weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import cast

from attrs import frozen

from swc.check import OPERATIONS, Definition, Operation, OperationKind, Program, Type
from swc.elaborate.interpreter import Environment, Interpreter, Recording, Scope
from swc.elaborate.values import Tensor, Value
from swc.emit.facts import Facts
from swc.family import Family, Member
from swc.syntax import tree as t


@frozen
class Norm:
    """A batch norm by its full name, such as ``deep.group1.0.bn1``."""

    name: str
    channels: int


@frozen
class Network:
    """One member: its norms, a digest for each layer and norm in the order of the body, and that of its result."""

    norms: tuple[Norm, ...]
    digests: Mapping[str, str]
    result: str


def networks(program: Program, family: Family) -> dict[str, Network]:
    """The network of each member, by its name."""
    names = _norm_names(program)
    return {member.name: _network(program, family, member, names) for member in family.members}


def _norm_names(program: Program) -> dict[int, str]:
    """The attributes that the emitter gives to norms without a label, by the identity of their calls."""
    found: dict[int, str] = {}
    for module in program.modules.values():
        for item in module.file.items:
            if isinstance(item, t.Block | t.Arch):
                found.update(Facts(program, Definition(module.name, item, ""), ()).norms)
    return found


def _network(program: Program, family: Family, member: Member, norm_names: Mapping[int, str]) -> Network:
    definition = cast(Definition, program.resolve("", member.arch))
    channels, height, width = family.input
    x = Tensor(channels, (height, width))
    environment: Environment = {name: cast(Value, value) for name, value in member.arguments}
    environment |= {"x": x, "classes": family.classes}
    tracer = _Tracer(program, member.name, norm_names, x)
    result = tracer.run(definition, environment, Scope(definition.module, member.name, definition.node.span))
    return Network(tuple(tracer.norms), tracer.digests, tracer.digest(result))


class _Tracer(Interpreter):
    """Evaluates a member like its base, and notes what every tensor is made of."""

    def __init__(self, program: Program, member: str, norm_names: Mapping[int, str], x: Tensor) -> None:
        super().__init__(program, Recording(member))
        self._norm_names = norm_names
        self.norms: list[Norm] = []
        self.digests: dict[str, str] = {}
        # The values that the parts of an expression came to, for each expression that is being evaluated.
        self._parts: list[list[Value]] = []
        # By identity: two tensors of one shape are equal. The tensor is kept, so that no other gets its identity.
        self._known: dict[int, tuple[Tensor, str]] = {}
        self._note(x, ("input",))

    def digest(self, tensor: Tensor) -> str:
        """The digest of a tensor that this tracer has made."""
        return self._known[id(tensor)][1]

    def value(self, expression: t.Expression, env: Environment, scope: Scope, label: str | None = None) -> Value:
        """Evaluate an expression; a tensor that is new gets its digest."""
        self._parts.append([])
        result = super().value(expression, env, scope, label)
        parts = self._parts.pop()
        if isinstance(result, Tensor) and id(result) not in self._known:
            self._trace(expression, result, parts, scope, label)
        if self._parts:
            self._parts[-1].append(result)
        return result

    def _trace(
        self, expression: t.Expression, result: Tensor, parts: Sequence[Value], scope: Scope, label: str | None
    ) -> None:
        if not isinstance(expression, t.Call):  # a sum, whose sides may change places
            self._note(result, ("+", *sorted(self.digest(part) for part in parts if isinstance(part, Tensor))))
            return
        operation = OPERATIONS.get(expression.function.text)
        if operation is None:  # a block: what it returns is the last value of its body
            returned = cast(Tensor, parts[-1])
            self._known[id(result)] = (result, self.digest(returned))
            return
        name = self._name(expression, operation, scope, label)
        made = self._note(result, (operation.name, name, *self._settings(expression, operation, parts)))
        if name:
            self.digests[name] = made
        if operation.kind is OperationKind.MODULE:
            self.norms.append(Norm(name, result.channels))

    def _name(self, node: t.Call, operation: Operation, scope: Scope, label: str | None) -> str:
        """The full name of a layer or norm; other operations have none."""
        if operation.kind is OperationKind.MODULE:
            return scope.name(label or self._norm_names[id(node)])
        return scope.name(cast(str, label)) if operation.kind is OperationKind.LAYER else ""

    def _settings(self, node: t.Call, operation: Operation, parts: Sequence[Value]) -> list[object]:
        """What an operation is given, however the call is written: tensors as digests, defaults filled in."""
        if operation.variadic:
            return [self.digest(part) for part in parts if isinstance(part, Tensor)]
        given: dict[str, object] = {}
        for position, (argument, value) in enumerate(zip(node.arguments, parts, strict=True)):
            parameter = operation.parameters[position].name if argument.name is None else argument.name.text
            given[parameter] = self.digest(value) if isinstance(value, Tensor) else value
        settings: list[object] = []
        for p in operation.parameters:
            value_ = given.get(p.name, p.default)
            if value_ is None and p.derived:
                kernel = cast(int, given["kernel"])
                value_ = kernel // 2 if p.name == "padding" else kernel
            settings.append((p.name, float(cast(float, value_)) if p.type is Type.FLOAT else value_))
        return settings

    def _note(self, tensor: Tensor, made_of: tuple[object, ...]) -> str:
        digest = hashlib.blake2b(repr(made_of).encode(), digest_size=12).hexdigest()
        self._known[id(tensor)] = (tensor, digest)
        return digest
