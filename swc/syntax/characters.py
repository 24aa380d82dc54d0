"""Characters that hide: blanks that are none of the language's, and what shows a text otherwise than it is read.

They come with text that is copied from web pages, papers and chat, cannot be seen, and mean nothing. So each kind is an
error of its own, with its name and code point, and is read as a space from there on.
"""

from __future__ import annotations

import re
from unicodedata import category, name

from swc.blanks import BLANKS, LOOKALIKE_LINE_ENDS
from swc.diagnostics import Diagnostics, Source, Span
from swc.diagnostics.words import count, first_few

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
# Letters, marks and a symbol by their category, and blank or nothing at all to the eye.
_BLANK_LETTERS = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_IGNORABLE_MARKS = frozenset(
    map(chr, (0x34F, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the direction of writing: a line then shows its words in another order than the one that counts."""
_NEVER = LOOKALIKE_LINE_ENDS | _DIRECTIONS
_QUOTED = re.compile(r'"[^"\n]*"|//[^\n]*')
_CONTROLS = {
    "\x00": "null",
    "\v": "line tabulation",
    "\f": "form feed",
    "\x1b": "escape",
    "\x1c": "information separator four",
    "\x1d": "information separator three",
    "\x1e": "information separator two",
    "\x1f": "information separator one",
    "\x85": "next line",
    "\ufeff": "zero width no-break space, a byte order mark",
}
_PLACES = 5  # lines that a message names


def named(character: str) -> str:
    """``U+00A0 no-break space``: the code point and the name in the Unicode standard, which has it in capitals."""
    words = _CONTROLS.get(character) or name(character, "").lower()
    return f"U+{ord(character):04X}{' ' * bool(words)}{words}"


def is_hidden(character: str) -> bool:
    """Whether a character outside of texts and comments is blank or invisible, and none of the language's blanks."""
    if character in BLANKS or (character.isascii() and character.isprintable()):
        return False
    odd = character in _BLANK_LETTERS or character in _IGNORABLE_MARKS
    return odd or category(character) in _HIDDEN_CATEGORIES


def without_hidden(source: Source, diagnostics: Diagnostics) -> str | None:
    """The text with a space for every hidden character; each kind of them is reported once (SW0103).

    Texts in quotes and comments may have any blanks but those that seem to end a line or turn its direction.

    Returns:
        A text of the same length, in which every place is what it was; None where a hidden character parts a word, as
        nobody can say then what its parts come to.
    """
    text = source.text
    found: dict[str, list[int]] = {}
    for place, character in _hidden(text):
        found.setdefault(character, []).append(place)
    if not found:
        return text
    for character, places in found.items():
        _report(source, character, places, diagnostics)
    everywhere = sorted(place for places in found.values() for place in places)
    if any(_parts_a_word(text, place) for place in everywhere):
        return None
    pieces, end = [], 0
    for place in everywhere:
        pieces.append(text[end:place])
        end = place + 1
    return " ".join([*pieces, text[end:]])


def _hidden(text: str) -> list[tuple[int, str]]:
    found, end = [], 0
    suspects = {character for character in set(text) if is_hidden(character) or character in _NEVER}
    if not suspects:
        return []
    suspect = re.compile(f"[{re.escape(''.join(sorted(suspects)))}]")
    for match in (*_QUOTED.finditer(text), None):
        start = len(text) if match is None else match.start()
        found += [(m.start(), m[0]) for m in suspect.finditer(text, end, start)]
        if match is not None:
            end = match.end()
            found += [(m.start(), m[0]) for m in suspect.finditer(text, start, end) if m[0] in _NEVER]
    return found


def _parts_a_word(text: str, place: int) -> bool:
    """Whether a character without width stands inside of a word, which a space would make two words of."""
    zero_width = category(text[place]) not in {"Zs", "Zl", "Zp", "Cc"}
    around = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
    return zero_width and len(around) == 2 and all(c.isalnum() or c == "_" for c in around)


def _report(source: Source, character: str, places: list[int], diagnostics: Diagnostics) -> None:
    more = ""
    if len(places) > 1:
        numbers = list(dict.fromkeys(str(source.position(place)[0]) for place in places[1:]))
        where = f"line{'s' * (len(numbers) > 1)} {first_few(numbers, _PLACES)}"
        more = f"{count(len(places) - 1, 'more of them', 'more of them')}, in {where}"
    diagnostics.error(
        "SW0103",
        f"here is {named(character)}, which is {_what(character)}",
        Span(source, places[0], places[0] + 1),
        label="cannot be seen, and has no meaning",
        detail=more,
        help=_advice(character),
    )


def _what(character: str) -> str:
    if character in LOOKALIKE_LINE_ENDS:
        return "no line end in a spec, though it looks like one to some programs"
    if character in _DIRECTIONS:
        return "not allowed in a spec: it shows words in another order than the one in which they are read"
    return "none of the blanks that a spec may have"


def _advice(character: str) -> str:
    if character in LOOKALIKE_LINE_ENDS:
        return "start a new line with the return key instead, or leave it out"
    if category(character) == "Zs" or character in _BLANK_LETTERS:
        return "replace it by an ordinary space"
    return "leave it out"
