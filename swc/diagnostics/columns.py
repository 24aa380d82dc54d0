"""Text on a terminal: how wide it is, and nothing in it that a terminal would obey."""

from __future__ import annotations

from unicodedata import category, combining, east_asian_width

from attrs import frozen

TAB = 4


def _shown(character: str, column: int) -> str:
    """What stands for a character: itself, spaces for a tab, an escape for what has no form of its own."""
    if character == "\t":
        return " " * (TAB - column % TAB)
    if category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}:
        return f"\\u{{{ord(character):x}}}"
    return character


def _width(text: str) -> int:
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


@frozen
class Line:
    """A line as shown. ``columns[i]`` is the display column where character i begins; one entry more ends the line."""

    text: str
    columns: tuple[int, ...]


def laid_out(text: str) -> Line:
    """Lay out a line: tabs expanded, control characters escaped, wide characters counted as two columns."""
    parts: list[str] = []
    columns = [0]
    for character in text:
        shown = _shown(character, columns[-1])
        parts.append(shown)
        columns.append(columns[-1] + _width(shown))
    return Line("".join(parts), tuple(columns))


def cropped(text: str, start: int, end: int, room: int) -> tuple[str, int, int]:
    """Part of a line that fits into ``room`` columns and shows as much of characters ``start`` to ``end`` as it can.

    Returns the part and the first and last-but-one display columns of those characters in it.
    """
    line = laid_out(text)
    first, last = line.columns[min(start, len(text))], line.columns[min(end, len(text))]
    if line.columns[-1] <= room:
        return line.text, first, last
    low = max(0, min(start, len(text)) - max(0, (room - min(last - first, room)) // 2))
    head = "…" if low else ""
    high = low
    while high < len(text) and line.columns[high + 1] - line.columns[low] <= room - 2:
        high += 1
    tail = "…" if high < len(text) else ""
    part = laid_out(text[low:high].expandtabs(TAB)).text if "\t" in text[low:high] else laid_out(text[low:high]).text
    shift = line.columns[low] - len(head)
    return head + part + tail, max(first - shift, 0), min(last - shift, room)


def one_line(text: str) -> str:
    """A message on one line, control characters escaped."""
    return laid_out(" ".join(text.split())).text
