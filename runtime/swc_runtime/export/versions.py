"""Packages that an export needs or was made with."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

from swc_runtime.problems import ExportError


def version_of(package: str) -> str:
    """The installed version, or ``unknown`` where it runs from a folder that is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def require(*packages: str) -> None:
    """See that optional packages can be imported.

    Raises:
        ExportError: one is missing.
    """
    missing = [name for name in packages if not _importable(name)]
    if missing:
        names = ("package " if len(missing) == 1 else "packages ") + ", ".join(f"`{name}`" for name in missing)
        raise ExportError(
            f"This format needs the {names}: install swc's extra `export`, "
            "`pip install -e '.[export]'` in its repository."
        )


def _importable(package: str) -> bool:
    try:
        import_module(package)
    except ImportError:
        return False
    return True
