"""Comments that read as divisions: `half = width // 2` is Python's, and here `// 2` is a comment.

A comment reads as a division where a number can stand before it on its line, and all of its text goes on from there as
code would: numbers, numbers' names, operators and brackets, and no other words. Prose fails that at its first word, and
a comment after a tensor has nothing to divide. A comment of a number alone (`width = 64  // 64`) does read as a
division.
"""

from __future__ import annotations

import re
from collections.abc import Container

from attrs import frozen

from swc.syntax.sections import Section, section_at

_TOKEN = re.compile(
    r"[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+|[kMG])?(?![A-Za-z0-9_.])"
    r"|[A-Za-z_][A-Za-z0-9_]*|==|!=|<=|>=|\*\*|[-+*/%<>()\[\],{=]"
)
_OPERATORS = frozenset({"+", "-", "*", "/", "%", "**", "==", "!=", "<", "<=", ">", ">=", "and", "or", "then", "else"})
_CALLS = frozenset({"div", "min", "max", "len", "channels"})
"""What gives a number when it is called."""
_WORDS = frozenset({"and", "or", "not", "if", "then", "else", "true", "false"})


@frozen
class Values:
    """The names that stand for numbers, and for lists of them, where a comment is."""

    numbers: Container[str]
    lists: Container[str]


class _Any:
    """What contains every name."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)


@frozen
class Division:
    """What was probably meant; empty texts where the operands are not plain."""

    left: str
    right: str

    @property
    def advice(self) -> str:
        """What to write instead."""
        return f"`div({self.left}, {self.right})`" if self.left and self.right else "`div(a, b)`"


def reads_as_division(before: str, comment: str, values: Values) -> Division | None:
    """What a comment would divide if it were code, or None if it does not read as a division.

    Args:
        before: what stands before it on its line.
        comment: the comment, from its `//` to the end of the line.
        values: which names are numbers and lists there.
    """
    left = _last_operand(before.rstrip(), values)
    tokens = _tokens(re.split(r"//|#", comment.removeprefix("//"))[0])  # a comment may follow the division
    if left is None or not tokens or not _goes_on(tokens, before, values):
        return None
    plain = re.search(r"[*/%]\s*$", before.rstrip().removesuffix(left)) is None
    first = _first_operand(tokens)
    return Division(left if plain else "", first if first and plain else "")


def about_comment(text: str, place: int) -> str:
    """Advice on a comment that swallows what is missing in a text that does not parse, or an empty string.

    Args:
        text: the whole source.
        place: where something is missing: the end of the last word that was read.
    """
    start = text.rfind("\n", 0, place) + 1
    line = text[start:].partition("\n")[0]
    before, comment = line[: place - start], line[place - start :].lstrip(" \t")
    rest = comment.removeprefix("//").strip() if comment.startswith("//") else ""
    # Nothing is known of names here, and a name alone is prose more often than not.
    if not re.match(r"[0-9(]", rest) and not re.search(r"[),{\]]$|,", rest):
        return ""
    # A loop's index and body, or the text of a `require`
    comment = re.sub(r"(?:\s+as\s+\w+\s*)?\{.*", "{", re.sub(r",\s*\"[^\"]*\"\s*$", "", comment))
    found = reads_as_division(before, comment, Values(_Any(), _Any()))
    if found is None:
        return ""
    in_body = section_at(text, place) is Section.BODY
    return (
        f"`//` begins a comment; write {found.advice + ' to divide and round down' if in_body else 'the number itself'}"
    )


def _tokens(text: str) -> list[str]:
    """The words and signs of a text, none if it has others than code has."""
    found, place = [], 0
    text = text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            return []
        found.append(match[0])
        place = match.end()
        while place < len(text) and text[place] in " \t":
            place += 1
    return found


def _last_operand(text: str, values: Values) -> str | None:
    """The operand that a text ends in, if it can be a number."""
    word = re.search(r"(?<![\w.*?])[A-Za-z0-9_]+(?:\.[0-9]+)?$", text)
    if word:
        return word[0] if word[0][0].isdigit() or (word[0] not in _WORDS and word[0] in values.numbers) else None
    start = _opening(text)
    if start is None:
        return None
    inside = text[start + 1 : -1]
    name = re.search(r"[A-Za-z_][A-Za-z0-9_]*\s*$", text[:start])
    called = name[0].strip() if name else ""
    if text[start] == "[":  # an item of a list, or a list
        return text[name.start() :] if name and called not in _WORDS else None
    if name and called not in _WORDS:
        return text[name.start() :] if called in _CALLS else None
    return text[start:] if _all_numbers(_tokens(inside), values) else None


def _opening(text: str) -> int | None:
    """Where the bracket opens that closes at the end of a text."""
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        depth += (text[place] in ")]") - (text[place] in "([")
        if depth == 0:
            return place if text[-1] in ")]" else None
    return None


def _all_numbers(tokens: list[str], values: Values) -> bool:
    after = [*tokens[1:], ""]
    return bool(tokens) and all(
        word in _WORDS
        or (word in _CALLS if sign == "(" else word in values.lists if sign == "[" else word in values.numbers)
        for word, sign in zip(tokens, after, strict=True)
        if word[0].isalpha() or word[0] == "_"
    )


def _goes_on(tokens: list[str], before: str, values: Values) -> bool:
    """Whether tokens can follow a division sign: operands and operators by turns, up to the end of the line."""
    if not (tokens[0][0].isalnum() or tokens[0] == "(") or tokens[0] in _WORDS or not _all_numbers(tokens, values):
        return False
    depth = before.count("(") + before.count("[") - before.count(")") - before.count("]")
    wanted = True  # an operand
    for number, word in enumerate(tokens):
        if not wanted and (word in _OPERATORS or (word in {",", "="} and depth > 0)):
            wanted = True
        elif word in {"(", "["} and (wanted or tokens[number - 1][0].isalpha()):
            depth += 1
            wanted = True
        elif word in {")", "]"} and not wanted and depth > 0:
            depth -= 1
        elif word == "{":
            return not wanted and number == len(tokens) - 1
        elif wanted and (word[0].isalnum() or word == "-"):
            wanted = word in {"-", "not", "if"}
        else:
            return False
    return not wanted or tokens[-1] == ","


def _first_operand(tokens: list[str]) -> str:
    """The divisor, if it is a number or a name."""
    return tokens[0] if tokens[0][0].isalnum() and tokens[1:2] not in (["("], ["["], ["**"]) else ""
