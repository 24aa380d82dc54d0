"""What is white space, and what ends a line: in specs and in every text that swc takes apart.

Python's own notion (``str.split()``, ``str.splitlines()``) is wider: it takes no-break spaces, form feeds and some
twenty other characters for blanks, and ten for the end of a line. Where one part of a program goes by the one and
another by the other, they lose each other's place. So there is one rule: a line ends with a line feed, blanks are those
four, and ``swc.syntax.characters`` refuses whatever else looks like one before anything else reads a spec.
"""

from __future__ import annotations

import re

BLANKS = " \t\r\n"
"""All white space of the language; the grammar's terminal ``WHITESPACE`` says the same."""

LOOKALIKE_LINE_ENDS = frozenset("\v\f\x1c\x1d\x1e\x85\u2028\u2029")
"""What some programs show as the end of a line, while the text goes on for others."""


def lines(text: str) -> list[str]:
    """The lines of a text without their ends; a last line end begins no further line."""
    found = text.split("\n")
    return found[:-1] if found[-1] == "" else found


def on_one_line(text: str) -> str:
    """The words of a text with a single space between them."""
    return " ".join(word for word in text.translate(_SPACES).split(" ") if word)


def without_comments(text: str) -> str:
    """A part of a spec on one line, as messages quote it."""
    return on_one_line(re.sub(r"//[^\n]*", "", text))


_SPACES = dict.fromkeys(map(ord, BLANKS), " ")
