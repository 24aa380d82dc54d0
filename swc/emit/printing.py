"""A small pretty printer: text, places where a line may break, and groups that break as a whole or not at all.

After Wadler, "A prettier printer" (2003), in the form that formatters for Python use.
"""

from __future__ import annotations

from attrs import frozen


@frozen
class Line:
    """A place where a group that does not fit breaks; ``flat`` stands there otherwise."""

    flat: str = ""


@frozen
class Broken:
    """Text that only stands in groups that break, such as a trailing comma."""

    text: str


@frozen
class Indent:
    """Lines that begin within are indented four columns more."""

    content: Document


@frozen
class Group:
    """Content that stands on one line if it fits there; with ``broken`` it never does."""

    content: Document
    broken: bool = False


Document = str | Line | Broken | Indent | Group | tuple["Document", ...] | list["Document"]

_Entry = tuple[int, bool, Document]


def render(content: Document, width: int) -> list[str]:
    """The lines of a document, at most ``width`` columns each where that can be done."""
    result = [""]
    stack: list[_Entry] = [(0, True, content)]
    while stack:
        indent, breaks, part = stack.pop()
        match part:
            case str():
                result[-1] += part
            case Broken():
                result[-1] += part.text if breaks else ""
            case Line():
                if breaks:
                    result.append(" " * indent)
                else:
                    result[-1] += part.flat
            case Indent():
                stack.append((indent + 4, breaks, part.content))
            case Group():
                fits = not part.broken and _fits(width - len(result[-1]), (indent, False, part.content), stack)
                stack.append((indent, not fits, part.content))
            case _:
                stack.extend((indent, breaks, item) for item in reversed(part))
    return [line.rstrip() for line in result]


def _fits(room: int, entry: _Entry, rest: list[_Entry]) -> bool:
    """Whether an entry, and what follows it up to the next break, fits into ``room`` columns."""
    stack = [entry]
    following = len(rest)
    while room >= 0:
        if not stack:
            if following == 0:
                return True
            following -= 1
            stack.append(rest[following])
        indent, breaks, part = stack.pop()
        match part:
            case str():
                room -= len(part)
            case Broken():
                room -= len(part.text) if breaks else 0
            case Line():
                if breaks:
                    return True
                room -= len(part.flat)
            case Indent():
                stack.append((indent, breaks, part.content))
            case Group():
                stack.append((indent, breaks, part.content))
            case _:
                stack.extend((indent, breaks, item) for item in reversed(part))
    return False
