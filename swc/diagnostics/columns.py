"""Text on a terminal: how wide it is, and nothing in it that a terminal would obey."""

from __future__ import annotations

from unicodedata import category, combining, east_asian_width

from attrs import frozen

from swc.blanks import on_one_line

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
    """A line as shown: character i as ``parts[i]``, from column ``columns[i]``; one column more ends the line."""

    parts: tuple[str, ...]
    columns: tuple[int, ...]

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(self.parts)


def laid_out(text: str) -> Line:
    """Lay out a line: tabs expanded, control characters escaped, wide characters counted as two columns."""
    parts: list[str] = []
    columns = [0]
    for character in text:
        parts.append(_shown(character, columns[-1]))
        columns.append(columns[-1] + _width(parts[-1]))
    return Line(tuple(parts), tuple(columns))


def cropped(text: str, start: int, end: int, room: int) -> tuple[str, int, int]:
    """Part of a line that fits into ``room`` columns and shows characters ``start`` to ``end``, or as many as it can.

    Returns:
        The part, and the columns in it where those characters begin and end.
    """
    line = laid_out(text)
    columns = line.columns
    start, end = min(start, len(text)), min(end, len(text))
    if columns[-1] <= room:
        return line.text, columns[start], columns[end]
    inside = room - 2  # an ellipsis on either side
    margin = max(0, inside - (columns[end] - columns[start])) // 2
    low = start
    while low > 0 and (columns[start] - columns[low - 1] <= margin or columns[-1] - columns[low - 1] <= inside):
        low -= 1
    high = low
    while high < len(text) and columns[high + 1] - columns[low] <= inside:
        high += 1
    head, tail = "…" * (low > 0), "…" * (high < len(text))
    shift = columns[low] - len(head)
    return head + "".join(line.parts[low:high]) + tail, columns[start] - shift, min(columns[end], columns[high]) - shift


def one_line(text: str) -> str:
    """A message on one line, control characters escaped."""
    return laid_out(on_one_line(text)).text
