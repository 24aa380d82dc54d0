"""Numbers: how they are written, what they come to, and what is said of those that do not fit."""

import re
from fractions import Fraction

import pytest

from swc.diagnostics import Source, SpecError
from swc.resources import grammar_text
from swc.syntax import numbers, parse


@pytest.mark.parametrize("terminal", ["COUNT", "FLOAT", "INT"])
def test_the_patterns_are_those_of_the_grammar(terminal: str) -> None:
    (written,) = re.findall(rf"^{terminal}: /(.*)/$", grammar_text(), re.MULTILINE)
    assert written == getattr(numbers, terminal) + "(?![A-Za-z0-9_])"


@pytest.mark.parametrize("text", ["0", "1_000", "0.5", "5e-4", "1E+5", "36.5M", "2k", "1_0.5e3"])
def test_numbers(text: str) -> None:
    assert numbers.is_number(text)


@pytest.mark.parametrize(
    "text", ["", "1__0", "1_", "_1", "1_.5", "1_k", "1.", ".5", "1e", "1e4k", "5m", "1 M", "\u0661", "nan", "-1"]
)
def test_what_is_no_number(text: str) -> None:
    assert not numbers.is_number(text)


def test_values_are_exact() -> None:
    assert numbers.exact("0.1") == Fraction(1, 10)
    assert numbers.exact("1.5e5") == 150_000
    assert numbers.exact("36.5M") == 36_500_000
    assert numbers.exact("1e" + "9" * 50) == 10**99
    assert (numbers.parameters("1e6"), numbers.parameters("2.0")) == (1_000_000, 2)
    assert isinstance(numbers.parameters("1e6"), int)
    assert (numbers.number("1e6"), numbers.parameters("0.5")) == (1e6, 0.5)
    assert isinstance(numbers.number("1e6"), float)


@pytest.mark.parametrize(
    ("setting", "underlined", "summary", "advice"),
    [
        ("bins 2.5", "2.5", "`2.5` is not a whole number", "write `2` or `3`"),
        ("bins 0.5", "0.5", "`0.5` is not a whole number", "write `1`"),
        ("bins 1e2", "1e2", "`1e2` is not written as a whole number", "write `100`"),
        ("bins 2k", "2k", "`2k` is not written as a whole number", "write `2000`"),
        ("bins 2k for *.a", "2k", "`2k` is not written as a whole number", "write `2000`"),
        ("templates 1.5..3", "1.5", "`1.5` is not a whole number", "write `1` or `2`"),
        ("templates 1..3.5", "3.5", "`3.5` is not a whole number", "write `3` or `4`"),
        ("bins 1__0", "1__0", "`1__0` is not a number", "write numbers as"),
        ("bins 1e999", "1e999", "whole number", "write numbers as"),
        ("bins 1." + "0" * 99, "1." + "0" * 99, "whole number", "write"),
    ],
)
def test_a_whole_number_is_asked_for(setting: str, underlined: str, summary: str, advice: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(Source("t.sw", f"sw 1\nfamily f {{ share {{ {setting} }} }}\n"))
    (found,) = caught.value.diagnostics
    assert found.primary is not None
    assert (found.code, found.primary.text) == ("SW0105", underlined)
    assert summary in found.summary
    assert advice in found.help
