"""Shapes through the operations of the language (``swc.check.OPERATIONS``) that have no weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from swc.diagnostics import Span
from swc.elaborate.values import ElaborationError, Form, Tensor, Value

Arguments = Mapping[str, Value]

MOST_CHANNELS = 1_000_000
"""Channels or features that a layer may have: far beyond any network, and planned in no more time than few."""

_MAKE = {
    Form.IMAGES: "use it before `tokens` and `global_pool`",
    Form.TOKENS: "`tokens` makes them of an image",
    Form.VECTORS: "put `global_pool` before it",
}


def at_least(name: str, value: Value, low: int, span: Span) -> int:
    """An int argument that must not be below ``low``."""
    number = cast(int, value)
    if number < low:
        raise ElaborationError(
            "SW0405", f"`{name}` is {number}, and it must be at least {low}", span, label=f"{name} = {number}"
        )
    return number


def within(name: str, value: Value, span: Span) -> int:
    """A number of channels or features."""
    number = at_least(name, value, 1, span)
    if number > MOST_CHANNELS:
        raise ElaborationError(
            "SW0405",
            f"`{name}` is {number:,}, and it must be at most {MOST_CHANNELS:,}",
            span,
            label=f"{name} = {number}",
            help="give smaller numbers of channels or features",
        )
    return number


def pair(name: str, value: Value, span: Span) -> tuple[int, int]:
    """A size as (height, width): one number stands for both."""
    if not isinstance(value, tuple):
        number = cast(int, value)
        return number, number
    if len(value) != 2:
        raise ElaborationError(
            "SW0405",
            f"`{name}` is a list of {len(value)}, and it must be a number or a list of two, [height, width]",
            span,
            label=f"{name} = {list(value)}",
            help="write one number for both directions, or a list such as `[1, 3]`",
        )
    return value[0], value[1]


def has_form(operation: str, x: Tensor, forms: tuple[Form, ...], span: Span) -> None:
    """Make sure that a tensor has one of the forms that an operation works on."""
    if x.form in forms:
        return
    wanted = " or ".join(forms)
    raise ElaborationError(
        "SW0407",
        f"`{operation}` needs {wanted} and gets {x.form}: {x}",
        span,
        label=f"{x.form}",
        help=_MAKE[forms[0]],
    )


def window(operation: str, size: tuple[int, ...], arguments: Arguments, span: Span) -> tuple[int, int]:
    """Output size of a window of ``kernel`` sliding by ``stride`` over an image padded by ``padding`` on each side.

    All three are pairs (height, width).
    """
    kernel, stride, padding = (cast(tuple[int, int], arguments[name]) for name in ("kernel", "stride", "padding"))
    for name, values, low in (("kernel", kernel, 1), ("stride", stride, 1), ("padding", padding, 0)):
        at_least(name, min(values), low, span)
    out = tuple((n + 2 * p - k) // s + 1 for n, k, s, p in zip(size, kernel, stride, padding, strict=True))
    if min(out) < 1:
        raise ElaborationError(
            "SW0408",
            f"`{operation}` has a window of {shown(kernel)} on an image of only {size[0]}×{size[1]}, "
            f"padded by {shown(padding)}",
            span,
            label=f"nothing is left of {size[0]}×{size[1]}",
            help="use fewer strides or pools, a smaller kernel, or a larger input",
        )
    return out[0], out[1]


def shown(size: tuple[int, int]) -> str:
    """``3``, or ``1×7`` where the directions differ."""
    return str(size[0]) if size[0] == size[1] else f"{size[0]}×{size[1]}"


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
    has_form(name, x, (Form.IMAGES,), span)
    size = window(name, x.size, arguments, span)
    kernel, padding = (cast(tuple[int, int], arguments[name]) for name in ("kernel", "padding"))
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        raise ElaborationError(
            "SW0405",
            f"`padding` is {shown(padding)}, and a pool takes at most half its kernel of {shown(kernel)}",
            span,
            label=f"padding = {shown(padding)}",
        )
    return Tensor(x.channels, size)


def _global_pool(name: str, x: Tensor, arguments: Arguments, span: Span) -> Tensor:
    del arguments
    has_form(name, x, (Form.IMAGES, Form.TOKENS), span)
    return Tensor(x.channels, ())


def _tokens(name: str, x: Tensor, arguments: Arguments, span: Span) -> Tensor:
    del arguments
    has_form(name, x, (Form.IMAGES,), span)
    return Tensor(x.channels, (x.size[0] * x.size[1],))


def _positions(name: str, x: Tensor, arguments: Arguments, span: Span) -> Tensor:
    del arguments
    has_form(name, x, (Form.IMAGES,), span)
    if x.channels % 4:
        raise ElaborationError(
            "SW0405",
            f"`positions` needs a multiple of 4 channels and gets {x.channels}: a sine and a cosine each way",
            span,
            label=f"{x.channels} channels",
        )
    return Tensor(x.channels, x.size)


def _attention(name: str, query: Tensor, arguments: Arguments, span: Span) -> Tensor:
    key, value = (cast(Tensor, arguments[part]) for part in ("key", "value"))
    for tensor in (query, key, value):
        has_form(name, tensor, (Form.TOKENS,), span)
    if query.channels != key.channels or key.size != value.size:
        raise ElaborationError(
            "SW0406",
            f"query, key and value do not go together: {query}; {key}; {value}",
            span,
            label="these three",
            help="queries and keys need the same number of features, keys and values the same number of tokens",
        )
    heads = at_least("heads", arguments["heads"], 1, span)
    if query.channels % heads or value.channels % heads:
        features = " and ".join(str(n) for n in dict.fromkeys((query.channels, value.channels)))
        raise ElaborationError(
            "SW0405",
            f"{heads} heads do not divide {features} features",
            span,
            label=f"heads = {heads}",
            help="give a number of heads that divides the features",
        )
    return Tensor(value.channels, query.size)


FUNCTIONS: Mapping[str, Callable[[str, Tensor, Arguments, Span], Tensor]] = {
    "relu": _keep,
    "gelu": _keep,
    "silu": _keep,
    "dropout": _dropout,
    "maxpool": _pool,
    "avgpool": _pool,
    "global_pool": _global_pool,
    "tokens": _tokens,
    "positions": _positions,
    "attention": _attention,
}
"""Shape rules of the functions, given their first tensor and all their arguments."""


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
    """Tensors joined along channels; all else about their shapes must agree."""
    if len({x.size for x in tensors}) > 1:
        shapes = ", ".join(str(x) for x in tensors)
        raise ElaborationError(
            "SW0406", f"`concat` joins tensors of different sizes: {shapes}", span, label="sizes differ"
        )
    return Tensor(sum(x.channels for x in tensors), tensors[0].size)
