"""Comments and blank lines: no meaning for the compiler, everything to the people who read the spec."""

from __future__ import annotations

import re

from swc.blanks import BLANKS
from swc.diagnostics import Source, Span
from swc.syntax.tree import BlankLines, Comment

_COMMENT_OR_TEXT = re.compile(r'"[^"\n]*"|//[^\n]*')
_BLANK = re.compile(r"^(?:[ \t\r]*\n)+", re.MULTILINE)


def trivia_of(source: Source) -> tuple[Comment | BlankLines, ...]:
    """All comments and runs of blank lines of a source, in the order of the text."""
    text = source.text
    found: list[Comment | BlankLines] = []
    for match in _COMMENT_OR_TEXT.finditer(text):
        if match[0].startswith("//"):
            line_start = text.rfind("\n", 0, match.start()) + 1
            own_line = not text[line_start : match.start()].strip(BLANKS)
            content = match[0].rstrip(BLANKS)
            span = Span(source, match.start(), match.start() + len(content))
            found.append(Comment(content, own_line, span=span))
    found.extend(
        BlankLines(match[0].count("\n"), span=Span(source, match.start(), match.end()))
        for match in _BLANK.finditer(text)
    )
    return tuple(sorted(found, key=lambda x: x.span.start))
