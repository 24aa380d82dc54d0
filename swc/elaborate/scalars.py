"""Arithmetic of the language: exact on ints, and bounded, so that no spec can make the compiler count forever."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import isfinite

from swc.diagnostics import Span
from swc.elaborate.values import ElaborationError

LARGEST = 10**15
"""Largest absolute value that a number of a spec may reach."""

_PLAIN: dict[str, Callable[[float, float], float]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compare(symbol: str, left: float, right: float) -> bool:
    """``left symbol right`` for the six comparisons."""
    return _COMPARE[symbol](left, right)


def calculate(symbol: str, left: float, right: float, span: Span) -> int | float:
    """``left symbol right``.

    Raises:
        ElaborationError: for a division by zero, an int division that leaves a rest, or a result out of bounds.
    """
    if symbol in _PLAIN:
        return bounded(_PLAIN[symbol](left, right), span)
    if symbol == "**":
        return _power(left, right, span)
    if right == 0:
        raise ElaborationError("SW0402", f"`{span.text}` divides by zero", span, label=f"{left} {symbol} 0")
    if symbol == "%":
        return left % right
    if isinstance(left, int) and isinstance(right, int):
        quotient, rest = divmod(left, right)
        if rest:
            raise ElaborationError(
                "SW0403",
                f"`{span.text}` is not a whole number",
                span,
                label=f"{left} / {right} leaves {rest}",
                help="write `div(a, b)` to round down, or give arguments that divide exactly",
            )
        return quotient
    return bounded(left / right, span)


def _power(base: float, exponent: float, span: Span) -> int | float:
    whole = isinstance(base, int) and isinstance(exponent, int)
    if exponent < 0 and (whole or base == 0):
        raise ElaborationError("SW0404", f"`{span.text}` has a negative exponent", span, label=f"{base} ** {exponent}")
    if base < 0 and not float(exponent).is_integer():
        raise ElaborationError("SW0404", f"`{span.text}` is not a real number", span, label=f"{base} ** {exponent}")
    if abs(base) > 1 and exponent > 64:
        raise _too_large(span)
    return bounded(base**exponent, span)


def bounded(value: float, span: Span) -> int | float:
    """The value itself, if it is finite and not absurdly large."""
    if not isfinite(value) or abs(value) > LARGEST:
        raise _too_large(span)
    return value


def _too_large(span: Span) -> ElaborationError:
    return ElaborationError("SW0404", f"`{span.text}` is too large a number", span, label=f"above {LARGEST:.0e}")
