"""Deep images to 8 bits, by the depth that they have and never by the values that happen to occur in one of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from swc_runtime.problems import DataError

_BYTE = 255


def scaled_integers(values: NDArray[Any], highest: int, name: str) -> NDArray[np.uint8]:
    """Integers from 0 to ``highest`` (65535 for 16 bits) to 0 to 255, rounded.

    Raises:
        DataError: a value is out of range, or all are so small that they were meant to be 8 bits, and would be black.
    """
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > highest:
        raise DataError(
            f"{name} has values from {low} to {high}, expected were 0 to {highest}: save it with 8 bits, or with 16 "
            "bits that use the range from 0 to 65535."
        )
    if highest > 16 * _BYTE and 0 < high <= _BYTE:
        raise DataError(
            f"{name} has {highest.bit_length()} bits, but no value above {high}, which is black at that depth: save it "
            f"with 8 bits, or with values up to {highest}."
        )
    levels: NDArray[np.uint8] = np.rint(np.arange(highest + 1) * (_BYTE / highest)).astype(np.uint8)
    return levels.take(values)


def scaled_floats(values: NDArray[Any], name: str) -> NDArray[np.uint8]:
    """Floats from 0 to 1 to 0 to 255, rounded.

    Raises:
        DataError: a value is no number, or out of range, or all are so small that they were divided by 255 twice.
    """
    low, high = float(values.min()), float(values.max())  # NaN where there is one
    if not np.isfinite(high - low):
        raise DataError(f"{name} holds floats that are no numbers (NaN or infinite): replace them, and save it again.")
    if low < 0 or high > 1:
        raise DataError(
            f"{name} holds floats from {low:g} to {high:g}; expected were 0 (black) to 1 (white): scale them to that "
            "range, or save the image with 8 or 16 bits."
        )
    if 0 < high < 1.5 / _BYTE:  # not quite 1/255 in floats of 16 bits
        raise DataError(
            f"{name} holds floats up to {high:.3g}, which are black where 1 is white, as if they had been divided by "
            "255 twice: scale them to the range from 0 to 1."
        )
    scaled = np.empty(values.shape, np.uint8)
    for part in _chunks(len(values), values.size):  # a copy in doubles of a whole data set may not fit into memory
        scaled[part] = np.rint(values[part].astype(np.float64) * _BYTE)
    return scaled


def _chunks(count: int, size: int) -> list[slice]:
    """Parts of ``count`` rows of an array of ``size`` numbers, some millions of numbers each."""
    step = max(1, count * 2**22 // max(1, size))
    return [slice(start, start + step) for start in range(0, count, step)]
