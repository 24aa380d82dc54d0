"""The least number that does, where every larger one does as well."""

from __future__ import annotations

from collections.abc import Callable


def least(failing: int, working: int, works: Callable[[int], bool], within: int = 1) -> int:
    """A number that works, at most ``within`` above the least, found between one that fails and one that works."""
    while working - failing > within:
        middle = (failing + working) // 2
        if works(middle):
            working = middle
        else:
            failing = middle
    return working
