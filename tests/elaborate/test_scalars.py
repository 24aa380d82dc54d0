"""Arithmetic of the language against Python's own, and its bounds."""

import operator
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swc.diagnostics import Source, Span
from swc.elaborate.scalars import LARGEST, calculate
from swc.elaborate.values import ElaborationError

HERE = Span(Source("a.sw", "a / b"), 0, 5)
SMALL = st.integers(-10_000, 10_000)


@given(SMALL, SMALL)
def test_division_of_ints_is_exact_or_an_error(a: int, b: int) -> None:
    if b != 0 and Fraction(a, b).denominator == 1:
        assert calculate("/", a, b, HERE) == Fraction(a, b)
    else:
        with pytest.raises(ElaborationError):
            calculate("/", a, b, HERE)


@given(SMALL, SMALL, st.sampled_from(["+", "-", "*", "%"]))
def test_other_operations_are_those_of_python(a: int, b: int, symbol: str) -> None:
    python = {"+": operator.add, "-": operator.sub, "*": operator.mul, "%": operator.mod}[symbol]
    if symbol == "%" and b == 0:
        with pytest.raises(ElaborationError):
            calculate(symbol, a, b, HERE)
    else:
        assert calculate(symbol, a, b, HERE) == python(a, b)


@pytest.mark.parametrize(("base", "exponent"), [(2, 10**9), (10, 16), (2, -1), (0, -1), (-2.0, 0.5), (1e10, 3.0)])
def test_powers_that_lead_nowhere_are_errors(base: float, exponent: float) -> None:
    with pytest.raises(ElaborationError) as error:
        calculate("**", base, exponent, HERE)
    assert error.value.code == "SW0404"


def test_bounds() -> None:
    assert calculate("**", 2, 10, HERE) == 1024
    assert calculate("*", LARGEST, 1, HERE) == LARGEST
    with pytest.raises(ElaborationError):
        calculate("+", LARGEST, 1, HERE)
