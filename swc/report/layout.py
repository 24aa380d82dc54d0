"""Tables of the terminal, in the house style: no number and no word is ever cut or broken."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Column, Table
from rich.text import Text

_GAP = 2


@frozen
class Fitted:
    """A table as wide as the terminal lets it be: cells break between words, in the widest columns first.

    Where even that takes more room than there is, columns move closer, and then the lines are longer than the terminal:
    half of a number would be a wrong one.
    """

    made: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Set the widths, and leave the rest to the table."""
        columns = self.made.columns
        least = [max(map(_longest_word, _texts(column)), default=0) for column in columns]
        most = [max(map(_width, _texts(column)), default=0) for column in columns]
        gaps = len(columns) - 1
        gap = _GAP if sum(least) + _GAP * gaps <= options.max_width else 1
        widths = shrunk(least, most, options.max_width - gap * gaps)
        for column, width in zip(columns, widths, strict=True):
            column.width = width
        self.made.padding = (0, gap, 0, 0)
        self.made.width = sum(widths) + gap * gaps
        yield from console.render(self.made, options.update_width(self.made.width))


def table(*columns: str) -> Table:
    """An empty table in the house style: first column left, numbers to the right."""
    made = Table(pad_edge=False, box=None, padding=(0, _GAP, 0, 0))
    for i, column in enumerate(columns):
        made.add_column(column, justify="left" if i == 0 else "right", header_style="dim")
    return made


def titled(title: str, made: Table, note: str = "") -> Group:
    """A table under its title and, if there is one, over a note."""
    return Group(Text(title, style="bold"), Fitted(made), *([Text(note, style="dim")] if note else []))


def shrunk(least: Sequence[int], most: Sequence[int], room: int) -> list[int]:
    """Widths of columns between the least and the most they can use: the widest give way until all have room."""
    cap = max(most, default=0)
    while True:
        widths = [max(low, min(high, cap)) for low, high in zip(least, most, strict=True)]
        if sum(widths) <= room or widths == list(least):
            return widths
        cap -= 1


def _texts(column: Column) -> list[Text]:
    return [_text(cell) for cell in (column.header, *column.cells)]


def _text(cell: RenderableType) -> Text:
    return cell if isinstance(cell, Text) else Text.from_markup(str(cell))


def _width(text: Text) -> int:
    return max((line.cell_len for line in text.split()), default=0)


def _longest_word(text: Text) -> int:
    return max((Text(word).cell_len for word in text.plain.split()), default=0)
