"""Diagnostics: what swc tells people, apart from how it is shown."""

from swc.diagnostics.diagnostic import Diagnostic, Diagnostics, Related, Severity, SpecError
from swc.diagnostics.source import Source, Span

__all__ = ["Diagnostic", "Diagnostics", "Related", "Severity", "Source", "Span", "SpecError"]
