"""Trained families to be used: named by their run's folder, their generated file or their spec."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from swc.authorship import origin_of
from swc.diagnostics import Diagnostic, SpecError
from swc.diagnostics.words import all_of
from swc.pipeline import train as training
from swc.pipeline.modules import load_family_class

if TYPE_CHECKING:
    from swc_runtime import Family


@frozen
class Served:
    """A trained family in evaluation mode on the CPU.

    ``path`` is its generated file, ``folder`` that of its run, ``metadata`` what its checkpoint says.
    """

    family: Family
    path: Path
    folder: Path
    metadata: dict[str, Any]


def served(target: Path, run_folder: Path | None, checkpoint: Path | None) -> Served:
    """Load what a target names.

    Args:
        target: the folder of a run, a generated file, or a spec.
        run_folder: the run's folder, where it is not the usual one.
        checkpoint: other weights than those of the run.

    Raises:
        SpecError: SW0803 when it is none of the three, SW0804 when nothing was trained, SW0805 when the spec has
            changed since, SW0820 when the folder does not say which family its weights are of.
        RuntimeProblem: the checkpoint does not fit.
    """
    from swc_runtime.training import load_family  # noqa: PLC0415 - torch is loaded for running, not for compiling

    path, folder = _located(target, run_folder)
    found = checkpoint or folder / training.CHECKPOINT
    if not found.is_file():
        raise _problem("SW0804", f"there is no checkpoint {found}", f"train first: swc train {target} --data NAME")
    if path != target and not target.is_dir():
        training.check_version(target, path)
    family = load_family_class(path)()
    metadata = load_family(family, found)
    return Served(family.eval(), path, folder, metadata)


def _located(target: Path, run_folder: Path | None) -> tuple[Path, Path]:
    if not target.is_dir():
        return training.locate(target, run_folder)
    if run_folder is not None and run_folder != target:
        raise _problem(
            "SW0820", f"{target} and {run_folder} are both folders of runs", "name one: the target, or `--run`"
        )
    generated = [path for path in sorted(target.glob("*.py")) if origin_of(path) is not None]
    if len(generated) == 1:
        return generated[0], target
    if generated:
        names = all_of([path.name for path in generated])
        raise _problem("SW0820", f"{target} holds several families, {names}", "name one of these files")
    raise _problem(
        "SW0820",
        f"{target} holds no generated family",
        f"name the file (or spec) that was trained, and the run: GENERATED.py --run {target}",
    )


def _problem(code: str, summary: str, help_: str) -> SpecError:
    return SpecError((Diagnostic(code, summary, help=help_),))
