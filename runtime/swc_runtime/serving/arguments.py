"""What ``predict`` is told besides the images: times and texts, as people write them."""

from __future__ import annotations

import math
from numbers import Real


def milliseconds(name: str, value: object) -> float:
    """A time in milliseconds, of any type of real numbers; one too large for a float is infinite.

    Args:
        name: of the argument.
        value: what was given.

    Raises:
        ValueError: it is no number.
    """
    number = math.nan if isinstance(value, bool) or not isinstance(value, Real) else _float(value)
    if math.isnan(number):
        raise ValueError(f"{name} is a time in milliseconds, not {value!r}")
    return number


def _float(value: Real) -> float:
    try:
        return float(value)
    except OverflowError:  # whole numbers and fractions are as large as they please
        return -math.inf if value < 0 else math.inf


def printable(text: str) -> str:
    """A text with escapes for characters that are not printed, such as those that control a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
