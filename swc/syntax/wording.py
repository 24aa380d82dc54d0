"""English for the grammar's terminals, so that a message never shows a terminal's name."""

from __future__ import annotations

from collections.abc import Iterable

_WORDS = {
    "NAME": "a name",
    "CLUSTER_NAME": "a name",
    "PATTERN": "a layer pattern such as `*.stem`",
    "PATH": "the name of a member, or of a part of one",
    "ARROW": "`->`",
    "STRING": 'a text in quotes ("...")',
    "COUNT": "a number of parameters such as `36.5M`",
    "FLOAT": "a number",
    "INT": "a whole number",
    "COMPARE": "a comparison",
    "TRUE": "`true`",
    "FALSE": "`false`",
    "$END": "the end of the file",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "LSQB": "`[`",
    "RSQB": "`]`",
    "COMMA": "`,`",
    "COLON": "`:`",
    "EQUAL": "`=`",
    "PLUS": "`+`",
    "MINUS": "`-`",
    "STAR": "`*`",
    "SLASH": "`/`",
    "PERCENT": "`%`",
    "POWER": "`**`",
}

# Groups that a person thinks of as one thing; a group stands for its terminals when all of them are expected.
_GROUPS = (
    (frozenset({"NAME", "INT", "FLOAT", "LPAR", "LSQB", "MINUS", "TRUE", "FALSE"}), "a value"),
    (frozenset({"COUNT", "INT", "FLOAT"}), "a number of parameters such as `36.5M`"),
    (frozenset({"INT", "FLOAT"}), "a number"),
)
_OPERATORS = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "PERCENT", "POWER", "COMPARE", "_AND", "_OR", "LSQB"})
_VALUE_ONLY = frozenset({"_IF", "_NOT"})


def keyword(terminal: str) -> str | None:
    """The reserved or section word of a terminal, or None for other terminals."""
    word = terminal.removeprefix("_")
    known = terminal in _WORDS or terminal.startswith("__") or not word.isalpha() or not word.isupper()
    return None if known else word.lower()


def expected_words(terminals: Iterable[str]) -> list[str]:
    """The expected terminals in English, most telling first, operators left out when anything else is possible."""
    left = set(terminals) - {"WHITESPACE", "COMMENT"}
    words = []
    if "PLUS" in left:
        left -= _OPERATORS
    if "COUNT" in left:
        left.discard("MINUS")  # a budget below zero parses, so that it can be refused in words
    for group, word in _GROUPS:
        if group <= left:
            left -= group | _VALUE_ONLY
            words.append(word)
    closing = [x for x in ("RPAR", "RSQB", "COMMA", "RBRACE") if x in left]
    words.extend(_WORDS[x] for x in closing)
    left -= set(closing)
    words.extend(_WORDS[x] for x in sorted(left) if x in _WORDS)
    words.extend(f"`{keyword(x)}`" for x in sorted(left) if keyword(x))
    words.extend("`..`" for x in left if x.startswith("__"))
    return words


def join_or(words: list[str]) -> str:
    """``a, b or c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
