"""Python statements laid out as the formatter would: on one line if it fits, else broken inside the last brackets."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

WIDTH = 120
_INDENT = 4


@dataclass(frozen=True)
class _Brackets:
    """Where a pair of brackets outside of all others opens and closes, and the commas that stand directly in it."""

    start: int
    end: int
    commas: tuple[int, ...]


def laid_out(code: str, indent: int) -> list[str]:
    """Lay out one statement, or the header of one.

    Args:
        code: the statement on one line.
        indent: spaces before it.

    Returns:
        Lines of at most ``WIDTH`` characters wherever breaking inside brackets can achieve that.
    """
    line = " " * indent + code
    if len(line) <= WIDTH:
        return [line]
    found = next((pair for pair in reversed(list(_outermost(code))) if pair.end > pair.start + 1), None)
    if found is None:
        return [line]
    inner = code[found.start + 1 : found.end].strip().removesuffix(",")
    content = " " * (indent + _INDENT) + inner
    lines = [content] if len(content) <= WIDTH else _one_by_one(code, found, indent + _INDENT)
    return [" " * indent + code[: found.start + 1], *lines, " " * indent + code[found.end :]]


def _one_by_one(code: str, brackets: _Brackets, indent: int) -> list[str]:
    borders = [brackets.start, *brackets.commas, brackets.end]
    items = [code[left + 1 : right].strip() for left, right in pairwise(borders)]
    lines: list[str] = []
    for item in filter(None, items):
        lines.extend(laid_out(f"{item},", indent))
    return lines


def _outermost(code: str) -> Iterator[_Brackets]:
    depth, start = 0, 0
    commas: list[int] = []
    # Of a header (`def f(x):`) only the tokens are read, so the suite that would have to follow is not missed.
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type != tokenize.OP:
            continue
        if token.string in "([{":
            depth += 1
            if depth == 1:
                start, commas = token.start[1], []
        elif token.string in ")]}":
            depth -= 1
            if depth == 0:
                yield _Brackets(start, token.start[1], tuple(commas))
        elif token.string == "," and depth == 1:
            commas.append(token.start[1])
