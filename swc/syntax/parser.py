"""The parser: text to syntax tree, with one clear diagnostic for each broken top-level item."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from math import ceil, floor
from typing import Any

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from swc.diagnostics import Diagnostics, Related, Source, Span, SpecError
from swc.resources import grammar_text
from swc.syntax.advice import NUMBERS, about_character, about_token
from swc.syntax.build import Builder
from swc.syntax.characters import named, without_hidden
from swc.syntax.division import about_comment
from swc.syntax.limits import LARGEST_NUMBER, check_limits
from swc.syntax.numbers import LONGEST, SCALES, exact, is_number
from swc.syntax.sections import Section, section_at, unclosed
from swc.syntax.slips import about_slip
from swc.syntax.tree import File
from swc.syntax.trivia import trivia_of
from swc.syntax.wording import expected_words, join_or

LANGUAGE_VERSION = 1

_VERSION = re.compile(r"(?:[ \t\r\n]|//[^\n]*\n)*sw[ \t]+0*([0-9]+)\b")
_NO_VERSION = re.compile(
    r"(?:[ \t\r\n]|//[^\n]*\n)*((?i:sw)\b(?:\s+[0-9]\S*|[ \t]+(?!(?:use|block|arch|family)\b|//)\S+)?)"
)
_ITEM = re.compile(r"^[ \t]*(?:use|block|arch|family)\b", re.MULTILINE)
_ITEM_TERMINALS = frozenset({"_USE", "_BLOCK", "_ARCH", "_FAMILY"})
_SECTION_TERMINALS = frozenset({"_INPUT", "_OUTPUT", "_BUDGET", "_MEMBER", "_MOVED", "_SHARE", "_TRAIN"})
_INNER = frozenset({Section.SHARE, Section.TRAIN})
_MALFORMED_NUMBER = re.compile(r"[0-9](?:[0-9A-Za-z_]|\.(?!\.))*|\.[0-9][0-9A-Za-z_]*")


@cache
def _lark() -> Lark:
    return Lark(grammar_text(), start="file", parser="lalr", propagate_positions=True, maybe_placeholders=True)


def parse(source: Source) -> File:
    """Parse a file.

    Raises:
        SpecError: with a diagnostic for each top-level item that does not parse (codes SW01xx).
    """
    diagnostics = Diagnostics()
    text = without_hidden(source, diagnostics)
    if text is None:
        raise SpecError(diagnostics.found)
    tree = _parse_items(source, text, diagnostics) if _check_version(source, text, diagnostics) else None
    diagnostics.raise_errors()
    if tree is None:
        raise AssertionError("a failed parse reports an error")
    check_limits(source, tree, diagnostics)
    diagnostics.raise_errors()
    return Builder(source, trivia_of(source)).transform(tree)


def _check_version(source: Source, text: str, diagnostics: Diagnostics) -> bool:
    """Report a version that is missing or not this one; False if the rest may be in another language."""
    match = _VERSION.match(text)
    if match is None:
        end = text.find("\n")
        first = Span(source, 0, min(len(text), max(1, end if end >= 0 else len(text))))
        diagnostics.error(
            "SW0101",
            "the file does not say which version of the language it is written in",
            first,
            label="expected `sw 1` before this",
            help="write `sw 1` as the first line",
        )
    elif match[1] != str(LANGUAGE_VERSION):
        diagnostics.error(
            "SW0102",
            f"this swc knows version {LANGUAGE_VERSION} of the language, and the file is in version {match[1][:20]}",
            Span(source, match.start(1), match.end(1)),
            label=f"expected {LANGUAGE_VERSION}",
            help="use a release of swc that knows this version, or port the spec and change its first line",
        )
        return False
    return True


def _parse_items(source: Source, text: str, diagnostics: Diagnostics) -> Tree[Any] | None:
    """Parse all; after an error go on at the next top-level item, with what came before blanked out."""
    started = _NO_VERSION.match(text) if _VERSION.match(text) is None else None
    if started:
        text = text[: started.start(1)] + " " * len(started[1]) + text[started.end(1) :]
    begun = -1
    while True:
        try:
            tree = _tree(text)
        except UnexpectedInput as error:
            _report(source, error, diagnostics)
            place = len(text) if error.pos_in_stream is None else error.pos_in_stream
            match = _ITEM.search(text, max(place, begun) + 1)
            if match is None:
                return None
            begun = match.start()  # wherever the error is, the rest gets shorter each time
            version = _VERSION.match(text)
            kept = version.end() if version else 0
            blanked = re.sub(r"[^\n]", " ", text[kept : match.start()])
            text = text[:kept] + blanked + text[match.start() :]
        else:
            return tree


def _tree(text: str) -> Tree[Any]:
    """Parse a text; one that does not begin with its version, which is reported already, as if it did."""
    if _VERSION.match(text):
        return _lark().parse(text)
    parser = _lark().parse_interactive(text)
    parser.feed_token(Token("_SW", "sw"))
    parser.feed_token(Token("INT", str(LANGUAGE_VERSION)))
    tree: Tree[Any] = parser.resume_parse()  # type: ignore[no-untyped-call]  # lark has no annotation here
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
    number = _number_around(source.text, offset)
    slip = about_slip(source.text, offset)
    if number is not None:
        # A number of the language is refused where the lexer reads a whole one and stumbles over the rest.
        found = Span(source, *number)
        if is_number(found.text):
            _report_fraction(found, diagnostics)
        else:
            _report_number(found, slip, diagnostics)
        return
    span = Span(source, offset, offset + 1)
    shown = f"`{character}`" if character.isascii() else f"`{character}` ({named(character)})"
    diagnostics.error(
        "SW0103",
        f"the language has no use for {shown} here",
        span,
        label="unexpected character",
        help=slip or about_character(character),
    )


def _number_around(text: str, offset: int) -> tuple[int, int] | None:
    """Where the malformed number around an offset begins and ends, or None when there is none."""
    start = offset
    while start > 0 and re.match(r"[0-9A-Za-z_.]", text[start - 1]) and text[start - 2 : start] != "..":
        start -= 1
    match = _MALFORMED_NUMBER.match(text, start)
    return (start, match.end()) if match and match.end() > offset else None


def _report_number(span: Span, advice: str, diagnostics: Diagnostics) -> None:
    label = "not a number"
    near = next((text for text in (f"0{span.text}", f"{span.text}0") if is_number(text) and "." in span.text), None)
    advice = advice or (f"write `{near}`" if near else NUMBERS)
    if set(span.text) <= set("0123456789_."):
        label = "expected digits on both sides of the point" if "." in span.text else "expected digits around each `_`"
    diagnostics.error("SW0105", f"`{span.text}` is not a number", span, label=label, help=advice)


def _report_fraction(span: Span, diagnostics: Diagnostics) -> None:
    """A number of the language where only whole ones without a unit can stand."""
    value = exact(span.text) if len(span.text) <= LONGEST else Fraction(0)
    whole = value.denominator == 1
    near = [str(value)] if whole else [str(number) for number in (floor(value), ceil(value)) if number > 0]
    diagnostics.error(
        "SW0105",
        f"`{span.text}` is not {'written as ' if whole else ''}a whole number",
        span,
        label="expected a whole number",
        help=f"write {' or '.join(f'`{number}`' for number in near)}" if value < LARGEST_NUMBER else NUMBERS,
    )


def _report_token(source: Source, error: UnexpectedToken, diagnostics: Diagnostics) -> None:
    token: Token = error.token
    # What the parser would really accept now, not what the merged LALR state might.
    expected = set(error.accepts or error.expected or ())
    ended = token.type == "$END"
    offset = len(source.text) if ended else (token.start_pos or 0)
    previous = _previous_end(source, offset)
    missing = "\n" in source.text[previous:offset] and not {"RBRACE", "$END"} & expected
    slip = "" if ended else about_slip(source.text, previous if missing else offset)
    number = Span(source, offset, offset + len(token))
    whole = "FLOAT" not in expected or ("COUNT" not in expected and token[-1:] in SCALES)
    if "INT" in expected and whole and is_number(token):
        _report_fraction(number, diagnostics)
        return
    if token.type in {"PATTERN", "PATH"} and token[0].isdigit() and {"INT", "FLOAT", "COUNT"} & expected:
        _report_number(number, slip, diagnostics)
        return
    words = expected_words(expected)
    if ended or missing:
        start = max(0, min(previous, len(source.text) - 1))
        span = Span(source, start, start + 1)
        summary = "the file ends too early" if ended else f"something is missing before `{token}`"
    else:
        span = Span(source, offset, offset + max(1, len(token)))
        summary = f"`{token}` is not expected here"
    outer = _ITEM_TERMINALS | (_SECTION_TERMINALS if section_at(source.text, offset) in _INNER else frozenset())
    opened = unclosed(source, offset) if "RBRACE" in expected and (ended or token.type in outer) else None
    diagnostics.error(
        "SW0106",
        summary,
        span,
        label="expected `}`" if opened else f"expected {join_or(words)}" if words else "",
        related=(Related(opened, "opened here"),) if opened else (),
        help=about_comment(source.text, previous)
        or slip
        or ("" if ended else about_token(source.text, offset, str(token), token.type, expected)),
    )
