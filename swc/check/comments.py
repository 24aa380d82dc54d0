"""Comments that were meant as code: `half = width // 2`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from swc.check.operations import Type
from swc.check.types import NUMBERS
from swc.diagnostics import Diagnostic, Diagnostics, Severity, Span
from swc.syntax import tree as t
from swc.syntax.division import Values, reads_as_division


def check_comments(
    file: t.File, types: Iterable[tuple[Span, Mapping[str, Type | None]]], diagnostics: Diagnostics
) -> None:
    """Warn of comments in definitions and families that read as a division (SW0109).

    Args:
        file: whose comments to check.
        types: for each definition and family of the file, in the order of the text, its place and its values.
        diagnostics: receives the warnings.
    """
    text = file.source.text
    left = iter(types)
    span, known = next(left, (None, {}))
    for comment in file.trivia:
        if not isinstance(comment, t.Comment) or comment.own_line:
            continue
        while span is not None and span.end <= comment.span.start:
            span, known = next(left, (None, {}))
        if span is None or comment.span.start < span.start:
            continue
        before = text[text.rfind("\n", 0, comment.span.start) + 1 : comment.span.start]
        found = reads_as_division(before, comment.text, _values(known))
        if found is not None:
            _warn(comment, found.advice if known else "", diagnostics)


def _values(known: Mapping[str, Type | None]) -> Values:
    numbers = {name for name, kind in known.items() if kind in NUMBERS}
    return Values(numbers, {name for name, kind in known.items() if kind is Type.LIST})


def _shown(comment: str) -> str:
    """The part of a comment that reads as code."""
    return f"//{comment.removeprefix('//').partition('//')[0]}".rstrip()


def _warn(comment: t.Comment, division: str, diagnostics: Diagnostics) -> None:
    written = f"{division} to divide and round down" if division else "the number itself"
    diagnostics.add(
        Diagnostic(
            "SW0109",
            f"`{_shown(comment.text)}` is a comment, and reads as a division",
            comment.span,
            label="nothing is divided here",
            help=f"write {written}; if it is a comment, begin it with a word that is no value",
            severity=Severity.WARNING,
        )
    )
