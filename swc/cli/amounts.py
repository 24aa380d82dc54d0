"""Command-line options whose values are amounts of parameters."""

from __future__ import annotations

import click

from swc.report.amounts import Amount, AmountError, parse_amount, parse_sweep


class _AmountType(click.ParamType[Amount]):
    """``36.5M``, ``500k``, ``10%`` or a plain number."""

    name = "amount"

    def convert(self, value: str | Amount, param: click.Parameter | None, ctx: click.Context | None) -> Amount:
        """Read the amount, or end with a usage error."""
        if isinstance(value, Amount):
            return value
        try:
            return parse_amount(value)
        except AmountError as error:
            self.fail(str(error), param, ctx)


class _BudgetsType(click.ParamType[tuple[Amount, ...]]):
    """Amounts and ranges of them, separated by commas."""

    name = "budgets"

    def convert(
        self, value: str | tuple[Amount, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Amount, ...]:
        """Read the amounts, or end with a usage error."""
        if isinstance(value, tuple):
            return value
        try:
            return parse_sweep(value)
        except AmountError as error:
            self.fail(str(error), param, ctx)


AMOUNT = _AmountType()
BUDGETS = _BudgetsType()
