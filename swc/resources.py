"""Where the files that swc ships with lie: in the installed package, or in the repository it runs from."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent


def _folder(shipped: str, repository: str) -> Path:
    installed = _PACKAGE / "data" / shipped
    return installed if installed.is_dir() else _PACKAGE.parent / repository


@cache
def grammar_text() -> str:
    """The text of the language's grammar (grammar/sw.lark)."""
    return (_folder("grammar", "grammar") / "sw.lark").read_text(encoding="utf-8")


def architecture_folder() -> Path:
    """The folder of the architecture library (specs/arch)."""
    return _folder("arch", "specs/arch")
