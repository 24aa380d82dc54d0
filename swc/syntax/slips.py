"""Advice on slips: what does not fit, compared line by line with what people write out of habit.

A slip is a pattern over a line, which has to cover the place that does not fit, and the advice. Where the advice can be
the corrected text itself, it is.
"""

from __future__ import annotations

import re

from swc.syntax.body_slips import BODY_SLIPS, FILE_SLIPS
from swc.syntax.family_slips import FAMILY_SLIPS, SHARE_SLIPS, TRAIN_SLIPS, Slip
from swc.syntax.sections import Section, section_at

_LONGEST_LINE = 400
_NO_SEPARATORS = {Section.FAMILY, Section.TRAIN}
_ANYWHERE: tuple[Slip, ...] = (
    (r'/\*|--|"""', "comments begin with `//`, on each line anew"),
    (r"(?![0-9])\d", "digits are those from 0 to 9"),
)
_SLIPS = {
    Section.FILE: FILE_SLIPS,
    Section.FAMILY: FAMILY_SLIPS,
    Section.SHARE: SHARE_SLIPS,
    Section.TRAIN: TRAIN_SLIPS,
    Section.BODY: BODY_SLIPS,
}


def about_slip(text: str, place: int) -> str:
    """Advice on a slip, or an empty string.

    Args:
        text: the whole source.
        place: where what does not fit begins, or where something is missing.
    """
    start = text.rfind("\n", 0, place) + 1
    line = text[start:].partition("\n")[0].partition("//")[0].rstrip()
    column = place - start
    section = section_at(text, place)
    # What these characters mean elsewhere is plain, whatever stands before them.
    plain = text[place : place + 1] == "#" or (text[place : place + 1] == ";" and section in _NO_SEPARATORS)
    if plain or len(line) > _LONGEST_LINE:
        return ""
    for pattern, advice in (*_ANYWHERE, *_SLIPS[section]):
        for match in re.finditer(pattern, line):
            if match.start() <= column <= match.end():
                found = match.expand(advice) if isinstance(advice, str) else advice(match)
                if found not in {"", f"write `{match[0].strip()}`"}:
                    return found
    return ""
