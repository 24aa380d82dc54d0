"""``swc train`` and ``swc eval``: a spec or a generated file to a trained, scored family."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from swc.authorship import check_ours, edited, edited_note
from swc.compiler import Compiled, LockChoice, compile_spec
from swc.diagnostics import Diagnostic, Severity, SpecError
from swc.lock import lock_path
from swc.output import is_current, write_generated
from swc.pipeline.modules import load_family_class
from swc.pipeline.search import compile_for_search, needs_search, run_search, save
from swc.pipeline.settings import Run
from swc.pipeline.start import StartChoice, begin, check_start

if TYPE_CHECKING:
    from swc_runtime import Family
    from swc_runtime.evaluation import Evaluation
    from swc_runtime.training import TrainOptions

CHECKPOINT = "family.safetensors"
LAST = "last.safetensors"


@frozen
class SearchChoice:
    """Whether and how ``swc train`` searches a spec: ``anew`` even if a lock is there, or ``skipped`` without one."""

    lock: Path | None = None
    anew: bool = False
    skipped: bool = False
    epochs: int | None = None


@frozen
class Prepared:
    """What is ready to be trained: the generated file and its run's folder, and what compiling it warned of."""

    path: Path
    folder: Path
    warnings: tuple[Diagnostic, ...] = ()


def is_spec(target: Path) -> bool:
    """Whether a target is a spec rather than a generated file.

    Raises:
        SpecError: SW0803 when it is neither.
    """
    if target.suffix not in {".sw", ".py"}:
        raise SpecError(
            (
                Diagnostic(
                    "SW0803",
                    f"{target} is neither a spec (.sw) nor a generated file (.py)",
                    help="give the spec, or the file that `swc compile` wrote",
                ),
            )
        )
    return target.suffix == ".sw"


def prepare(
    target: Path, run_folder: Path | None, run: Run, search: SearchChoice, start: StartChoice | None = None
) -> Prepared:
    """Bring a target to the point where it can be trained: the generated file, and the run's folder.

    A spec is compiled; where it asks for a search and has no lock file yet, the search runs first and its lock file is
    written, so that it survives whatever happens to the training. A run that is resumed is never searched, and its
    generated file stays as it is.

    Raises:
        SpecError: the spec is wrong, SW0801 when a file is in the way that swc did not write, SW0805 when a run to
            resume was compiled from something else, or SW0830 when the training would overwrite what it starts from.
        RuntimeProblem: the search is not possible, or there is nothing to resume or to start from.
    """
    if not is_spec(target):
        folder = run_folder or Path("runs") / target.stem
        if not run.options.resume:
            check_start(start, folder)
        return Prepared(target, folder, edited_note(target))
    resumed = _resumed(target, run_folder, search) if run.options.resume else None
    if resumed is not None:
        return resumed
    choice = LockChoice(search.lock, ignored=search.skipped)
    program_lock = search.lock or lock_path(target)
    searching = search.anew or (not search.skipped and not program_lock.exists())
    # Everything that can be wrong with the spec is reported before any training starts.
    compiled = compile_spec(target, LockChoice(ignored=True) if searching else choice)
    folder = run_folder or Path("runs") / compiled.family.name
    path = folder / compiled.file_name
    check_ours(path, target)
    check_start(start, folder)
    if searching and needs_search(compiled.family):
        for_search = compile_for_search(target)
        lock, result = run_search(for_search, run, folder / "search", search.epochs)
        save(program_lock, lock, result)
        run.reporter.say(
            f"{len(lock.layers)} layers in {len(lock.clusters)} clusters at τ = {lock.threshold_used:g}: {program_lock}"
        )
        compiled = compile_spec(target, LockChoice(program_lock))
    elif compiled.lock is not None:
        run.reporter.say(f"clusters from {program_lock} (search anew with --fresh)")
    write_generated(compiled, path)
    run.reporter.say(f"compiled to {path}")
    return Prepared(path, folder, _warnings(compiled))


def _warnings(compiled: Compiled) -> tuple[Diagnostic, ...]:
    return tuple(note for note in compiled.notes if note.severity is Severity.WARNING)


def _resumed(spec: Path, run_folder: Path | None, search: SearchChoice) -> Prepared | None:
    """The generated file and the folder of a spec's run that is to go on; the file is only written if it is gone.

    None where nothing was saved yet.
    """
    compiled = compile_spec(spec, LockChoice(search.lock, ignored=search.skipped))
    folder = run_folder or Path("runs") / compiled.family.name
    if not any((folder / name).is_file() for name in (LAST, CHECKPOINT)):
        return None
    path = folder / compiled.file_name
    if path.exists() and not is_current(compiled, path):
        raise SpecError(
            (
                Diagnostic(
                    "SW0805",
                    f"{path} was edited by hand, so it is not what {spec} gives"
                    if edited(path)
                    else f"the run in {folder} was not compiled from {spec} as it is now",
                    compiled.family.span,
                    label="" if edited(path) else "this, an architecture or the lock file has changed since",
                    help=f"go on with what it was compiled to (`swc train {path} --run {folder} --resume`), or train "
                    "the spec anew in another folder (`--run`)",
                ),
            )
        )
    write_generated(compiled, path)
    return Prepared(path, folder, _warnings(compiled))


def locate(target: Path, run_folder: Path | None) -> tuple[Path, Path]:
    """The generated file of a trained target, and the folder of its run.

    A generated file that lies beside a checkpoint is in its run's folder; a spec's run is ``runs/<family>``.
    """
    if is_spec(target):
        name = compile_spec(target, LockChoice(ignored=True)).family.name
        folder = run_folder or Path("runs") / name
        return folder / f"{name}.py", folder
    if run_folder is None and (target.parent / CHECKPOINT).is_file():
        return target, target.parent
    return target, run_folder or Path("runs") / target.stem


def check_version(spec: Path, generated: Path) -> None:
    """See that a run's generated file belongs to the spec as it is now.

    Raises:
        SpecError: SW0805 when the spec has changed since.
    """
    compiled = compile_spec(spec, LockChoice(ignored=True))
    if load_family_class(generated).plan.structure != compiled.plan.structure:
        raise SpecError(
            (
                Diagnostic(
                    "SW0805",
                    f"{generated} was not compiled from {spec} as it is now",
                    compiled.family.span,
                    label="this or an architecture has changed since the training",
                    help=f"train again, or name what was trained: {generated}",
                ),
            )
        )


def new_family(path: Path, run: Run) -> Family:
    """A generated file's family, freshly initialised from the run's seed."""
    import torch  # noqa: PLC0415 - see DataChoice.load

    family_class = load_family_class(path)
    torch.manual_seed(run.options.seed)
    return family_class()


def load_trained(path: Path, checkpoint: Path, run: Run) -> Family:
    """A generated file's family with the weights of a checkpoint, on the device of the run."""
    from swc_runtime.training import load_family, open_fabric  # noqa: PLC0415 - see DataChoice.load

    family = load_family_class(path)()
    load_family(family, checkpoint)
    return family.to(open_fabric(run.options).device)


def fit(path: Path, run: Run, start: StartChoice | None = None) -> tuple[Family, Evaluation]:
    """Train a generated file's family, refinement included, and score it.

    It starts from fresh weights, or from those of another run.

    Raises:
        RuntimeProblem: the data, the options or the hardware do not allow it, or the loss is no longer finite.
    """
    from swc_runtime.training import train  # noqa: PLC0415 - see DataChoice.load

    family = new_family(path, run)
    data = run.data.load(family)
    options = run.options if start is None else replace(run.options, origin=begin(family, start, run, data))
    history = train(family, data, options, reporter=run.reporter)
    return family, history.evaluation or evaluate(family, run)


def with_folder(options: TrainOptions, folder: Path) -> TrainOptions:
    """The same options, keeping results in a folder."""
    return replace(options, run_dir=folder)


def evaluate(family: Family, run: Run) -> Evaluation:
    """Top-1, NLL and ECE of every subset of members on the test images."""
    from swc_runtime.evaluation import evaluate as score  # noqa: PLC0415 - see DataChoice.load

    return score(family, run.data.load(family), reporter=run.reporter)
