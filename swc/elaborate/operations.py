"""Shapes through the operations of the language (``swc.check.OPERATIONS``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from swc.diagnostics import Span
from swc.elaborate.values import ElaborationError, Tensor, Value

Arguments = Mapping[str, Value]


def at_least(name: str, value: Value, low: int, span: Span) -> int:
    """An int argument that must not be below ``low``."""
    number = cast(int, value)
    if number < low:
        raise ElaborationError(
            "SW0405", f"`{name}` is {number}, and it must be at least {low}", span, label=f"{name} = {number}"
        )
    return number


def image(operation: str, x: Tensor, span: Span) -> tuple[int, int]:
    """The size of a tensor that must be an image."""
    if x.size is None:
        raise ElaborationError(
            "SW0407",
            f"`{operation}` needs an image and gets {x}",
            span,
            label="not an image",
            help="use it before `global_pool`",
        )
    return x.size


def window(operation: str, size: tuple[int, int], arguments: Arguments, span: Span) -> tuple[int, int]:
    """Output size of a window of ``kernel`` sliding by ``stride`` over an image padded by ``padding`` on each side."""
    kernel = at_least("kernel", arguments["kernel"], 1, span)
    stride = at_least("stride", arguments["stride"], 1, span)
    padding = at_least("padding", arguments["padding"], 0, span)
    out = tuple((n + 2 * padding - kernel) // stride + 1 for n in size)
    if min(out) < 1:
        raise ElaborationError(
            "SW0408",
            f"`{operation}` has a window of {kernel} on an image of only {size[0]}×{size[1]}, padded by {padding}",
            span,
            label=f"nothing is left of {size[0]}×{size[1]}",
            help="use fewer strides or pools, a smaller kernel, or a larger input",
        )
    return out[0], out[1]


def _keep(name: str, x: Tensor, arguments: Arguments, span: Span) -> Tensor:
    del name, arguments, span
    return Tensor(x.channels, x.size)


def _dropout(name: str, x: Tensor, arguments: Arguments, span: Span) -> Tensor:
    del name
    p = cast(float, arguments["p"])
    if not 0 <= p < 1:
        raise ElaborationError("SW0405", f"`p` is {p}, and it must be in [0, 1)", span, label=f"p = {p}")
    return Tensor(x.channels, x.size)


def _pool(name: str, x: Tensor, arguments: Arguments, span: Span) -> Tensor:
    size = image(name, x, span)
    kernel = at_least("kernel", arguments["kernel"], 1, span)
    padding = at_least("padding", arguments["padding"], 0, span)
    if 2 * padding > kernel:
        raise ElaborationError(
            "SW0405",
            f"`padding` is {padding}, and a pool takes at most half its kernel of {kernel}",
            span,
            label=f"padding = {padding}",
        )
    return Tensor(x.channels, window(name, size, arguments, span))


def _global_pool(name: str, x: Tensor, arguments: Arguments, span: Span) -> Tensor:
    del arguments
    image(name, x, span)
    return Tensor(x.channels, None)


FUNCTIONS: Mapping[str, Callable[[str, Tensor, Arguments, Span], Tensor]] = {
    "relu": _keep,
    "gelu": _keep,
    "silu": _keep,
    "dropout": _dropout,
    "maxpool": _pool,
    "avgpool": _pool,
    "global_pool": _global_pool,
}
"""Shape rules of the functions of one tensor."""


def add(left: Tensor, right: Tensor, span: Span) -> Tensor:
    """The sum of two tensors, which must have the same shape (nothing is broadcast)."""
    if (left.channels, left.size) != (right.channels, right.size):
        raise ElaborationError(
            "SW0406",
            f"the two sides of `+` have different shapes: {left}, and {right}",
            span,
            label=f"{left} + {right}",
            help="project one side with a 1x1 convolution of the same width and stride",
        )
    return Tensor(left.channels, left.size)


def concat(tensors: tuple[Tensor, ...], span: Span) -> Tensor:
    """Tensors joined along channels; their heights and widths must agree."""
    if len({x.size for x in tensors}) > 1:
        shapes = ", ".join(str(x) for x in tensors)
        raise ElaborationError(
            "SW0406", f"`concat` joins images of different sizes: {shapes}", span, label="sizes differ"
        )
    return Tensor(sum(x.channels for x in tensors), tensors[0].size)
