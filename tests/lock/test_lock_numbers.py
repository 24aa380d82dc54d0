"""Numbers that are none: refused before anything is written, and in files that were edited."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Swc = Callable[..., Result]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "2", "x"])
def test_a_threshold_that_is_no_cosine_leaves_the_lock_alone(swc: Swc, locked: Path, value: str) -> None:
    before = locked.read_bytes()
    for command in (("lock", "apply", "two.sw"), ("search", "two.sw", "--data", "digits")):
        result = swc(*command, "--threshold", value)
        assert result.exit_code == 2, result.output
    assert locked.read_bytes() == before


@pytest.mark.parametrize("value", ["nan", "inf", "0"])
def test_a_learning_rate_that_is_none_is_refused(swc: Swc, value: str) -> None:
    assert swc("train", "two.sw", "--data", "digits", "--lr", value).exit_code == 2


def test_what_is_no_number_at_all_is_called_that(swc: Swc) -> None:
    assert "'x' is no number" in swc("train", "two.sw", "--data", "digits", "--lr", "x").output


def test_epochs_below_one_in_an_edited_lock_are_damage(swc: Swc, locked: Path) -> None:
    locked.write_text(locked.read_text(encoding="utf-8").replace('"epochs": 1', '"epochs": -4'), encoding="utf-8")
    result = swc("compile", "two.sw", "-o", "out")
    assert result.exit_code == 1
    assert "SW0701" in result.output
    assert "`epochs` is below 1" in result.output
