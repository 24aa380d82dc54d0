"""Amounts and ranges of budgets as people write them."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swc.check import check_text
from swc.diagnostics import SpecError
from swc.elaborate import elaborate
from swc.report.amounts import AmountError, compact, parse_amount, parse_sweep, percent, round_step

ALONE = 36_536_884


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("36.5M", 36_500_000),
        ("500k", 500_000),
        ("1.5G", 1_500_000_000),
        ("2_000", 2000),
        (" 7 ", 7),
        ("10%", 3_653_688),
        ("0.5 %", 182_684),
        ("300%", 109_610_652),
        ("0.001k", 1),
        ("1e6", 1_000_000),
        ("1.5E+5", 150_000),
        ("2.0", 2),
        ("1e1 %", 3_653_688),
    ],
)
def test_amounts(text: str, parameters: int) -> None:
    assert parse_amount(text).of(ALONE) == parameters


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("0", "nothing fits"),
        ("0%", "nothing fits"),
        ("-5", "below zero"),
        ("-5%", "below zero"),
        ("abc", "no amount"),
        ("", "amount is missing"),
        ("36,5M", "no amount"),
        ("1e-6", "no whole number"),
        ("1e400", "above 10,000,000,000,000"),
        ("1e" + "9" * 50, "above 10,000,000,000,000"),
        ("10**30", "no amount"),
        ("1__0k", "no amount"),
        ("1_k", "no amount"),
        ("١٢", "no amount"),
        ("36.5 M", "write 36.5M"),
        ("1K", "write 1k"),
        ("1M%", "no amount"),
        ("10% of members", "write 10%, which is of what the members take alone"),
        ("nan", "no amount"),
        ("inf", "no amount"),
        ("5m", "write 5M"),
        ("12.5", "no whole number"),
        ("0.0001k", "no whole number"),
        ("99999999999999", "above 10,000,000,000,000"),
        ("9" * 5000, "no amount"),
        ("2000000%", "above 1,000,000%"),
    ],
)
def test_what_is_no_amount_is_refused_with_a_way_out(text: str, part: str) -> None:
    with pytest.raises(AmountError) as error:
        parse_amount(text)
    assert part in str(error.value)
    assert any(way in str(error.value) for way in ("write", "written"))
    assert len(str(error.value)) < 250


def test_a_share_of_less_than_one_parameter_is_refused() -> None:
    assert parse_amount("1%").of(100) == 1
    with pytest.raises(AmountError, match="less than one parameter"):
        parse_amount("1%").of(99)


@given(st.integers(1, 10**13))
def test_whole_numbers_are_read_exactly(number: int) -> None:
    assert parse_amount(str(number)).of(1) == number
    assert parse_amount(f"{number:_}").of(1) == number


def test_sweeps_are_lists_and_ranges() -> None:
    assert [a.text for a in parse_sweep("1%, 5%,2M")] == ["1%", "5%", "2M"]
    assert [a.text for a in parse_sweep("10%..30%+5%")] == ["10%", "15%", "20%", "25%", "30%"]
    assert [a.text for a in parse_sweep("10%..29%+5%")] == ["10%", "15%", "20%", "25%", "29%"]
    assert [a.text for a in parse_sweep("1%..100%/3")] == ["1%", "10%", "100%"]
    assert [a.text for a in parse_sweep("0.5%..0.9%+0.2%")] == ["0.5%", "0.7%", "0.9%"]
    assert [a.of(1) for a in parse_sweep("1k..100k/3")] == [1000, 10_000, 100_000]
    assert [a.of(1) for a in parse_sweep("1e+3..1e5+99e3")] == [1000, 100_000]
    assert [a.text for a in parse_sweep("1%,1%,1%..2%/2")] == ["1%", "2%"]
    assert len(parse_sweep("1%..100%")) == 12


@given(st.integers(1, 10**6), st.integers(2, 10**6), st.integers(2, 200))
def test_ranges_rise_by_about_the_same_factor(low: int, factor: int, count: int) -> None:
    high = low * factor
    values = [a.value for a in parse_sweep(f"{low}..{high}/{count}")]
    assert values == sorted(set(values))
    assert (values[0], values[-1]) == (low, high)
    step = Fraction(factor) ** Fraction(1, count - 1)
    if low >= 1000 and step > 1.02:
        ratios = [b / a for a, b in pairwise(values)]
        assert all(float(step) * 0.985 < ratio < float(step) * 1.015 for ratio in ratios)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "an amount is missing"),
        ("..", "has one end only"),
        ("1%..", "has one end only"),
        ("..1%", "has one end only"),
        ("1%,,2%", "an amount is missing"),
        ("1%...2%", "no amount"),
        ("1%..2%..3%", "no amount"),
        ("5%..1%", "goes from 5% down to 1%"),
        ("1%..1%", "is one budget and no range: write 1%"),
        ("1%..100M", "both ends as shares"),
        ("1%..100%/1", "whole number from 2 to 200"),
        ("1%..100%/x", "whole number from 2 to 200"),
        ("1%..100%/201", "whole number from 2 to 200"),
        ("1%..100%/99999999999", "whole number from 2 to 200"),
        ("1%..100%+0.1%", "more than 200 budgets"),
        ("1%..100%+1M", "as the ends are written"),
        ("1%..100%+0%", "a step is an amount above zero"),
        ("1%..100%+", "a step is an amount above zero"),
        ("1..10000000000000+1", "more than 200 budgets"),
        (",".join(f"{k}" for k in range(1, 202)), "more than 200 budgets"),
    ],
)
def test_bad_sweeps_are_refused(text: str, part: str) -> None:
    with pytest.raises(AmountError, match=re.escape(part)):
        parse_sweep(text)


@pytest.mark.parametrize(
    "text", ["36.5M", "1e6", "1.5e5", "2.0", "500k", "1_000", "1__0k", "36.5 M", "1K", "5e-1", "1.5"]
)
def test_the_command_line_takes_what_a_spec_takes(text: str) -> None:
    spec = f"sw 1\nfamily f {{ input image(3, 8, 8) output classes(2) budget {text} member a = wrn(10) }}\n"
    try:
        wanted = elaborate(check_text(spec)).budget.parameters
    except SpecError:
        with pytest.raises(AmountError):
            parse_amount(text)
    else:
        assert parse_amount(text).of(1) == wanted


def test_numbers_are_shown_short() -> None:
    assert [compact(n) for n in (0, 7, 999, 1000, 36_536_884, 1_500_000_000)] == [
        "0",
        "7",
        "999",
        "1k",
        "36.54M",
        "1.5G",
    ]
    assert [percent(x) for x in (0.005, 0.123456, 1, 3, 15)] == ["0.5%", "12.3%", "100%", "300%", "1,500%"]


@given(st.integers(1, 10**13))
def test_steps_are_round_and_smaller_than_the_budget(budget: int) -> None:
    step = round_step(budget)
    assert len(str(step).rstrip("0")) == 1
    assert 1 <= step <= max(1, budget // 5)
    if 10**7 <= budget < 10**10:
        assert step == 10**6
