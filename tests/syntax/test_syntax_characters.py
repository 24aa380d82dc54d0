"""Blanks that are none: each is told by its name, wherever it stands, and no text keeps the parser for ever."""

import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unicodedata import category

import pytest

from swc.blanks import BLANKS, lines, on_one_line
from swc.diagnostics import Source, SpecError
from swc.diagnostics.render import render_text
from swc.resources import grammar_text
from swc.syntax import parse
from swc.syntax.characters import is_hidden, named
from swc.syntax.tree import Comment

PLACES = {
    "before the version": "@sw 1\nblock b() { return x }\n",
    "within the version": "sw@1\nblock b() { return x }\n",
    "after the version": "sw 1@\nblock b() { return x }\n",
    "before an item": "sw 1\n@block b() { return x }\n",
    "between items": "sw 1\nblock a() { return x }\n@\nblock b() { return x }\n",
    "between tokens": "sw 1\nblock b() { y =@relu(x) return y }\n",
    "before a statement": "sw 1\nblock b() {\n@y = relu(x)\nreturn y }\n",
    "in a list of arguments": "sw 1\nblock b() { return c: conv(x,@3, 3) }\n",
    "in a number": "sw 1\nblock b() { return c: conv(x, 1@6, 3) }\n",
    "in a name": "sw 1\nblock b() { wid@th = 3 return x }\n",
    "at the end": "sw 1\nblock b() { return x }@",
}
WHITE_SPACE = (
    *range(0x9, 0xE),
    0x20,
    0x85,
    0xA0,
    0x1680,
    *range(0x2000, 0x200B),
    0x2028,
    0x2029,
    0x202F,
    0x205F,
    0x3000,
)
"""Unicode's property White_Space (PropList.txt)."""
OTHERS = (
    *range(0x1C, 0x20),  # what Python calls white space besides
    0x0,
    0x7F,
    0xAD,
    0x34F,
    0x180E,
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2065),
    *range(0x2066, 0x206A),
    0x2800,
    0x3164,
    0xFE0F,
    0xFEFF,
    0xFFA0,
    0xE0020,
)
HIDDEN = [chr(code) for code in (*WHITE_SPACE, *OTHERS) if chr(code) not in BLANKS]


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail what takes longer."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def errors(text: str) -> SpecError:
    with at_most(10), pytest.raises(SpecError) as caught:
        parse(Source("t.sw", text))
    return caught.value


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("character", HIDDEN, ids=lambda c: f"{ord(c):04X}")
def test_what_hides_is_told_by_name_and_place(character: str, place: str) -> None:
    text = PLACES[place].replace("@", character)
    found = errors(text).diagnostics
    assert found[0].code == "SW0103"
    assert f"U+{ord(character):04X}" in found[0].summary
    assert found[0].primary is not None
    assert found[0].primary.start == text.index(character)
    if place not in {"in a number", "in a name"}:
        assert len(found) == 1, "nothing follows from it"
    shown = render_text(found)
    assert len(lines(shown)) >= 5, "every renderer counts the same lines"


ANYWHERE = [place for place in PLACES if place not in {"in a number", "in a name", "within the version"}]


@pytest.mark.parametrize("place", ANYWHERE)
@pytest.mark.parametrize("blank", BLANKS, ids=lambda c: f"{ord(c):04X}")
def test_ordinary_blanks_stand_anywhere_between_words(blank: str, place: str) -> None:
    with at_most(10):
        assert parse(Source("t.sw", PLACES[place].replace("@", blank))).version == 1


def test_the_lexer_has_the_same_blanks() -> None:
    match = re.search(r"^WHITESPACE: /\[(.*)\]\+/$", grammar_text(), re.MULTILINE)
    assert match is not None
    assert match[1].encode().decode("unicode_escape") == BLANKS


def test_every_character_of_unicode_that_python_takes_for_a_blank_is_refused() -> None:
    odd = [
        chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace() or category(chr(code)) in {"Cf", "Cc"}
    ]
    assert len(odd) > 200
    assert all(is_hidden(character) for character in odd if character not in BLANKS)
    assert not any(map(is_hidden, BLANKS + "aZ09_é界{}!~"))


def test_each_kind_is_told_once_with_its_places() -> None:
    found = errors("sw 1\n\u00a0block b() {\n\u00a0\u00a0y = relu(x)\n\u2003return y\n\u00a0}\n").diagnostics
    assert [(d.summary.split(",")[0], d.detail) for d in found] == [
        ("here is U+00A0 no-break space", "3 more of them, in lines 3, 5"),
        ("here is U+2003 em space", ""),
    ]


def test_other_errors_are_told_all_the_same() -> None:
    found = errors("\u00a0sw 1\nblock b() { return = }\n\u3000block c() { y y }\n").diagnostics
    assert [d.code for d in found] == ["SW0103", "SW0103", "SW0106", "SW0106"]


@pytest.mark.parametrize("character", ["\u00a0", "\u200d", "\ufe0f", "\u3000"])
def test_comments_and_texts_may_have_blanks_of_other_scripts(character: str) -> None:
    file = parse(Source("t.sw", f'sw 1 // a{character}b\nblock b() {{ require true, "a{character}b" return x }}\n'))
    assert [comment.text for comment in file.trivia if isinstance(comment, Comment)] == [f"// a{character}b"]


@pytest.mark.parametrize("character", "\v\f\x1c\x1d\x1e\x85\u2028\u2029\u202e\u2066")
@pytest.mark.parametrize("text", ["sw 1 // a@return x\n", 'sw 1\nblock b() { require true, "a@b" return x }'])
def test_what_seems_to_end_a_line_or_turns_it_is_refused_in_comments_and_texts_too(character: str, text: str) -> None:
    (found,) = errors(text.replace("@", character)).diagnostics
    assert found.code == "SW0103"
    assert named(character) in found.summary


@pytest.mark.parametrize(
    "text", ["@", "@@@\nblock", "sw 1\n@", "sw 1 @ block b() { return x } @ block", "@sw 1@\n@family@f@{"]
)
@pytest.mark.parametrize("character", ["\u00a0", "\f", "\u2028", "\u200b", "é", "$"])
def test_a_broken_text_ends(text: str, character: str) -> None:
    assert errors(text.replace("@", character)).diagnostics


def test_letters_of_other_scripts_are_told_by_name() -> None:
    (found,) = errors("sw 1\nblock b() { wid\u0442h = 3 return x }\n").diagnostics
    assert "cyrillic small letter te" in found.summary


def test_lines_and_words_go_by_the_same_rule() -> None:
    assert lines("a\u2028b\x85c\n\nd\n") == ["a\u2028b\x85c", "", "d"]
    assert on_one_line(" a\n\t b\u00a0c ") == "a b\u00a0c"
