"""What ``predict`` is given: images as the family takes them, or a sentence that says what they are instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from swc_runtime.memory import is_out_of_memory, too_large

if TYPE_CHECKING:
    from swc_runtime.family import Family


def check_images(family: Family, x: Tensor) -> None:
    """See that ``x`` is a batch of normalised images. What takes longer to see shows when they are used.

    Raises:
        ValueError: it is not.
    """
    check_shape(family, x)
    if not x.is_floating_point():
        raise ValueError(
            f"predict takes normalised images of a floating-point type, not {_dtype(x)}: normalise them first as in "
            'training, Normalisation(**load_family(family, checkpoint)["normalisation"])(images)'
        )


def check_shape(family: Family, x: object) -> None:
    """See that ``x`` is a batch of images of the family's size, of whatever type.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(x, Tensor):
        hint = "torch.from_numpy(...)" if type(x).__module__ == "numpy" else "torch.stack(...)"
        raise ValueError(  # noqa: TRY004 - every fault of an argument of predict is a ValueError
            f"predict takes a tensor of images {_expected(family)}, not {type(x).__name__}: make one ({hint})"
        )
    if x.is_nested or x.layout is not torch.strided:
        raise ValueError(
            f"predict takes an ordinary tensor of images {_expected(family)}, not {_kind(x)}: convert it "
            f"({'torch.nested.to_padded_tensor' if x.is_nested else '.to_dense()'})"
        )
    if x.shape[1:] != family.input:
        raise ValueError(f"predict takes images {_expected(family)}, not {_shape(x)}{_misshapen(family, x)}")


def check_placement(family: Family, x: Tensor) -> None:
    """See that images are where the family is, and of its type of numbers; this takes some microseconds.

    Raises:
        ValueError: they are not.
    """
    first = next(family.parameters(), None)
    if first is None:
        return
    if first.device != x.device:
        raise ValueError(f"the images are on {x.device} and the family on {first.device}: move one of them (.to)")
    if first.dtype != x.dtype and not torch.is_autocast_enabled(x.device.type):
        raise ValueError(
            f"the images are {_dtype(x)} and the family's parameters {_dtype(first)}: convert the images "
            f"(.to({first.dtype}))"
        )


def explained(family: Family, x: Tensor, error: Exception) -> Exception:
    """What an error that a prediction ended with comes from, where that is ``x``; else the error itself."""
    if is_out_of_memory(error):
        return too_large(len(x), x.device, "predict in smaller batches")
    try:
        check_placement(family, x)
    except ValueError as problem:
        return problem
    return error


def _misshapen(family: Family, x: Tensor) -> str:
    """What to do about images of another shape, where that is plain to see."""
    channels, height, width = family.input
    if tuple(x.shape) == family.input:
        return ": a single image needs a batch dimension (x[None])"
    if x.ndim == 4 and tuple(x.shape[1:]) == (height, width, channels):
        return ": channels come first (x.permute(0, 3, 1, 2))"
    if x.ndim == 4 and x.shape[1] == channels:
        return f": resize them to {height}×{width}"
    return ""


def _expected(family: Family) -> str:
    return f"(batch, {', '.join(map(str, family.input))})"


def _shape(x: Tensor) -> str:
    return f"({', '.join(map(str, x.shape))})"


def _kind(x: Tensor) -> str:
    return "a nested one" if x.is_nested else f"one of layout {str(x.layout).removeprefix('torch.')}"


def _dtype(x: Tensor) -> str:
    return str(x.dtype).removeprefix("torch.")
