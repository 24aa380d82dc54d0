"""The parser: text to syntax tree, with one clear diagnostic for each broken top-level item."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from swc.diagnostics import Diagnostics, Source, Span
from swc.diagnostics.names import near_names
from swc.resources import grammar_text
from swc.syntax.build import Builder
from swc.syntax.depth import check_depth
from swc.syntax.tree import File
from swc.syntax.trivia import trivia_of
from swc.syntax.wording import expected_words, join_or, keyword

LANGUAGE_VERSION = 1

_VERSION = re.compile(r"(?:\s|//[^\n]*)*sw[ \t]+([0-9]+)\b")
_ITEM = re.compile(r"^[ \t]*(?:use|block|arch|family)\b", re.MULTILINE)


@cache
def _lark() -> Lark:
    return Lark(grammar_text(), start="file", parser="lalr", propagate_positions=True, maybe_placeholders=True)


def parse(source: Source) -> File:
    """Parse a file.

    Raises:
        SpecError: with a diagnostic for each top-level item that does not parse (codes SW01xx).
    """
    diagnostics = Diagnostics()
    _check_version(source, diagnostics)
    diagnostics.raise_errors()
    tree = _parse_items(source, diagnostics)
    diagnostics.raise_errors()
    if tree is None:
        raise AssertionError("a failed parse reports an error")
    check_depth(source, tree, diagnostics)
    diagnostics.raise_errors()
    return Builder(source, trivia_of(source)).transform(tree)


def _check_version(source: Source, diagnostics: Diagnostics) -> None:
    match = _VERSION.match(source.text)
    if match is None:
        end = source.text.find("\n")
        first = Span(source, 0, max(1, end if end >= 0 else len(source.text)))
        diagnostics.error(
            "SW0101",
            "the file does not say which version of the language it is written in",
            first,
            label="expected `sw 1` before this",
            help="write `sw 1` as the first line",
        )
    elif int(match[1]) != LANGUAGE_VERSION:
        diagnostics.error(
            "SW0102",
            f"this swc knows version {LANGUAGE_VERSION} of the language, and the file is written in version {match[1]}",
            Span(source, match.start(1), match.end(1)),
            label=f"expected {LANGUAGE_VERSION}",
            help="use a release of swc that knows this version, or port the spec and change its first line",
        )


def _parse_items(source: Source, diagnostics: Diagnostics) -> Tree[Any] | None:
    """Parse all; after an error go on at the next top-level item, with what came before blanked out."""
    text = source.text
    tree = None
    while True:
        try:
            tree = _lark().parse(text)
        except UnexpectedInput as error:
            _report(source, error, diagnostics)
            place = len(text) if error.pos_in_stream is None else error.pos_in_stream
            match = _ITEM.search(text, place + 1)
            if match is None:
                return None
            version = _VERSION.match(text)
            kept = version.end() if version else 0
            blanked = re.sub(r"[^\n]", " ", text[kept : match.start()])
            text = text[:kept] + blanked + text[match.start() :]
        else:
            return tree


def _previous_end(source: Source, offset: int) -> int:
    """Where the last word before an offset ends, comments skipped."""
    text = source.text[:offset]
    while True:
        text = text.rstrip()
        start = text.rfind("\n") + 1
        comment = text.find("//", start)
        if comment < 0:
            return len(text)
        text = text[:comment]


def _report(source: Source, error: UnexpectedInput, diagnostics: Diagnostics) -> None:
    if isinstance(error, UnexpectedCharacters):
        _report_characters(source, error.pos_in_stream or 0, diagnostics)
    elif isinstance(error, UnexpectedToken):
        _report_token(source, error, diagnostics)
    else:
        raise error


def _report_characters(source: Source, offset: int, diagnostics: Diagnostics) -> None:
    character = source.text[offset]
    if character == '"':
        end = source.text.find("\n", offset)
        span = Span(source, offset, len(source.text) if end < 0 else end)
        diagnostics.error("SW0104", "this text has no closing quote", span, label='expected `"` before the line ends')
        return
    word = re.compile(r"[0-9A-Za-z_.]+|.", re.DOTALL).match(source.text, offset)
    span = Span(source, offset, word.end() if word else offset + 1)
    if span.text[0].isdigit():
        diagnostics.error(
            "SW0105",
            f"`{span.text}` is not a number",
            span,
            label="not a number",
            help="write numbers as `128`, `1_000_000`, `0.5` or `5e-4`; a budget may end in k, M or G, as `36.5M`",
        )
        return
    shown = repr(character) if not character.isprintable() else f"`{character}`"
    diagnostics.error("SW0103", f"the language has no use for {shown} here", span, label="unexpected character")


def _report_token(source: Source, error: UnexpectedToken, diagnostics: Diagnostics) -> None:
    token: Token = error.token
    # What the parser would really accept now, not what the merged LALR state might.
    expected = set(error.accepts or error.expected or ())
    ended = token.type == "$END"
    offset = len(source.text) if ended else (token.start_pos or 0)
    previous = _previous_end(source, offset)
    words = expected_words(expected)
    wanted = f"expected {join_or(words)}" if words else ""
    found = "the file ends" if ended else f"`{token}`"
    on_new_line = "\n" in source.text[previous:offset]
    missing_here = ended or (on_new_line and "RBRACE" not in expected)
    if missing_here:
        start = max(0, min(previous, len(source.text) - 1))
        span = Span(source, start, start + 1)
        summary = f"something is missing before {found}" if not ended else "the file ends too early"
    else:
        span = Span(source, offset, offset + max(1, len(token)))
        summary = f"{found} is not expected here"
    words_near = near_names(str(token), [k for x in expected if (k := keyword(x))]) if not ended else []
    reserved = keyword(token.type) is not None and "NAME" in expected
    help_text = f"write `{words_near[0]}`" if words_near else ""
    if reserved and not missing_here:
        help_text = help_text or f"`{token}` is a word of the language and cannot be a name; choose another"
    if token.type == "EQUAL" and "COMPARE" in (error.expected or ()):
        help_text = "write `==` to compare"
    diagnostics.error("SW0106", summary, span, label=wanted, help=help_text)
