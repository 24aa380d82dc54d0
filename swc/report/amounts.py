"""Amounts of parameters as people write them on the command line: ``36.5M``, ``500k``, ``10%``, ``1%..100%``."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from attrs import field, frozen

from swc.check.budget import LARGEST
from swc.syntax.numbers import LONGEST, SCALES, exact, is_number

_UNITS = {"": 1, **SCALES}
_LARGEST_PERCENT = 10**6
_POINTS = 12
_MOST_POINTS = 200
_RANGE = re.compile(r"(?P<low>[^.]*(?:\.[^.]+)?)\.\.(?P<high>(?:[^/+]|(?<=[eE])\+)*)(?:(?P<how>[/+])(?P<steps>.*))?")


class AmountError(ValueError):
    """The text is no amount; the message says what was found and what to write instead."""


@frozen
class Amount:
    """Parameters: so many, or a percentage of what the members have with weights of their own."""

    value: Fraction
    text: str
    relative: bool = field(default=False, kw_only=True)

    def of(self, independent: int) -> int:
        """The number of parameters, rounded down, where the members have ``independent`` on their own.

        Raises:
            AmountError: it comes to less than one parameter.
        """
        parameters = int(self.value * independent / 100 if self.relative else self.value)
        if parameters < 1:
            raise AmountError(f"{self.text} of {independent:,} is less than one parameter: ask for more")
        return parameters


def parse_amount(text: str) -> Amount:
    """Read one amount, written as in a spec's `budget`; a share is of what the members take alone.

    Raises:
        AmountError: the text is no amount, not above zero, too large, or a fraction of a parameter.
    """
    text = text.strip()
    number, relative = (text[:-1].rstrip(), True) if text.endswith("%") else (text, False)
    if not is_number(number) or len(number) > LONGEST or (relative and number[-1] in SCALES):
        raise _no_amount(text)
    value = exact(number)
    if value == 0:
        raise AmountError(f"nothing fits into a budget of {text}: write an amount above zero, such as 36.5M or 10%")
    if relative:
        if value > _LARGEST_PERCENT:
            raise AmountError(f"{text} is above {_LARGEST_PERCENT:,}%: write a smaller share")
        return Amount(value, text, relative=True)
    if value.denominator != 1:
        raise AmountError(f"{text} is no whole number of parameters: a share is written with %, such as 10%")
    if value > LARGEST:
        raise AmountError(f"{text} is above {LARGEST:,} parameters: write a smaller number")
    return Amount(value, text)


def _no_amount(text: str) -> AmountError:
    """What is wrong with a text that is no amount, and what to write."""
    way = "write a number of parameters, such as 36.5M, 500k or 2_000_000, or a share, such as 10%"
    if not text:
        return AmountError(f"an amount is missing: {way}")
    if re.fullmatch(r"-[0-9].*", text):
        return AmountError(f"{text[:LONGEST]} is below zero: {way}")
    share = re.fullmatch(r"(.*%)\s*of\b.*", text)
    if share and is_number(share[1][:-1].rstrip()):
        return AmountError(
            f"{text[:LONGEST]!r} is no amount: write {share[1]}, which is of what the members take alone"
        )
    unit = re.fullmatch(r"([0-9][0-9_.]*)\s*([kKmMgG])", text)
    if unit and len(text) <= LONGEST:
        near = unit[1] + (unit[2].lower() if unit[2] in "kK" else unit[2].upper())
        if is_number(near):
            return AmountError(f"{text!r} is no amount: write {near}")
    return AmountError(f"{text[:LONGEST]!r} is no amount: {way}")


def parse_sweep(text: str) -> tuple[Amount, ...]:
    """Read the budgets of a sweep: amounts and ranges, separated by commas.

    ``1%..100%`` is twelve budgets, each the same factor above the last; ``1%..100%/20`` is twenty of them, and
    ``10%..50%+5%`` goes up in equal steps.

    Raises:
        AmountError: a part is neither an amount nor a range, or there are more than 200 budgets.
    """
    amounts: dict[tuple[Fraction, bool], Amount] = {}
    for part in text.split(","):
        for amount in _range(part.strip()) if ".." in part else [parse_amount(part)]:
            amounts[amount.value, amount.relative] = amount
        if len(amounts) > _MOST_POINTS:
            raise AmountError(f"{text} is more than {_MOST_POINTS} budgets: take fewer or larger steps")
    return tuple(amounts.values())


def _range(text: str) -> list[Amount]:
    found = _RANGE.fullmatch(text)
    if found is None:
        raise AmountError(f"{text!r} is no range: write 1%..100%, 1%..100%/20 (how many) or 10%..50%+5% (a step)")
    if not found["low"].strip() or not found["high"].strip():
        raise AmountError(f"{text} has one end only: write both, as 1%..100%")
    low, high = parse_amount(found["low"]), parse_amount(found["high"])
    if low.relative != high.relative:
        raise AmountError(f"{text}: write both ends as shares, or both as numbers of parameters")
    if low.value == high.value:
        raise AmountError(f"{text} is one budget and no range: write {low.text}, or a larger end")
    if low.value > high.value:
        raise AmountError(f"{text} goes from {low.text} down to {high.text}: put the smaller end first")
    if found["how"] == "+":
        return _equal_steps(low, high, _step(found["steps"], text), text)
    count = _POINTS if found["how"] is None else _count(found["steps"], text)
    return [low, *(_between(low, high, k, count) for k in range(1, count - 1)), high]


def _count(text: str, whole: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text.strip()) or not 2 <= int(text) <= _MOST_POINTS:
        raise AmountError(f"{whole}: the number of budgets is a whole number from 2 to {_MOST_POINTS}")
    return int(text)


def _step(text: str, whole: str) -> Amount:
    try:
        return parse_amount(text)
    except AmountError as error:
        raise AmountError(f"{whole}: a step is an amount above zero, as in 10%..50%+5%") from error


def _equal_steps(low: Amount, high: Amount, step: Amount, whole: str) -> list[Amount]:
    if step.relative != low.relative:
        raise AmountError(f"{whole}: write the step as the ends are written, both as shares or both as numbers")
    count = int((high.value - low.value) / step.value)
    if count >= _MOST_POINTS:
        raise AmountError(f"{whole} is more than {_MOST_POINTS} budgets: take larger steps")
    values = [low.value + k * step.value for k in range(count + 1)]
    return [_made(value, relative=low.relative) for value in values] + ([high] if values[-1] < high.value else [])


def _between(low: Amount, high: Amount, index: int, count: int) -> Amount:
    """A point of a geometric range, rounded to three significant digits, so that a table of them can be read."""
    value = float(low.value) * (float(high.value) / float(low.value)) ** (index / (count - 1))
    rounded = Fraction(Decimal(f"{value:.2e}"))
    return _made(rounded if low.relative else Fraction(max(1, int(rounded))), relative=low.relative)


def _made(value: Fraction, *, relative: bool) -> Amount:
    return Amount(value, f"{float(value):.6g}%" if relative else compact(int(value)), relative=relative)


def compact(number: int) -> str:
    """A number in at most four significant digits and a unit: 36.5M, 500k, 12."""
    size, unit = next(((size, unit) for unit, size in reversed(_UNITS.items()) if abs(number) >= size), (1, ""))
    return f"{number / size:.4g}{unit}"


def percent(share: float) -> str:
    """A share as a percentage in three significant digits: 0.5%, 12.3%, 1,500%."""
    return f"{100 * share:.3g}%" if share < 9.995 else f"{100 * share:,.0f}%"


def round_step(budget: int) -> int:
    """A round number of parameters to try more or fewer of: a million, or about a tenth of small budgets."""
    digits = len(str(budget))
    if budget >= 10**7:
        return int(10 ** max(6, digits - 4))
    power = int(10 ** max(0, digits - 2))
    return max(1, round(budget / 10 / power)) * power
