"""Calls of operations and blocks in ``__init__``: the module that each creates, and the shape of what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import evolve

from swc.check import OPERATIONS, OperationKind, Type
from swc.emit.code import Argument, Atom, Call, Choice, Expression, Name, Sequence, call
from swc.emit.facts import Facts, arguments
from swc.emit.shapes import TOKENS, VECTORS, Shape, sum_of
from swc.emit.simplify import choice
from swc.syntax import tree as t

if TYPE_CHECKING:
    from swc.emit.constructor import Constructor
    from swc.emit.library import Library

_ONE = Atom("1")
_METHODS = {"conv": "conv2d", "linear": "linear"}
_DEFAULTS = {"stride": _ONE, "groups": _ONE}
_RESULTS = {"global_pool": VECTORS, "tokens": TOKENS}


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
            return Shape(sum_of(shapes), shapes[0].form, shapes[0].strides)
        given = arguments(node, operation)
        tensors = {name: self._constructor.tensor(given[name]) for name in operation.tensors}
        x = tensors[operation.tensors[0]]
        values = {name: self._constructor.scalar(value) for name, value in given.items() if name not in tensors}
        if "stride" in given and self._facts.type(given["stride"]) is Type.LIST:
            x = evolve(x, strides=None)
        match operation.kind:
            case OperationKind.MODULE:
                self._constructor.create(label or self._facts.norms[id(node)], _norm(node.function.text, x))
                return x
            case OperationKind.LAYER:
                return self._layer(node.function.text, x, values, label or "")
        if node.function.text == "attention":
            return evolve(x, channels=tensors["value"].channels)
        return _function(node.function.text, x, values)

    def _layer(self, name: str, x: Shape, values: dict[str, Expression], label: str) -> Shape:
        path = self._constructor.path(label)
        rest = dict(values)
        if name == "linear":
            out, usual = rest.pop("features"), {"bias": Atom("True")}
            needed: tuple[Expression, ...] = (path, x.channels, out)
            result = evolve(x, channels=out)
        else:
            out, usual = rest.pop("channels"), _DEFAULTS | {"bias": Atom("False")}
            needed = (path, x.channels, out, rest.pop("kernel"))
            result = evolve(x, channels=out, strides=_windowed(x, values))
        keywords = {key: value for key, value in rest.items() if value != usual.get(key)}
        self._constructor.create(label, call(f"weights.{_METHODS[name]}", *needed, **keywords))
        return result

    def _block(self, node: t.Call, label: str) -> Shape:
        given = arguments(node, self._library.definition(self._facts, node.function.text))
        x = self._constructor.tensor(given["x"])
        block = self._library.block(self._facts, node.function.text)
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


def _norm(kind: str, x: Shape) -> Expression:
    if kind == "ln":
        return call("nn.LayerNorm", x.channels)
    return _batch_norm(x.form, x.channels)


def _batch_norm(form: Expression, channels: Expression) -> Expression:
    if isinstance(form, Choice):
        branches = (_batch_norm(branch, channels) for branch in (form.consequent, form.alternative))
        return choice(form.condition, *branches)
    return call("nn.BatchNorm1d" if form == VECTORS else "nn.BatchNorm2d", channels)


def _function(name: str, x: Shape, values: Mapping[str, Expression]) -> Shape:
    if name in _RESULTS:
        return Shape(x.channels, _RESULTS[name])
    if "kernel" in values:
        return evolve(x, strides=_windowed(x, {"stride": values["kernel"], "padding": Atom("0"), **values}))
    return x


def _windowed(x: Shape, values: Mapping[str, Expression]) -> tuple[Expression, ...] | None:
    """The strides after a window slides over an image.

    An odd kernel, padded by half its size rounded down, divides the size by the stride and rounds up. What other
    windows do, and those that are not alike in both directions, is not followed.
    """
    sides, stride = _sides(values["kernel"]), values.get("stride", _ONE)
    if x.strides is None or sides is None or any(side % 2 == 0 for side in sides):
        return None
    halves = [Atom(str(side // 2)) for side in sides]
    usual = [Sequence(tuple(halves)), *halves[: halves[0] == halves[1]]]
    if values.get("padding", usual[0]) not in usual or not isinstance(stride, Atom | Name):
        return None
    return x.strides if stride == _ONE else (*x.strides, stride)


def _sides(kernel: Expression) -> tuple[int, int] | None:
    """Height and width of a kernel that is written as numbers."""
    match kernel:
        case Atom(text=text):
            return int(text), int(text)
        case Sequence(items=(Atom(text=height), Atom(text=width))):
            return int(height), int(width)
    return None
