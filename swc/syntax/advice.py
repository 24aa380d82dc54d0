"""What a person probably meant where the text does not parse: habits from other languages, and small slips."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

from swc.diagnostics.names import near_names
from swc.syntax.wording import keyword

_CHARACTERS = {
    "#": "comments begin with `//`",
    ";": "leave it out: nothing stands between statements, or between settings",
    "'": 'texts stand in double quotes, as "text"',
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`",
    "^": "write `**` for powers",
    **dict.fromkeys("\u201c\u201d\u201e\u2018\u2019", 'texts stand in straight double quotes, as "text"'),
    ".": "names have no dots; numbers are written as `0.5` or `2`",
}
_WORDS_BEFORE = {
    "for": "write `repeat count as i { ... }`",
    "while": "write `repeat count as i { ... }`",
    "def": "write `block name(parameter: int) { ... }`",
    "class": "write `block name(parameter: int) { ... }`",
    "let": "write `name = value`, with nothing before it",
    "var": "write `name = value`, with nothing before it",
}
_WORDS = {
    "in": "write `repeat count as i { ... }`",
    "if": "`if` makes a value: write `y = if condition then this else that`",
    "import": "write `use name from file`",
    "def": "write `block name(parameter: int) { ... }`",
    "class": "write `block name(parameter: int) { ... }`",
    "elif": "write `else if`",
    "None": "the language has no such value",
    "True": "write `true`",
    "False": "write `false`",
}
NUMBERS = "write numbers as `128`, `1_000_000`, `0.5` or `5e-4`; a budget may end in k, M or G, as `36.5M`"


def about_character(character: str) -> str:
    """Advice on a character that the language does not have."""
    if character.isalpha():
        return "names are written with the letters a to z, digits and `_`"
    return _CHARACTERS.get(character, "leave it out")


def about_token(text: str, offset: int, token: str, kind: str, expected: AbstractSet[str]) -> str:  # noqa: PLR0911 - a list of slips
    """Advice on a token that stands where it cannot, or an empty string.

    Args:
        text: the whole source.
        offset: where the token begins.
        token: what it says.
        kind: its terminal.
        expected: the terminals that could stand there.
    """
    near = near_names(token, [known for terminal in expected if (known := keyword(terminal))])
    if near:
        return f"write `{near[0]}`"
    before, after = text[:offset].rstrip(), text[offset + len(token) :]
    word = re.search(r"\w+$", before)
    if word and word[0] in _WORDS_BEFORE:
        return _WORDS_BEFORE[word[0]]
    if token in _WORDS:
        if token == "if" and expected == {"NAME"}:  # noqa: S105 - a keyword, no password
            return _reserved(token)
        return _WORDS[token]
    if keyword(kind) is not None and "NAME" in expected and (expected == {"NAME"} or after.lstrip()[:1] == "="):
        return _reserved(token)
    if kind == "COMMA" and before[-1:].isdigit() and after[:1].isdigit():
        return "decimal numbers have a point, as `36.5M`"
    if kind in {"PLUS", "MINUS", "STAR", "SLASH"} and after[:1] == "=" and word:
        return f"write `{word[0]} = {word[0]} {token} ...`"
    return _about_missing(before, kind, expected) or _about_structure(before, kind, expected)


def _reserved(token: str) -> str:
    return f"`{token}` is a word of the language and cannot be a name; choose another"


def _about_missing(before: str, kind: str, expected: AbstractSet[str]) -> str:
    """Advice where a value was read as the end of a statement, and what follows it as the start of the next."""
    pair = re.search(r"=.*?([\w\])]+)[ \t]+([A-Za-z_]\w*)$", before.rpartition("\n")[2])
    if expected != {"EQUAL"} or pair is None:
        return ""
    one, other = pair[1], pair[2]
    if not one.isidentifier():
        return f"an operator is missing before `{other}`, or a new statement begins without `name =`"
    inner = f"{other}(...)" if kind == "LPAR" else other
    return (
        f"something is missing between `{one}` and `{other}`: parentheses, as `{one}({inner})`, an operator, "
        f"or a colon after `{one}` if that is a label"
    )


def _about_structure(before: str, kind: str, expected: AbstractSet[str]) -> str:
    equal = kind == "EQUAL" and "EQUAL" not in expected
    in_family = re.findall(r"^[ \t]*(block|arch|family)\b", before, re.MULTILINE)[-1:] == ["family"]
    slips = (
        (kind == "COMPARE" and "EQUAL" in expected, "write a single `=` to assign"),
        (kind == "COMPARE", "compare two values at a time, and join the comparisons with `and`"),
        (kind == "COLON" and "EQUAL" in expected, "assign what it computes, as `y = label: conv(...)`"),
        (
            kind == "LPAR" and expected == {"EQUAL"},
            "assign what it computes, as `y = conv(...)`; a label has a colon, as `y = conv1: conv(...)`",
        ),
        (expected == {"COLON"}, "give each parameter a type, as `width: int`"),
        (
            expected == {"LPAR"} and re.search(r":\s*\w+$", before) is not None,
            "a label stands before a call, as `conv1: conv(...)`",
        ),
        (equal and re.search(r"\b(?:if|require|and|or|not)\b[^{}]*$", before) is not None, "write `==` to compare"),
        (
            equal and in_family and expected != {"NAME"} and re.search(r"[a-z]$", before) is not None,
            "leave out the `=`: settings are written as `budget 36.5M` or `epochs 200`",
        ),
    )
    return next((advice for found, advice in slips if found), "")
