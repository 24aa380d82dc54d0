"""Numbers as the language writes them: in specs, and for budgets on the command line too."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_EXPONENT = r"[eE][+-]?[0-9]+"
COUNT = rf"{_DIGITS}(?:\.[0-9]+)?[kMG]"
FLOAT = rf"{_DIGITS}(?:\.[0-9]+(?:{_EXPONENT})?|{_EXPONENT})"
INT = _DIGITS
"""What the grammar's terminals of these names match; they are written out there again."""

SCALES = {"k": 10**3, "M": 10**6, "G": 10**9}
LONGEST = 60
"""Characters that a number may have; longer ones are not even converted."""

_ANY = re.compile(rf"{COUNT}|{FLOAT}|{INT}")
_FARTHEST = 99  # of an exponent: beyond it, nothing is a number that anybody asks for


def is_number(text: str) -> bool:
    """Whether the text is a number of the language, with a unit or without."""
    return _ANY.fullmatch(text) is not None


def exact(text: str) -> Fraction:
    """The value of a number of at most ``LONGEST`` characters; exponents beyond ±99 count as ±99."""
    digits = text.replace("_", "")
    scale = SCALES.get(digits[-1], 1)
    mantissa, _, exponent = digits.rstrip("kMG").lower().partition("e")
    power = max(-_FARTHEST, min(_FARTHEST, int(exponent or 0)))
    return Fraction(Decimal(mantissa)) * Fraction(10) ** power * scale


def number(text: str) -> int | float:
    """The value of a number as written; whole numbers with a unit stay exact."""
    digits = text.replace("_", "")
    return int(digits) if digits.isdigit() else parameters(text) if digits[-1] in SCALES else float(digits)


def parameters(text: str) -> int | float:
    """A number of parameters: an int where it comes to one, however it is written (``36.5M``, ``1e6``)."""
    value = exact(text)
    return value.numerator if value.denominator == 1 else float(value)
