"""The one type for everything swc has to tell a person about a spec."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from swc.diagnostics.source import Span


class Severity(StrEnum):
    """How much a diagnostic matters; only errors stop a stage."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@frozen
class Related:
    """A second place that explains the first, with a few words on why."""

    span: Span
    label: str


@frozen
class Diagnostic:
    """What was found, where, what was expected and what to do about it.

    ``code`` is stable and documented in docs/diagnostics.md; ``summary`` is one sentence; ``label`` stands beside
    the underline of ``primary``; ``help`` states what to write or run instead; ``fix`` replaces the text of the
    primary span.
    """

    code: str
    summary: str
    primary: Span | None = None
    label: str = ""
    detail: str = ""
    related: tuple[Related, ...] = ()
    help: str = ""
    fix: str | None = None
    severity: Severity = Severity.ERROR


class SpecError(Exception):
    """Raised at the end of a stage that found errors; carries every diagnostic of the stage."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("; ".join(f"{d.code}: {d.summary}" for d in diagnostics))
        self.diagnostics = diagnostics


class Diagnostics:
    """Collects the diagnostics of a stage, so that one run shows them all."""

    def __init__(self) -> None:
        self._found: list[Diagnostic] = []

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep a diagnostic; one already reported at the same place with the same code is dropped."""
        if not any(
            d.code == diagnostic.code and d.primary == diagnostic.primary and d.summary == diagnostic.summary
            for d in self._found
        ):
            self._found.append(diagnostic)

    def error(
        self,
        code: str,
        summary: str,
        primary: Span | None = None,
        *,
        label: str = "",
        detail: str = "",
        related: tuple[Related, ...] = (),
        help: str = "",  # noqa: A002 - the field's own name
        fix: str | None = None,
    ) -> None:
        """Report an error."""
        self.add(Diagnostic(code, summary, primary, label, detail, related, help, fix))

    @property
    def found(self) -> tuple[Diagnostic, ...]:
        """Everything reported so far, in source order (places in the same file together)."""
        return tuple(self._found)

    @property
    def has_errors(self) -> bool:
        """Whether any error was reported."""
        return any(d.severity is Severity.ERROR for d in self._found)

    def raise_errors(self) -> None:
        """End the stage: raise :class:`SpecError` if any error was reported."""
        if self.has_errors:
            raise SpecError(self.found)
