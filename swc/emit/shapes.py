"""What is known about tensors when a network is built: their channels, as an expression of ``__init__``."""

from __future__ import annotations

from attrs import frozen

from swc.elaborate.values import Form
from swc.emit.code import Atom, Expression, Infix, Name
from swc.emit.simplify import choice, regrouped
from swc.emit.text import TIGHTEST, binding, flat

IMAGES, TOKENS, VECTORS = (Atom(form.value) for form in Form)
UNKNOWN = Atom("unknown")
LONGEST_COMMENT = 60


@frozen
class Shape:
    """A tensor: images (B, channels, H, W), tokens (B, N, channels) or vectors (B, channels).

    ``channels`` is an expression of the variables of ``__init__``. ``form`` is one of the atoms above, or a choice of
    them by such variables; it is unknown where a block decides by what only its own variables tell. ``strides`` divide
    H and W, rounding up; None where that is not how the size comes about.
    """

    channels: Expression
    form: Expression = IMAGES
    strides: tuple[Expression, ...] | None = ()


def sum_of(shapes: tuple[Shape, ...]) -> Expression:
    """The channels of tensors that are joined."""
    total = shapes[0].channels
    for shape in shapes[1:]:
        total = Infix("+", total, shape.channels)
    return regrouped(total)


def either(condition: Expression, left: Shape, right: Shape) -> Shape:
    """What a conditional tensor is."""
    return Shape(
        choice(condition, left.channels, right.channels),
        choice(condition, left.form, right.form),
        left.strides if left.strides == right.strides else None,
    )


def described(shape: Shape) -> str | None:
    """``(B, width, H/stride, W/stride)`` for comments, or None where it is not known or too long."""
    channels = flat(shape.channels)
    if shape.form == VECTORS:
        text = f"(B, {channels})"
    elif shape.form == TOKENS:
        text = f"(B, N, {channels})"
    elif shape.form == IMAGES and shape.strides is not None:
        sizes = [_divided(side, shape.strides) for side in "HW"]
        text = f"(B, {channels}, {', '.join(sizes)})"
    else:
        return None
    return text if len(text) <= LONGEST_COMMENT and not _is_involved(shape.channels) else None


def _divided(side: str, strides: tuple[Expression, ...]) -> str:
    number = 1
    names: list[str] = []
    for stride in strides:
        if isinstance(stride, Name):
            names.append(stride.text)
        elif isinstance(stride, Atom):
            number *= int(stride.text)
    factors = ([str(number)] if number > 1 else []) + names
    if not factors:
        return side
    return f"{side}/{factors[0]}" if len(factors) == 1 else f"{side}/({'*'.join(factors)})"


def _is_involved(channels: Expression) -> bool:
    return binding(channels) < TIGHTEST and not isinstance(channels, Infix)
