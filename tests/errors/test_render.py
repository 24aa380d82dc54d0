"""How diagnostics look."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swc.diagnostics import Diagnostic, Related, Severity, Source, Span
from swc.diagnostics.columns import cropped, laid_out
from swc.diagnostics.render import render_json, render_text

SOURCE = Source(
    "a.sw",
    "sw 1\n\tone = 界 + width\nblock b(\n    w: int,\n    v: int,\n    u: int,\n    t: int,\n    s: int\n) {\n}\n",
)


def span(text: str, source: Source = SOURCE) -> Span:
    start = source.text.index(text)
    return Span(source, start, start + len(text))


def test_a_whole_diagnostic() -> None:
    source = Source("specs/a.sw", "sw 1\n\nfamily f {\n    budget 1M\n    // why\n    budget 2M\n}\n")
    place = source.text.rindex("budget")
    found = Diagnostic(
        "SW0322",
        "the section `budget` is given twice",
        Span(source, place, place + 6),
        label="again here",
        detail="first line\n  second line",
        related=(Related(span("budget", source), "first given here"),),
        help="keep one of the two",
    )
    assert render_text([found]) == (
        "error[SW0322]: the section `budget` is given twice\n"
        " --> specs/a.sw:6:5\n"
        "  |\n"
        "4 |     budget 1M\n"
        "  |     ------ first given here\n"
        "...\n"
        "6 |     budget 2M\n"
        "  |     ^^^^^^ again here\n"
        "  |\n"
        "  = first line\n"
        "      second line\n"
        "  = help: keep one of the two"
    )


def lines(found: Diagnostic, width: int = 100) -> list[str]:
    return render_text([found], width=width).splitlines()


def test_tabs_and_wide_characters_are_underlined_in_line() -> None:
    text = lines(Diagnostic("SW0001", "s", span("界"), label="here", related=(Related(span("width"), "there"),)))
    assert text[3:] == [
        "2 |     one = 界 + width",
        "  |           ^^ here",
        "  |                ----- there",
    ]


def test_combining_characters_take_no_column() -> None:
    source = Source("a.sw", "e\u0301\u0301 = y")
    assert lines(Diagnostic("SW0001", "s", span("y", source)))[-1] == "  |     ^"


def test_spans_over_several_lines_show_their_first_and_last() -> None:
    whole = span("block b(\n    w: int,\n    v: int,\n    u: int,\n    t: int,\n    s: int\n) {")
    assert lines(Diagnostic("SW0001", "s", whole, label="all of it"))[3:] == [
        "3 | block b(",
        "  | ^^^^^^^^",
        "4 |     w: int,",
        "  |     ^^^^^^^",
        "...",
        "9 | ) {",
        "  | ^^^ all of it",
    ]
    two = span("t: int,\n    s: int")
    assert lines(Diagnostic("SW0001", "s", two, label="both"))[3:] == [
        "7 |     t: int,",
        "  |     ^^^^^^^",
        "8 |     s: int",
        "  |     ^^^^^^ both",
    ]


def test_the_end_of_a_line_and_of_the_file_can_be_underlined() -> None:
    assert lines(Diagnostic("SW0001", "s", Span(SOURCE, 4, 5), label="x"))[3:] == ["1 | sw 1", "  |     ^ x"]
    end = len(SOURCE.text)
    assert lines(Diagnostic("SW0001", "s", Span(SOURCE, end - 1, end), label="x"))[3:] == ["10 | }", "   |  ^ x"]
    assert lines(Diagnostic("SW0001", "s", Span(Source("e.sw", ""), 0, 0)))[3:] == ["1 |", "  | ^"]


def test_other_files_have_places_of_their_own() -> None:
    other = Source("arch/b.sw", "sw 1\n\nblock c() { }\n")
    found = Diagnostic("SW0001", "s", span("one"), related=(Related(span("c()", other), "there"),))
    assert lines(found)[4:] == ["  |     ^^^", " ::: arch/b.sw:3:7", "  |", "3 | block c() { }", "  |       --- there"]


def test_nothing_reaches_the_terminal_that_it_would_obey() -> None:
    source = Source("a\x1b[2J.sw", "y = \x1b[31m\u202e x\r")
    found = Diagnostic("SW0001", "a \x1b]0;title\x07", Span(source, 4, 5), label="\x1b", help="\x9b1m", detail="\x1b")
    text = render_text([found])
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "\\u{1b}" in text


def test_long_lines_are_cut_around_the_place() -> None:
    source = Source("a.sw", "a" * 500 + " HERE " + "b" * 500)
    text = lines(Diagnostic("SW0001", "s", span("HERE", source), label="x"), width=60)
    assert max(map(len, text[:-1])) <= 60
    shown, mark = text[3], text[4]
    assert shown[mark.index("^") : mark.rindex("^") + 1] == "HERE"
    assert shown.startswith("1 | …")
    assert shown.endswith("…")


def test_colours_change_nothing_but_colours() -> None:
    found = Diagnostic(
        "SW0001", "s", span("one"), label="l", related=(Related(span("width"), "r"),), help="h", detail="d"
    )
    plain, colored = (render_text([found], color=c) for c in (False, True))
    assert "\x1b[" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain
    assert "\x1b[1;31merror[SW0001]\x1b[0m" in colored


def test_diagnostics_are_ordered_by_file_and_place() -> None:
    late, early = Diagnostic("SW0002", "late", span("width")), Diagnostic("SW0003", "early", span("one"))
    other = Diagnostic("SW0004", "other", Span(Source("0.sw", "abc"), 1, 2))
    nowhere = Diagnostic("SW0005", "nowhere", help="h", severity=Severity.NOTE)
    text = render_text([late, early, other, nowhere])
    assert re.findall(r"(?:error|note)\[(\w+)\]", text) == ["SW0005", "SW0004", "SW0003", "SW0002"]
    assert text.startswith("note[SW0005]: nowhere\n  help: h\n\nerror")


def test_no_diagnostics_no_text() -> None:
    assert render_text([]) == ""
    assert json.loads(render_json([])) == {"format_version": 1, "diagnostics": []}


def test_json_has_everything() -> None:
    found = Diagnostic(
        "SW0201",
        "no value `widht`",
        span("width"),
        label="unknown",
        detail="d",
        related=(Related(span("one"), "r"),),
        help="write `width`",
        fix="width",
        severity=Severity.WARNING,
    )
    assert json.loads(render_json([found]))["diagnostics"] == [
        {
            "code": "SW0201",
            "severity": "warning",
            "summary": "no value `widht`",
            "place": {
                "file": "a.sw",
                "start": {"line": 2, "column": 12, "offset": 16},
                "end": {"line": 2, "column": 17, "offset": 21},
            },
            "label": "unknown",
            "detail": "d",
            "related": [
                {
                    "place": {
                        "file": "a.sw",
                        "start": {"line": 2, "column": 2, "offset": 6},
                        "end": {"line": 2, "column": 5, "offset": 9},
                    },
                    "label": "r",
                }
            ],
            "help": "write `width`",
            "fix": "width",
        }
    ]


CHARACTERS = st.text(st.sampled_from("ab \t界é\u0301\x1b"), max_size=60)


@given(CHARACTERS, st.data())
def test_a_cut_line_fits_and_marks_the_same_characters(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    room = data.draw(st.integers(16, 40))
    shown, first, last = cropped(text, start, end, room)
    line = laid_out(shown)
    assert line.columns[-1] <= room
    assert 0 <= first <= last <= room
    full = laid_out(text)
    if full.columns[-1] <= room:
        assert (shown, first, last) == (full.text, full.columns[start], full.columns[end])


@pytest.mark.parametrize("width", [1, 40, 80, 300])
def test_help_is_wrapped_to_the_terminal(width: int) -> None:
    text = lines(Diagnostic("SW0001", "s", span("one"), help="word " * 60), width)
    assert max(map(len, text)) <= max(40, width)
    assert sum(line.count("word") for line in text) == 60
