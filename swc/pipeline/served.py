"""Trained families to be used: named by their run's folder, their generated file or their spec."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from swc.diagnostics import Diagnostic, SpecError
from swc.pipeline import train as training
from swc.pipeline.keeping import kept_path
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

    if target.is_dir():
        path, folder = _run(target, run_folder, checkpoint)
    elif target.suffix in {".sw", ".py"}:
        path, folder = training.locate(target, run_folder)
    else:
        what = "is neither the folder of a run, nor a spec (.sw), nor a generated file (.py)"
        raise _problem("SW0803", f"{target} {what if target.exists() else 'does not exist'}", "name one of these")
    found = checkpoint or folder / training.CHECKPOINT
    if not found.is_file():
        raise _problem("SW0804", f"there is no checkpoint {found}", f"train first: swc train {target} --data NAME")
    if target.suffix == ".sw":
        training.check_version(target, path)
    family = load_family_class(path)()
    metadata = load_family(family, found)
    return Served(family.eval(), path, folder, metadata)


def _run(folder: Path, other: Path | None, checkpoint: Path | None) -> tuple[Path, Path]:
    """The generated file that lies in a run's folder, and the folder."""
    from swc_runtime.checkpoint import read_metadata  # noqa: PLC0415 - see served

    if other is not None and other != folder:
        raise _problem("SW0820", f"{folder} and {other} are both folders of runs", "name one: the target, or `--run`")
    found = checkpoint or folder / training.CHECKPOINT
    if not found.is_file():
        raise _problem("SW0804", f"there is no checkpoint {found}", "name the folder of a run that was trained")
    path = kept_path(folder, str(read_metadata(found).get("family")))
    if not path.is_file():
        raise _problem(
            "SW0820",
            f"{folder} does not hold {path.name}, the generated file that says what its weights are of",
            f"name the file (or spec) that was trained, and the run: {path.name} --run {folder}",
        )
    return path, folder


def _problem(code: str, summary: str, help_: str) -> SpecError:
    return SpecError((Diagnostic(code, summary, help=help_),))
