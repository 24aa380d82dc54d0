"""Shapes through the operations that have weights: convolutions, linear layers and norms."""

from __future__ import annotations

from typing import cast

from swc.diagnostics import Span
from swc.elaborate import operations as op
from swc.elaborate.values import ElaborationError, Form, Tensor
from swc.family import Kind, Layer, Norm

_NORMALISED = {"bn": (Form.IMAGES, Form.VECTORS), "ln": (Form.TOKENS, Form.VECTORS)}


def conv(member: str, name: str, x: Tensor, arguments: op.Arguments, span: Span) -> tuple[Layer, Tensor]:
    """A convolution under its full name, and what it returns."""
    op.has_form("conv", x, (Form.IMAGES,), span)
    channels = op.within("channels", arguments["channels"], span)
    groups = op.at_least("groups", arguments["groups"], 1, span)
    if x.channels % groups or channels % groups:
        raise ElaborationError(
            "SW0405",
            f"{groups} groups divide neither evenly: {x.channels} channels in, {channels} out",
            span,
            label=f"groups = {groups}",
            help="give numbers of channels that the groups divide",
        )
    size = op.window("conv", x.size, arguments, span)
    kernel = cast(tuple[int, int], arguments["kernel"])
    bias = bool(arguments["bias"])
    layer = Layer(name, member, Kind.CONV, channels, x.channels // groups, kernel, groups, bias, span=span)
    return layer, Tensor(channels, size, name)


def linear(member: str, name: str, x: Tensor, arguments: op.Arguments, span: Span) -> tuple[Layer, Tensor]:
    """A linear layer under its full name, and what it returns."""
    op.has_form("linear", x, (Form.VECTORS, Form.TOKENS), span)
    features = op.within("features", arguments["features"], span)
    layer = Layer(name, member, Kind.LINEAR, features, x.channels, bias=bool(arguments["bias"]), span=span)
    return layer, Tensor(features, x.size, name)


LAYERS = {"conv": conv, "linear": linear}
"""The operations that have a weight which can be shared."""


def norm(kind: str, name: str, x: Tensor, span: Span) -> tuple[Norm, Tensor]:
    """A norm under its full name, and what it returns."""
    op.has_form(kind, x, _NORMALISED[kind], span)
    return Norm(name, kind, x.channels), Tensor(x.channels, x.size)
