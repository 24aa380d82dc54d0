"""The operations of the language: what a body may call besides blocks.

Each operation states its parameters once; the checker, the elaborator and the emitter all read this table.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


class Type(StrEnum):
    """The types of the language. An int may stand where a float is asked for, an int or a list where a size is."""

    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    LIST = "list"
    TENSOR = "tensor"
    SIZE = "size"  # of an operation's parameters only: one number for both directions, or [height, width]


PARAMETER_TYPES = (Type.INT, Type.FLOAT, Type.BOOL, Type.LIST)
"""Types that a block's or an architecture's parameter may have; ``list`` is a list of ints."""


class OperationKind(StrEnum):
    """What an operation is in the generated code."""

    LAYER = "layer"  # owns or shares a weight; needs a label
    MODULE = "module"  # a torch module with state, such as a norm; may have a label
    FUNCTION = "function"  # a pure function of tensors
    SCALAR = "scalar"  # a number, known when the network is built


@frozen
class OperationParameter:
    """``default`` is None for required parameters; usual paddings and pool strides are worked out (``derived``)."""

    name: str
    type: Type
    default: float | None = None  # an int or a bool is a float to Python
    derived: bool = False

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is None and not self.derived


@frozen
class Operation:
    """One operation. With ``variadic``, its last parameter may be given any number of times (at least twice in all)."""

    name: str
    kind: OperationKind
    parameters: tuple[OperationParameter, ...]
    result: Type
    summary: str
    variadic: bool = False

    @property
    def tensors(self) -> tuple[str, ...]:
        """The parameters that are tensors."""
        return tuple(p.name for p in self.parameters if p.type is Type.TENSOR)

    @property
    def signature(self) -> str:
        """How a call is written, for messages and documentation."""
        shown = []
        for p in self.parameters:
            default = "" if p.default is None else f" = {str(p.default).lower()}"
            shown.append(f"{p.name}: {p.type}{default}" + ("?" if p.derived else ""))
        return f"{self.name}({', '.join(shown)}{', ...' if self.variadic else ''})"


def _p(name: str, kind: Type, default: float | None = None, *, derived: bool = False) -> OperationParameter:
    return OperationParameter(name, kind, default, derived)


_X = _p("x", Type.TENSOR)
_SIZE = Type.SIZE
_POOL = (_X, _p("kernel", _SIZE), _p("stride", _SIZE, derived=True), _p("padding", _SIZE, 0))
_LAYER, _MODULE, _FUNCTION, _SCALAR = OperationKind
_TENSOR = Type.TENSOR

_ALL = (
    Operation(
        "conv",
        _LAYER,
        (
            _X,
            _p("channels", Type.INT),
            _p("kernel", _SIZE),
            _p("stride", _SIZE, 1),
            _p("padding", _SIZE, derived=True),
            _p("groups", Type.INT, 1),
            _p("bias", Type.BOOL, default=False),
        ),
        _TENSOR,
        "two-dimensional convolution to `channels` channels; `padding` is kernel / 2 rounded down unless given",
    ),
    Operation(
        "linear",
        _LAYER,
        (_X, _p("features", Type.INT), _p("bias", Type.BOOL, default=True)),
        _TENSOR,
        "linear layer on vectors of features, or on each token",
    ),
    Operation("bn", _MODULE, (_X,), _TENSOR, "batch normalisation of images or vectors"),
    Operation("ln", _MODULE, (_X,), _TENSOR, "layer normalisation of tokens or vectors, each over its features"),
    Operation("relu", _FUNCTION, (_X,), _TENSOR, "rectified linear unit"),
    Operation("gelu", _FUNCTION, (_X,), _TENSOR, "Gaussian error linear unit"),
    Operation("silu", _FUNCTION, (_X,), _TENSOR, "sigmoid linear unit (swish)"),
    Operation("dropout", _FUNCTION, (_X, _p("p", Type.FLOAT, 0.5)), _TENSOR, "dropout while training"),
    Operation(
        "maxpool",
        _FUNCTION,
        _POOL,
        _TENSOR,
        "maximum over windows; `stride` is `kernel` unless given",
    ),
    Operation(
        "avgpool",
        _FUNCTION,
        _POOL,
        _TENSOR,
        "mean over windows; `stride` is `kernel` unless given",
    ),
    Operation(
        "global_pool", _FUNCTION, (_X,), _TENSOR, "mean over all positions: an image, or tokens, become one vector"
    ),
    Operation("concat", _FUNCTION, (_X,), _TENSOR, "tensors joined along their channels", variadic=True),
    Operation("tokens", _FUNCTION, (_X,), _TENSOR, "an image's positions in a row, each a token with its channels"),
    Operation(
        "positions",
        _FUNCTION,
        (_X,),
        _TENSOR,
        "an image with the sine-cosine code of each row and column added; channels are a multiple of 4",
    ),
    Operation(
        "attention",
        _FUNCTION,
        (_p("query", _TENSOR), _p("key", _TENSOR), _p("value", _TENSOR), _p("heads", Type.INT, 1)),
        _TENSOR,
        "scaled dot-product attention of tokens; each of the `heads` takes its part of the channels",
    ),
    Operation("channels", _SCALAR, (_X,), Type.INT, "number of channels or features of a tensor"),
    Operation("div", _SCALAR, (_p("a", Type.INT), _p("b", Type.INT)), Type.INT, "a / b rounded down"),
    Operation("min", _SCALAR, (_p("a", Type.INT),), Type.INT, "the smallest of its arguments", variadic=True),
    Operation("max", _SCALAR, (_p("a", Type.INT),), Type.INT, "the largest of its arguments", variadic=True),
    Operation("len", _SCALAR, (_p("a", Type.LIST),), Type.INT, "number of items of a list"),
)

OPERATIONS = {operation.name: operation for operation in _ALL}
"""All operations by name."""
