"""Near names: what a person probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

_SHORTEST = 3  # letters; of shorter names, most are one slip from each other
_ONE_SLIP = 0.85


def near_names(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known names that ``name`` could be a slip of, best first; of equally near ones those that begin like it.

    The similarity asked for rises with the number of known names: in a large namespace something is always near.
    """
    candidates = sorted(set(known) - {name})
    threshold = min(0.85, 0.6 + 0.05 * (len(candidates) // 10))
    own = name.lower()
    scored = [(_likeness(own, other.lower()), other) for other in candidates]
    good = sorted(
        (pair for pair in scored if pair[0] >= threshold), key=lambda pair: (-pair[0], -_common(own, pair[1]), pair[1])
    )
    return [other for _, other in good[:limit]]


def _common(one: str, other: str) -> int:
    """Letters that two texts begin with in common."""
    pairs = enumerate(zip(one, other.lower(), strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _likeness(one: str, other: str) -> float:
    """From 0 to 1; a single slip in a name of three letters or more is always near."""
    ratio = SequenceMatcher(None, one, other).ratio()
    return max(ratio, _ONE_SLIP) if min(len(one), len(other)) >= _SHORTEST and one_slip(one, other) else ratio


def one_slip(one: str, other: str) -> bool:
    """Whether two texts are equal but for a letter that is missing, too many or another, or two that are swapped."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    one, other = one[start:], other[start:]
    if one[1:] == other[1:] or one[1:] == other or one == other[1:]:
        return True
    return one[2:] == other[2:] and one[:2] == other[1::-1]
