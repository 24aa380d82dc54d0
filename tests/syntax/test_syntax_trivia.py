"""Comments and blank lines are part of the tree."""

from swc.diagnostics import Source
from swc.syntax import parse
from swc.syntax.tree import BlankLines, Comment

TEXT = """// first
sw 1  // the version


block b() {  // opens
    // inside
    require true, "no // comment here"  // a real one
    return x
}
//last"""


def test_comments_keep_their_text_and_place() -> None:
    file = parse(Source("t.sw", TEXT))
    comments = [c for c in file.trivia if isinstance(c, Comment)]
    assert [(c.text, c.own_line, c.span.line) for c in comments] == [
        ("// first", True, 1),
        ("// the version", False, 2),
        ("// opens", False, 5),
        ("// inside", True, 6),
        ("// a real one", False, 7),
        ("//last", True, 10),
    ]
    assert all(c.span.text == c.text for c in comments)


def test_blank_lines_are_counted_in_runs() -> None:
    file = parse(Source("t.sw", "\n \nsw 1\n\n\t\n\nblock b() {\n\n return x }\n\n"))
    blanks = [b for b in file.trivia if isinstance(b, BlankLines)]
    assert [(b.count, b.span.line) for b in blanks] == [(2, 1), (3, 4), (1, 8), (1, 10)]


def test_windows_line_endings_change_nothing() -> None:
    unix, windows = parse(Source("t.sw", TEXT)), parse(Source("t.sw", TEXT.replace("\n", "\r\n")))
    assert windows.items == unix.items
    assert windows.trivia == unix.trivia


def test_a_comment_does_not_end_the_version_line_or_a_statement() -> None:
    assert parse(Source("t.sw", "sw 1// glued\n")).version == 1
    file = parse(Source("t.sw", 'sw 1 block b() { y = // {"\n x return y }'))
    assert len(file.items) == 1
