"""In which section of a file a place is, as far as a text that does not parse tells."""

from __future__ import annotations

import re
from enum import StrEnum

from swc.diagnostics import Source, Span

_BRACES = re.compile(r'"[^"\n]*"|//[^\n]*|[{}]')
_OPENERS = re.compile(r"\b(family|share|train|block|arch|repeat)\b")


class Section(StrEnum):
    """What the innermost `{` that is still open belongs to."""

    FILE = "file"
    FAMILY = "family"
    SHARE = "share"
    TRAIN = "train"
    BODY = "body"


def section_at(text: str, offset: int) -> Section:
    """The section around an offset; braces that no word of the language opens do not count."""
    sections = [Section.FILE]
    since = 0
    for match in _BRACES.finditer(text, 0, offset):
        if match[0] == "{":
            words = _OPENERS.findall(re.sub(r"//[^\n]*", "", text[since : match.start()]))
            sections.append(_section(words[-1]) if words else sections[-1])
        elif match[0] == "}" and len(sections) > 1:
            sections.pop()
        if match[0] in "{}":
            since = match.end()
    return sections[-1]


def _section(word: str) -> Section:
    return Section(word) if word in {"family", "share", "train"} else Section.BODY


def unclosed(source: Source, offset: int) -> Span | None:
    """The innermost `{` before an offset that is not closed."""
    opened: list[int] = []
    for match in _BRACES.finditer(source.text, 0, offset):
        if match[0] == "{":
            opened.append(match.start())
        elif match[0] == "}" and opened:
            opened.pop()
    return Span(source, opened[-1], opened[-1] + 1) if opened else None
