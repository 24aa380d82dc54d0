"""What a person can get wrong with a family, and how near a wrong name is to a right one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class PlanError(ValueError):
    """The plan contradicts itself, the architectures built from it, or a state loaded into it."""


def near(name: str, candidates: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the candidate nearest to ``name``, or nothing when none is near."""
    found = get_close_matches(name, list(candidates), n=1, cutoff=0.7)
    return f"; did you mean {found[0]!r}?" if found else ""
