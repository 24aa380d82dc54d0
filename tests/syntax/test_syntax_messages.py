"""What people read when a spec does not parse."""

import pytest

from swc.diagnostics import Diagnostic, Source, SpecError
from swc.syntax import parse

BODY = "sw 1\nblock b(w: int) {{\n    {}\n    return x\n}}\n"
FAMILY = "sw 1\nfamily f {{\n    {}\n}}\n"


def errors(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(SpecError) as caught:
        parse(Source("t.sw", text))
    return caught.value.diagnostics


def error(text: str) -> Diagnostic:
    (found,) = errors(text)
    return found


@pytest.mark.parametrize(
    ("line", "code", "underlined", "words"),
    [
        ("y = conv(x, 3", "SW0106", "\n", "expected `)` or `,`"),
        ("y =  // nothing", "SW0106", " ", "expected a value"),
        ("y == 3", "SW0106", "==", "a single `=`"),
        ("y += 3", "SW0106", "+", "write `y = y + ...`"),
        ("if w then x else x", "SW0106", "if", "`if` makes a value"),
        ("y = if w = 3 then 1 else 2", "SW0106", "=", "write `==` to compare"),
        ("y = a < b < c", "SW0106", "<", "join the comparisons with `and`"),
        ("conv1: conv(x, 3, 3)", "SW0106", ":", "assign what it computes"),
        ("y = conv1: x", "SW0106", "\n", "a label stands before a call"),
        ("y = conv1 conv(x)", "SW0106", "(", "a colon after `conv1` if that is a label"),
        (
            "y = silu bn(y)",
            "SW0106",
            "(",
            "something is missing between `silu` and `bn`: parentheses, as `silu(bn(...))`",
        ),
        ("y = silu x", "SW0106", "\n", "parentheses, as `silu(x)`"),
        ("y = conv(x, 3) bn(y)", "SW0106", "(", "an operator is missing before `bn`"),
        ("for i in 3 { }", "SW0106", "i", "repeat count as i"),
        ("repeat i in 3 { }", "SW0106", "in", "repeat count as i"),
        ("member = 3", "SW0106", "member", "cannot be a name"),
        ("y = [1 2]", "SW0106", "2", "expected `]` or `,`"),
        ("y = 0x10", "SW0105", "0x10", "is not a number"),
        ("y = .5", "SW0105", ".5", "is not a number"),
        ("y = 5.", "SW0105", "5.", "is not a number"),
        ("y = 1.5e", "SW0105", "1.5e", "is not a number"),
        ("y = x.shape", "SW0103", ".", "write `channels(x)`"),
        ("y = x.rows", "SW0103", ".", "names have no dots"),
        ("y = 3;", "SW0103", ";", "leave it out"),
        ("y = 3 # why", "SW0103", "#", "comments begin with `//`"),
        ("y = !w", "SW0103", "!", "write `not`"),
        ("y = w && w", "SW0103", "&", "write `and`"),
        ("y = 'a'", "SW0103", "'", "double quotes"),
        ("é = 3", "SW0103", "é", "letters a to z"),
        ("y\u00a0= 3", "SW0103", "\u00a0", "U+00A0"),
        ('require w > 3, "abc', "SW0104", '"abc', "no closing quote"),
        ("y = 10000000000000001", "SW0108", "10000000000000001", "too large"),
        ("y = 1e999", "SW0108", "1e999", "too large"),
    ],
)
def test_slips_in_a_body(line: str, code: str, underlined: str, words: str) -> None:
    found = error(BODY.format(line))
    assert found.primary is not None
    assert (found.code, found.primary.text, found.primary.line) == (code, underlined, 3)
    assert words in f"{found.summary} {found.label} {found.help}"


@pytest.mark.parametrize(
    ("line", "underlined", "words"),
    [
        ("budget = 3M", "=", "write `budget 3M`"),
        ("member mine: wrn(10)", ":", "write `member mine = wrn(10)`"),
        ("budget 36,5M", ",", "write `budget 36.5M`"),
        ("budget 36.5X", "36.5X", "is not a number"),
        ("budget 36X", "36X", "is not a number"),
        ("budgt 3M", "budgt", "write `budget`"),
        ("budget 10% wrn(28)", "wrn", "expected `of`"),
        ("share { privat *.stem }", "privat", "write `private`"),
        ("share { private }", "}", "a layer pattern such as `*.stem`"),
        ("share { templates 1..8X }", "8X", "is not a number"),
        ("train { augment }", "}", "expected a name"),
        ("member if = wrn(10)", "if", "cannot be a name"),
    ],
)
def test_slips_in_a_family(line: str, underlined: str, words: str) -> None:
    found = error(FAMILY.format(line))
    assert found.primary is not None
    assert (found.primary.text, found.primary.line) == (underlined, 3)
    assert words in f"{found.summary} {found.label} {found.help}"


def test_a_missing_token_is_reported_at_the_end_of_the_previous_one() -> None:
    found = error("sw 1\nblock b(w: int) {\n    y = conv(x, w, 3  // )\n\n    return y\n}\n")
    assert found.primary is not None
    assert (found.primary.line, found.primary.column) == (3, 21)


def test_a_brace_that_is_never_closed_is_shown() -> None:
    for rest in ("", "\nblock c() { return x }\n"):
        found = error("sw 1\nblock b(w: int) {  // {\n    repeat 3 { y = x }\n    return x\n" + rest)
        assert found.label == "expected `}`"
        assert [(r.span.line, r.span.column) for r in found.related] == [(2, 17)]


def test_every_broken_item_is_reported_once() -> None:
    text = "sw 1\nblock a(w) { return x }\nblock b() { y = ) = ( }\nfamily f { member }\nblock good() { return x }\n"
    assert [d.primary.line for d in errors(text) if d.primary] == [2, 3, 4]


@pytest.mark.parametrize("text", ["", "\n", "sw", "SW 1\n", "sw one", "family f { }", "// sw 1\n", "sw\n1"])
def test_a_file_without_version(text: str) -> None:
    assert error(text).code == "SW0101"


def test_versions_from_the_future() -> None:
    assert error("sw 2\n").code == "SW0102"
    assert error("sw " + "9" * 5000).code == "SW0102"


def test_deep_nesting_is_refused_and_ordinary_nesting_is_not() -> None:
    assert error(BODY.format("y = " + "-" * 200 + "w")).code == "SW0107"
    assert error(BODY.format("repeat 1 { " * 200 + "}" * 200)).code == "SW0107"
    parse(Source("t.sw", BODY.format("y = " + "(" * 90 + "w" + ")" * 90)))
    parse(Source("t.sw", BODY.format("y = " + " + ".join("w" * 80))))
