"""Calls of operations and blocks in ``__init__``: the module that each creates, and the shape of what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import evolve

from swc.check import OPERATIONS, OperationKind
from swc.emit.code import Argument, Atom, Call, Expression, Name, Prefix, call
from swc.emit.facts import Facts, arguments
from swc.emit.shapes import NO, Shape, sum_of
from swc.emit.simplify import choice, negated
from swc.syntax import tree as t

if TYPE_CHECKING:
    from swc.emit.constructor import Constructor
    from swc.emit.library import Library

_ONE = Atom("1")
_METHODS = {"conv": "conv2d", "linear": "linear"}
_DEFAULTS = {"stride": _ONE, "groups": _ONE}


class Calls:
    """Serves one :class:`Constructor`."""

    def __init__(self, constructor: Constructor, facts: Facts, library: Library) -> None:
        self._constructor = constructor
        self._facts = facts
        self._library = library

    def shape(self, node: t.Call, label: str | None) -> Shape:
        """The shape that a call returns; its module, if it has one, is created under its label."""
        operation = OPERATIONS.get(node.function.text)
        if operation is None:
            return self._block(node, label or "")
        if operation.variadic:
            shapes = tuple(self._constructor.tensor(argument.value) for argument in node.arguments)
            return Shape(sum_of(shapes), shapes[0].image, shapes[0].strides)
        given = arguments(node, operation)
        x = self._constructor.tensor(given["x"])
        values = {name: self._constructor.scalar(value) for name, value in given.items() if name != "x"}
        match operation.kind:
            case OperationKind.MODULE:
                return self._norm(x, label or self._facts.norms[id(node)])
            case OperationKind.LAYER:
                return self._layer(node.function.text, x, values, label or "")
        return _function(node.function.text, x, values)

    def _norm(self, x: Shape, label: str) -> Shape:
        image, vector = (call(f"nn.BatchNorm{rank}d", x.channels) for rank in (2, 1))
        if isinstance(x.image, Prefix):
            module = choice(negated(x.image), vector, image)
        else:
            module = choice(x.image, image, vector)
        self._constructor.create(label, module)
        return x

    def _layer(self, name: str, x: Shape, values: dict[str, Expression], label: str) -> Shape:
        path = self._constructor.path(label)
        rest = dict(values)
        if name == "linear":
            out, usual = rest.pop("features"), {"bias": Atom("True")}
            needed: tuple[Expression, ...] = (path, x.channels, out)
            result = Shape(out, NO)
        else:
            out, usual = rest.pop("channels"), _DEFAULTS | {"bias": Atom("False")}
            needed = (path, x.channels, out, rest.pop("kernel"))
            result = Shape(out, x.image, _windowed(x, values))
        keywords = {key: value for key, value in rest.items() if value != usual.get(key)}
        self._constructor.create(label, call(f"weights.{_METHODS[name]}", *needed, **keywords))
        return result

    def _block(self, node: t.Call, label: str) -> Shape:
        given = arguments(node, self._library.definition(self._facts, node.function.text))
        x = self._constructor.tensor(given["x"])
        block = self._library.block(self._facts, node.function.text, x.image)
        scope = call("weights.scope", self._constructor.path(label))
        translated = tuple(
            (argument.name.text if argument.name else None, name, self._constructor.scalar(given[name]))
            for argument, name in zip(node.arguments[1:], list(given)[1:], strict=True)
        )
        placed = [Argument(value) for by, name, value in translated if by is None and not block.is_bool(name)]
        named = [Argument(value, block.facts.name(name)) for by, name, value in translated if by or block.is_bool(name)]
        function = Atom(block.class_name)
        self._constructor.create(label, Call(function, (Argument(scope), Argument(x.channels), *placed, *named)))
        return block.shape(x, {name: value for _, name, value in translated})


def _function(name: str, x: Shape, values: Mapping[str, Expression]) -> Shape:
    if name == "global_pool":
        return Shape(x.channels, NO)
    if "kernel" in values:
        return evolve(x, strides=_windowed(x, {"stride": values["kernel"], "padding": Atom("0"), **values}))
    return x


def _windowed(x: Shape, values: Mapping[str, Expression]) -> tuple[Expression, ...] | None:
    """The strides after a window slides over an image.

    An odd kernel, padded by half its size rounded down, divides the size by the stride and rounds up. What other
    windows do is not followed.
    """
    kernel, stride = values["kernel"], values.get("stride", _ONE)
    if x.strides is None or not isinstance(kernel, Atom) or int(kernel.text) % 2 == 0:
        return None
    half = Atom(str(int(kernel.text) // 2))
    if values.get("padding", half) != half or not isinstance(stride, Atom | Name):
        return None
    return x.strides if stride == _ONE else (*x.strides, stride)
