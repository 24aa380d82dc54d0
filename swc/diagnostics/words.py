"""Numbers of things in words: one layer, two layers, and how many more."""

from __future__ import annotations

from collections.abc import Sequence


def count(number: int, noun: str, plural: str = "") -> str:
    """``1 layer``, ``2,000 layers``; the plural has an s unless it is given."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def first_few(items: Sequence[str], most: int, *, between: str = ", ", more: str = " and") -> str:
    """The first items, and how many more there are; a single one more is said as well, which takes no more room."""
    if len(items) <= most + 1:
        return between.join(items)
    return f"{between.join(items[:most])}{more} {len(items) - most:,} more"


def either(items: Sequence[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    return " or ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def all_of(items: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
