"""Generated modules, loaded from their files."""

from __future__ import annotations

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
    from swc_runtime.generated import family_class  # noqa: PLC0415 - torch is loaded for running, not for compiling
    from swc_runtime.problems import FamilyError  # noqa: PLC0415

    try:
        return family_class(path)
    except FamilyError as problem:
        raise SpecError(
            (
                Diagnostic(
                    "SW0803",
                    f"{path} is not a generated family: {problem.why}",
                    help="give a spec (.sw) or a file that `swc compile` wrote (.py)",
                ),
            )
        ) from problem
