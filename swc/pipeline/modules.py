"""Generated modules, loaded from their files."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from swc.diagnostics import Diagnostic, SpecError

if TYPE_CHECKING:
    from swc_runtime import Family


def load_family_class(path: Path) -> type[Family]:
    """Import a generated file and return its family class.

    Raises:
        SpecError: SW0803 when the file is missing, does not load, or has no family of its own.
    """
    from swc_runtime import Family  # noqa: PLC0415 - torch is loaded for running, not for compiling

    if not path.is_file():
        raise _unusable(path, "there is no such file")
    name = f"swc_generated_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise _unusable(path, "it is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise _unusable(path, f"it does not load ({type(error).__name__}: {error})") from error
    families = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Family) and value.__module__ == name
    ]
    if len(families) != 1:
        raise _unusable(path, "it defines no family" if not families else "it defines several families")
    return families[0]


def _unusable(path: Path, why: str) -> SpecError:
    return SpecError(
        (
            Diagnostic(
                "SW0803",
                f"{path} is not a generated family: {why}",
                help="give a spec (.sw) or a file that `swc compile` wrote (.py)",
            ),
        )
    )
