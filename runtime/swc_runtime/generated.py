"""Generated files, loaded from where they lie."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from swc_runtime.family import Family
from swc_runtime.problems import FamilyError


def family_class(path: Path) -> type[Family]:
    """Import a generated file, which runs it, and return its family class.

    Raises:
        FamilyError: the file is missing, does not load, or has no family of its own.
    """
    if not path.is_file():
        raise FamilyError(path, "there is no such file")
    name = f"swc_generated_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FamilyError(path, "it is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise FamilyError(path, f"it does not load ({type(error).__name__}: {error})") from error
    families = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Family) and value.__module__ == name
    ]
    if len(families) != 1:
        raise FamilyError(path, "it defines no family" if not families else "it defines several families")
    return families[0]
