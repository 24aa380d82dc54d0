"""JSON documents that people may have edited, parsed strictly: what a JSON reader lets pass in silence is an error."""

from __future__ import annotations

import json
from typing import Any


class DocumentError(ValueError):
    """A text is no JSON document; the message says why.

    ``position`` is where in the text, ``key`` the one that an object has twice; None where that is not known.
    """

    def __init__(self, message: str, *, position: int | None = None, key: str | None = None) -> None:
        super().__init__(message)
        self.position = position
        self.key = key


def parse_document(text: str, *, finite: bool = True) -> Any:
    """The value of a JSON text.

    Args:
        text: the document.
        finite: refuse NaN and infinities; without, they pass, for readers that know better where they stand.

    Raises:
        DocumentError: the text is no JSON; or a key is there twice in one object, a number has more digits than Python
            reads, or a text has characters that cannot be shown.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant if finite else None)
    except json.JSONDecodeError as error:
        raise DocumentError(error.msg, position=error.pos) from None
    except RecursionError:
        raise DocumentError("nested too deeply") from None
    except DocumentError:
        raise
    except ValueError:
        raise DocumentError("a number of thousands of digits") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise DocumentError(f"`{key}` twice in one object", key=key)
        _check_shown(key)
        _check_shown(value)
        found[key] = value
    return found


def _check_shown(value: Any) -> None:
    """Refuse texts with control characters or halves of characters: they would garble or stop what is printed."""
    if isinstance(value, str):
        if not value.isprintable():
            raise DocumentError(f"characters that cannot be shown, in {value!a}")
    elif isinstance(value, list):
        for inner in value:
            _check_shown(inner)


def _constant(name: str) -> float:
    raise DocumentError(f"{name} is no number")
