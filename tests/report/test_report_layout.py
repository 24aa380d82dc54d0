"""Tables fit the terminal without a number or a word cut."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_families import many_shapes
from rich.console import Console
from rich.text import Text

from swc.report.layout import shrunk, table, titled

ROOT = Path(__file__).resolve().parents[2]


def _printed(width: int, *rows: tuple[str, ...]) -> list[str]:
    made = table("name of it", "a number", "words")
    for row in rows:
        made.add_row(*row)
    console = Console(width=width, no_color=True, highlight=False)
    with console.capture() as capture:
        console.print(titled("Title", made), crop=False)
    return capture.get().splitlines()


@pytest.mark.parametrize("width", [10, 20, 30, 80])
def test_words_and_numbers_stay_whole_at_any_width(width: int) -> None:
    text = " ".join(_printed(width, ("name", "1,234,567,890", "some words more"), ("x", "1", "█████████")))
    for word in ("1,234,567,890", "number", "words", "█████████"):
        assert word in text.split()


def test_a_table_uses_no_more_than_the_terminal_has() -> None:
    row = ("a name", "1,234,567,890", "some words that go on for longer than there is room")
    for width in range(32, 90):
        assert max(map(len, _printed(width, row))) <= width


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=6), st.integers(0, 200))
def test_the_widest_columns_give_way_first(pairs: list[tuple[int, int]], room: int) -> None:
    least, most = [min(pair) for pair in pairs], [max(pair) for pair in pairs]
    widths = shrunk(least, most, room)
    assert all(low <= width <= high for low, width, high in zip(least, widths, most, strict=True))
    assert sum(widths) <= room or widths == least
    for first, low in zip(widths, least, strict=True):
        for second, high in zip(widths, most, strict=True):
            if second < high and first > low:
                assert first <= second


def test_markup_in_names_is_shown_as_it_is() -> None:
    made = table("a")
    made.add_row(Text("[1, 5]"))
    console = Console(width=40, no_color=True)
    with console.capture() as capture:
        console.print(titled("T", made), crop=False)
    assert "[1, 5]" in capture.get()


@pytest.mark.parametrize("options", [[], ["--sweep", "5%..100%/4"], ["--superweights"], ["--explain", "*"]])
@pytest.mark.parametrize("spec", ["wrn_hetero", "many"])
def test_numbers_are_whole_on_a_terminal_of_80_columns(tmp_path: Path, spec: str, options: list[str]) -> None:
    """As in a wide file: the same numbers, in lines that fit (those of SuperWeights may be a little longer)."""
    path = ROOT / "specs" / f"{spec}.sw"
    if spec == "many":
        path = tmp_path / "many.sw"
        path.write_text(many_shapes("clusters depth"), encoding="utf-8")
    command = [sys.executable, "-m", "swc", "plan", "--no-lock", str(path), *options]
    piped = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    shown = _on_terminal(command, 80)
    numbers = re.compile(r"(?<![\w.,×@:])\d[\d,]*\.?\d*[%kMG]?(?![\w×@:])")
    assert sorted(numbers.findall(shown)) == sorted(numbers.findall(piped))
    assert "…" not in re.sub(r", …", "", shown)
    longest = max(map(len, shown.splitlines()))
    assert longest <= (100 if "--superweights" in options else 80)


def _on_terminal(command: list[str], columns: int) -> str:
    """What a command writes to a terminal without colours."""
    main, side = pty.openpty()
    termios.tcsetwinsize(side, (50, columns))
    environment = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "LINES"}}
    process = subprocess.Popen(
        command, stdout=side, stderr=subprocess.DEVNULL, env={**environment, "NO_COLOR": "1", "TERM": "xterm"}
    )
    os.close(side)
    found = b""
    while True:
        try:
            chunk = os.read(main, 65536)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        found += chunk
    os.close(main)
    assert process.wait() == 0
    return found.decode().replace("\r\n", "\n")
