"""Where a trained family lies (generated file, run's folder, checkpoint), by any name that people have for it."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from swc.diagnostics import Diagnostic, SpecError
from swc.pipeline import train as training
from swc.pipeline.keeping import kept_path


@frozen
class Found:
    """A trained family's generated file, the folder of its run, and its weights."""

    path: Path
    folder: Path
    checkpoint: Path


def find(target: Path, run_folder: Path | None, checkpoint: Path | None, data: str = "NAME") -> Found:
    """Find what a target names.

    Args:
        target: the folder of a run, a generated file, or a spec.
        run_folder: the run's folder, where it is not the usual one.
        checkpoint: other weights than those of the run.
        data: what to train on, for the help.

    Raises:
        SpecError: SW0803 when it is none of the three, SW0804 when nothing was trained, SW0805 when the spec has
            changed since, SW0820 when the folder does not say what its weights are of.
        CheckpointError: the checkpoint is damaged.
    """
    if target.is_dir():
        return _in_run(target, run_folder, checkpoint)
    if target.suffix not in {".sw", ".py"}:
        what = "is no trained family" if target.exists() else "does not exist"
        names = "the folder of a run, a spec (.sw) or a generated file (.py)"
        raise _problem("SW0803", f"{target} {what}", f"name {names}")
    path, folder = training.locate(target, run_folder)
    weights = checkpoint or folder / training.CHECKPOINT
    if not weights.is_file():
        raise _problem(
            "SW0804", f"there is no checkpoint {weights}", _way_on(folder, f"swc train {target} --data {data}")
        )
    if training.is_spec(target):
        training.check_version(target, path)
    return Found(path, folder, weights)


def _way_on(folder: Path, train: str, otherwise: str = "") -> str:
    """What to do where a run has no trained family."""
    last = folder / training.LAST
    if last.is_file():
        return f"its training was stopped: go on with `{train} --resume`, or use its last state: --checkpoint {last}"
    return otherwise or f"train first: {train}"


def _in_run(folder: Path, other: Path | None, checkpoint: Path | None) -> Found:
    """What lies in a run's folder."""
    from swc_runtime.checkpoint import read_metadata  # noqa: PLC0415 - torch is loaded for running, not for compiling
    from swc_runtime.serving.run import generated_files  # noqa: PLC0415

    if other is not None and other != folder:
        raise _problem("SW0820", f"{folder} and {other} are both folders of runs", "name one: the target, or `--run`")
    weights = checkpoint or folder / training.CHECKPOINT
    if not weights.is_file():
        name = "name the folder of a run that was trained"
        raise _problem("SW0804", f"there is no checkpoint {weights}", _way_on(folder, "swc train …", name))
    family = str(read_metadata(weights).get("family"))
    found = generated_files(folder, family)
    if len(found) != 1:
        name = kept_path(folder, family).name
        raise _problem(
            "SW0820",
            f"{folder} does not hold {name}, the generated file that says what its weights are of",
            f"name the file (or spec) that was trained, and the run: {name} --run {folder}",
        )
    return Found(found[0], folder, weights)


def _problem(code: str, summary: str, help_: str) -> SpecError:
    return SpecError((Diagnostic(code, summary, help=help_),))
