"""Near names: what a person probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher


def near_names(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known names that ``name`` could be a slip of, best first.

    The similarity asked for rises with the number of known names: in a large namespace something is always near.
    """
    candidates = sorted(set(known) - {name})
    threshold = min(0.85, 0.6 + 0.05 * (len(candidates) // 10))
    scored = [(SequenceMatcher(None, name.lower(), other.lower()).ratio(), other) for other in candidates]
    good = sorted((pair for pair in scored if pair[0] >= threshold), key=lambda pair: (-pair[0], pair[1]))
    return [other for _, other in good[:limit]]
