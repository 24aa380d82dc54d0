"""Diagnostics for people (text, with the source underlined) and for programs (JSON)."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen

from swc.blanks import lines
from swc.diagnostics.columns import cropped, one_line
from swc.diagnostics.diagnostic import Diagnostic, Severity
from swc.diagnostics.source import Span

JSON_FORMAT_VERSION = 1
_LONGEST_SPAN = 4  # lines shown of a span over several lines, before its middle is left out
_COLORS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.NOTE: "1;36"}
_BLUE, _BOLD, _GREEN = "1;34", "1", "1;32"


def ordered(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics by file and position; those without a place come first."""

    def key(diagnostic: Diagnostic) -> tuple[str, int, str]:
        span = diagnostic.primary
        return ("", 0, diagnostic.code) if span is None else (span.source.name, span.start, diagnostic.code)

    return sorted(diagnostics, key=key)


def render_text(diagnostics: Iterable[Diagnostic], *, color: bool = False, width: int = 100) -> str:
    """Show diagnostics to a person: each with its place, the source underlined, related places and help.

    Args:
        diagnostics: what to show, in any order.
        color: whether to use ANSI colours.
        width: columns of the terminal; at least 40 are used.

    Returns:
        The text without a final new line; empty when there is nothing to show.
    """
    painter = _Painter(color, max(40, width))
    return "\n\n".join("\n".join(painter.diagnostic(d)) for d in ordered(diagnostics))


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Diagnostics as JSON (docs/diagnostics.md gives the shape), by file and position."""
    content = {"format_version": JSON_FORMAT_VERSION, "diagnostics": [_json(d) for d in ordered(diagnostics)]}
    return json.dumps(content, indent=2, ensure_ascii=False)


def _json(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "summary": diagnostic.summary,
        "place": None if diagnostic.primary is None else _json_span(diagnostic.primary),
        "label": diagnostic.label,
        "detail": diagnostic.detail,
        "related": [{"place": _json_span(r.span), "label": r.label} for r in diagnostic.related],
        "help": diagnostic.help,
        "fix": diagnostic.fix,
    }


def _json_span(span: Span) -> dict[str, Any]:
    places = {}
    for name, offset in (("start", span.start), ("end", span.end)):
        line, column = span.source.position(offset)
        places[name] = {"line": line, "column": column, "offset": offset}
    return {"file": span.source.name, **places}


@frozen
class _Note:
    """An underline: characters ``start`` to ``end`` of a line, and the words beside it."""

    line: int
    start: int
    end: int
    label: str
    primary: bool


@frozen
class _Painter:
    color: bool
    width: int

    def _paint(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.color and text else text

    def diagnostic(self, diagnostic: Diagnostic) -> Iterator[str]:
        """The lines of one diagnostic."""
        style = _COLORS[diagnostic.severity]
        head = self._paint(f"{diagnostic.severity}[{diagnostic.code}]", style)
        yield head + self._paint(f": {one_line(diagnostic.summary)}", _BOLD)
        spans = [] if diagnostic.primary is None else [(diagnostic.primary, diagnostic.label, True)]
        spans += [(r.span, r.label, False) for r in diagnostic.related]
        gutter = max((len(str(_last_line(span))) for span, _, _ in spans), default=0)
        edge = " " * gutter + " " + self._paint("|", _BLUE)
        for number, name in enumerate(dict.fromkeys(span.source.name for span, _, _ in spans)):
            here = [x for x in spans if x[0].source.name == name]
            arrow = "-->" if number == 0 else ":::"
            yield " " * gutter + self._paint(arrow, _BLUE) + f" {one_line(str(here[0][0]))}"
            yield edge
            yield from self._snippet(here, gutter, style)
        if spans and (diagnostic.detail or diagnostic.help):
            yield edge
        yield from self._paragraph("", diagnostic.detail, gutter, "")
        yield from self._paragraph("help: ", diagnostic.help, gutter, _GREEN)

    def _paragraph(self, head: str, text: str, gutter: int, style: str) -> Iterator[str]:
        if not text:
            return
        indent = " " * (gutter + 1) if gutter else "  "
        mark = self._paint("= ", _BLUE) if gutter else ""
        room = self.width - len(indent) - 2 - len(head)
        first = indent + mark + self._paint(head, style)
        for line in _wrapped(text, room):
            yield (first + line).rstrip()
            first = indent + "  " * bool(gutter) + " " * len(head)

    def _snippet(self, spans: list[tuple[Span, str, bool]], gutter: int, style: str) -> Iterator[str]:
        """The lines of one source that the spans touch, each underline below its line."""
        source = spans[0][0].source
        notes = sorted(
            (note for span, label, primary in spans for note in _notes(span, label, primary=primary)),
            key=lambda n: (n.line, not n.primary, n.start),
        )
        edge = " " * gutter + " " + self._paint("|", _BLUE)
        previous = 0
        for line in dict.fromkeys(note.line for note in notes):
            if previous and line > previous + 1:
                yield self._paint("...", _BLUE)
            previous = line
            text = source.line_text(line)
            here = [n for n in notes if n.line == line]
            room = self.width - gutter - 3
            shown, _, _ = cropped(text, here[0].start, here[0].end, room)
            yield self._paint(f"{line:>{gutter}} |", _BLUE) + (f" {shown}" if shown else "")
            for note in here:
                own, first, last = cropped(text, note.start, note.end, room)
                if own != shown:  # this part of a long line is not in view: show it for itself
                    shown = own
                    yield self._paint(f"{line:>{gutter}} |", _BLUE) + f" {shown}"
                mark = ("^" if note.primary else "-") * max(1, last - first)
                label = f" {one_line(note.label)}" if note.label else ""
                yield f"{edge} {' ' * first}" + self._paint(mark + label, style if note.primary else _BLUE)


def _wrapped(text: str, room: int) -> Iterator[str]:
    """Lines of at most ``room`` columns; those of the text stay apart and keep their indentation."""
    for line in lines(text):
        indent = " " * (len(line) - len(line.lstrip(" ")))
        yield from textwrap.wrap(
            one_line(line),
            room,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )


def _last_line(span: Span) -> int:
    return span.source.position(max(span.start, span.end - 1))[0]


def _notes(span: Span, label: str, *, primary: bool) -> Iterator[_Note]:
    """The underlines of a span, one a line; the label stands beside the last."""
    first, last = span.line, _last_line(span)
    lines = range(first, last + 1)
    for line in [first, first + 1, last] if len(lines) > _LONGEST_SPAN else lines:
        text = span.source.line_text(line)
        start = span.column - 1 if line == first else len(text) - len(text.lstrip())
        end = span.source.position(span.end)[1] - 1 if line == last and _ends_on(span, line) else len(text.rstrip())
        if line not in {first, last} and start >= end:
            continue
        yield _Note(line, start, max(end, start + 1), label if line == last else "", primary)


def _ends_on(span: Span, line: int) -> bool:
    return span.source.position(span.end)[0] == line
