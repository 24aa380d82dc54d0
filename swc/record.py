"""Reads JSON objects strictly: every key of the expected type, none missing, places named; none unknown if asked."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from swc.documents import DocumentError, parse_document


class FormatError(ValueError):
    """A document is not what it should be; the message says what was found, and where."""


@frozen
class Record:
    """A JSON object and the path to it within its document."""

    values: Mapping[str, object]
    path: str = ""
    _read: set[str] = field(factory=set, init=False, eq=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> Record:
        """Read a document that is one object.

        Raises:
            FormatError: it is not JSON, or not an object, or a key is there twice.
        """
        try:
            value = parse_document(text)
        except DocumentError as error:
            raise FormatError(_refused(text, error)) from None
        if not isinstance(value, dict):
            message = f"the document is {_named(value)} where an object belongs"
            raise FormatError(message)
        return cls(value)

    def integer(self, key: str) -> int:
        """The whole number under ``key``."""
        return _integer(self._value(key), self._place(key))

    def integers(self, key: str, count: int) -> tuple[int, ...]:
        """The list of ``count`` whole numbers under ``key``."""
        items = self._items(key)
        if len(items) != count:
            message = f"{self._place(key)} has {len(items)} entries, not {count}"
            raise FormatError(message)
        return tuple(_integer(item, f"{self._place(key)}[{k}]") for k, item in enumerate(items))

    def number(self, key: str) -> float:
        """The number under ``key``; a document may have been read so that it can be NaN or infinite."""
        value = self._value(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and not _huge(value):
            return float(value)
        raise _expected("a number", value, self._place(key))

    def text(self, key: str) -> str:
        """The string under ``key``."""
        return _text(self._value(key), self._place(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """The list of strings under ``key``."""
        return tuple(_text(item, f"{self._place(key)}[{k}]") for k, item in enumerate(self._items(key)))

    def is_null(self, key: str) -> bool:
        """Whether ``key`` is there and null."""
        return self._value(key) is None

    def flag(self, key: str) -> bool:
        """The truth value under ``key``."""
        value = self._value(key)
        if isinstance(value, bool):
            return value
        raise _expected("true or false", value, self._place(key))

    def record(self, key: str) -> Record:
        """The object under ``key``."""
        return _record(self._value(key), self._place(key))

    def record_or_null(self, key: str) -> Record | None:
        """The object under ``key``, or None where null stands there."""
        return None if self.is_null(key) else self.record(key)

    def records(self, key: str) -> tuple[Record, ...]:
        """The list of objects under ``key``."""
        return tuple(_record(item, f"{self._place(key)}[{k}]") for k, item in enumerate(self._items(key)))

    def close(self) -> None:
        """Refuse keys that were never read: a misspelt one must not be ignored silently."""
        unknown = sorted(self.values.keys() - self._read)
        if unknown:
            message = f"{self._place(unknown[0])} is not known"
            raise FormatError(message)

    def _place(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _value(self, key: str) -> object:
        if key not in self.values:
            message = f"{self._place(key)} is missing"
            raise FormatError(message)
        self._read.add(key)
        return self.values[key]

    def _items(self, key: str) -> list[object]:
        value = self._value(key)
        if not isinstance(value, list):
            raise _expected("a list", value, self._place(key))
        return value


def _refused(text: str, error: DocumentError) -> str:
    if error.key is not None:
        return f"the key {error.key} is there twice"
    if error.position is None:
        return f"it is not JSON ({error})"
    line = text.count("\n", 0, error.position) + 1
    column = error.position - text.rfind("\n", 0, error.position)
    return f"it is not JSON ({error}, line {line}, column {column})"


def _integer(value: object, place: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _expected("a whole number", value, place)


def _text(value: object, place: str) -> str:
    if isinstance(value, str):
        return value
    raise _expected("text", value, place)


def _record(value: object, place: str) -> Record:
    if isinstance(value, dict):
        return Record(value, place)
    raise _expected("an object", value, place)


def _expected(what: str, value: object, place: str) -> FormatError:
    return FormatError(f"{place} is {_named(value)} where {what} belongs")


def _huge(value: float) -> bool:
    """Whether a whole number is too large to be a float."""
    return isinstance(value, int) and value.bit_length() > 1000


def _named(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"
