"""``swc train`` and ``swc eval``: a spec or a generated file to a trained, scored family."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from swc.authorship import check_ours, edited, edited_note
from swc.compiler import Compiled, LockChoice, compile_spec
from swc.diagnostics import Diagnostic, Severity, SpecError
from swc.family import Family as SpecFamily
from swc.lock import lock_path, other_held_out
from swc.lock.former import former_of
from swc.output import is_current, write_generated
from swc.pipeline.keeping import check_kept, keep_generated
from swc.pipeline.modules import load_family_class
from swc.pipeline.ready import Ready, held, make_ready
from swc.pipeline.renamed import only_names_moved
from swc.pipeline.search import compile_for_search, needs_search, run_search, save
from swc.pipeline.settings import Run
from swc.pipeline.start import StartChoice, begin, check_frozen, check_start

if TYPE_CHECKING:
    from swc_runtime import Family
    from swc_runtime.evaluation import Evaluation

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
    ready: Ready = field(eq=False)
    warnings: tuple[Diagnostic, ...] = ()


@frozen
class _Plan:
    """What is to be trained where, before anything is written.

    ``family`` is what the data must fit. A spec is ``compiled``; where that is to be searched first, ``lock`` is the
    file that the search writes. ``goes_on``: a run was saved in the folder before, and is resumed;
    ``renamed``: under other names than it had then.
    """

    path: Path
    folder: Path
    family: type[Family] | SpecFamily
    warnings: tuple[Diagnostic, ...] = ()
    compiled: Compiled | None = None
    lock: Path | None = None
    goes_on: bool = False
    renamed: bool = False

    @property
    def members(self) -> tuple[str, ...]:
        """The names of the family's members."""
        if isinstance(self.family, SpecFamily):
            return tuple(member.name for member in self.family.members)
        return tuple(self.family.architectures)

    @property
    def parameters(self) -> int:
        """How many parameters the family has."""
        if self.compiled is not None:
            return self.compiled.plan.parameters.total
        assert not isinstance(self.family, SpecFamily)  # noqa: S101 - for the type checker: a spec is compiled
        return self.family.plan.parameters


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


@contextmanager
def prepared(
    target: Path, run_folder: Path | None, run: Run, search: SearchChoice, start: StartChoice | None = None
) -> Iterator[Prepared]:
    """Bring a target to the point where it can be trained, and keep its run's folder to itself while the context lasts.

    Whatever can be wrong with spec, folder, options, data and device is told before anything is written. A spec is
    compiled; where it asks for a search and has no lock file yet, the search runs first and its lock file is written,
    so that it survives whatever happens to the training. A run that is resumed is never searched, and its generated
    file stays as it is, unless names were `moved` since: it gets those of now.

    Raises:
        SpecError: the spec is wrong, SW0801 when a file is in the way that swc did not write, SW0805 when a run to
            resume was compiled from something else, or SW0830 when the training would overwrite what it starts from.
        RuntimeProblem: the training or the search is not possible, the folder holds another run, or there is nothing
            to start from.
    """
    plan = _planned(target, run_folder, run, search)
    check_frozen(run.options.freeze, plan.members)
    if not plan.goes_on:
        check_start(start, plan.folder)
    ready = make_ready(run, plan.family, plan.parameters, plan.folder)
    with held(plan.folder, ready):
        warnings = plan.warnings
        if plan.compiled is not None:
            compiled = plan.compiled if plan.lock is None else _searched(target, plan, plan.lock, run, search, ready)
            # Of a run under other names it is known already that the file is its own.
            write_generated(compiled, plan.path, force=plan.renamed, run=_saved(plan.folder))
            if plan.renamed:
                run.reporter.say(
                    f"names were `moved` since: {plan.path} has those of now, and the run goes on under them"
                )
            if not plan.goes_on:
                if plan.lock is None and compiled.lock is not None:
                    lock = search.lock or lock_path(target)
                    run.reporter.say(f"clusters from {lock} (search anew with --fresh)")
                run.reporter.say(f"compiled to {plan.path}")
            warnings = (*_warnings(compiled), *_seen(compiled, run, search.lock or lock_path(target)))
        yield Prepared(plan.path, plan.folder, ready, warnings)


def _planned(target: Path, run_folder: Path | None, run: Run, search: SearchChoice) -> _Plan:
    if not is_spec(target):
        folder = run_folder or Path("runs") / target.stem
        goes_on = run.options.resume and _saved(folder)
        family_class = load_family_class(target)
        check_kept(target, folder, family_class.plan.family)
        return _Plan(target, folder, family_class, edited_note(target), goes_on=goes_on)
    program_lock = search.lock or lock_path(target)
    searching = not search.skipped and (search.anew or not program_lock.exists())
    # Everything that can be wrong with the spec is reported before any training starts.
    choice = LockChoice(ignored=True) if searching else LockChoice(search.lock, ignored=search.skipped)
    compiled = compile_spec(target, choice)
    folder = run_folder or Path("runs") / compiled.family.name
    path = folder / compiled.file_name
    if run.options.resume and _saved(folder):
        if searching and search.lock is not None:
            compiled = compile_spec(target, LockChoice(search.lock))  # says that it is missing
        renamed = _check_resumed(target, compiled, folder)
        return _Plan(path, folder, compiled.family, compiled=compiled, goes_on=True, renamed=renamed)
    check_ours(path, target, structure=compiled.plan.structure if _saved(folder) else None)
    searched = searching and needs_search(compiled.family)
    return _Plan(path, folder, compiled.family, compiled=compiled, lock=program_lock if searched else None)


def _saved(folder: Path) -> bool:
    """Whether a run has come so far in a folder that it can be resumed."""
    return any((folder / name).is_file() for name in (LAST, CHECKPOINT))


def _searched(target: Path, plan: _Plan, lock_file: Path, run: Run, search: SearchChoice, ready: Ready) -> Compiled:
    """Search a spec, write its lock file, and compile it with that."""
    for_search = compile_for_search(target)
    lock, result = run_search(for_search, run, plan.folder / "search", search.epochs, ready)
    save(lock_file, lock, result)
    run.reporter.say(
        f"{len(lock.layers)} layers in {len(lock.clusters)} clusters at τ = {lock.threshold_used:g}: {lock_file}"
    )
    return compile_spec(target, LockChoice(lock_file))


def _warnings(compiled: Compiled) -> tuple[Diagnostic, ...]:
    return tuple(note for note in compiled.notes if note.severity is Severity.WARNING)


def _seen(compiled: Compiled, run: Run, lock_file: Path) -> tuple[Diagnostic, ...]:
    """A warning where the search of the lock saw images that this training holds out."""
    lock, held = compiled.lock, run.options.val
    if lock is None or lock.val in (None, held) or not held or lock.data != run.data.load(compiled.family).name:
        return ()
    if run.data.load(compiled.family).val is not None:  # held out by the data set itself, whatever --val says
        return ()
    return (other_held_out(lock, held, compiled.family, lock_file),)


def _check_resumed(spec: Path, compiled: Compiled, folder: Path) -> bool:
    """See that the run in a folder was compiled from a spec as it is now; whether only names were `moved` since.

    Raises:
        SpecError: SW0805 when the spec or its lock file has changed since.
    """
    path = folder / compiled.file_name
    if not path.exists() or is_current(compiled, path):
        return False
    last = next(folder / name for name in (LAST, CHECKPOINT) if (folder / name).is_file())
    if not only_names_moved(compiled, path, last):
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
    return True


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
    found = load_family_class(generated).plan.structure
    if found != compiled.plan.structure:
        renamed = former_of(found, compiled.family) is not None
        way = f"only names were `moved`: compile it there, `swc compile {spec} -o {generated.parent}`"
        raise SpecError(
            (
                Diagnostic(
                    "SW0805",
                    f"{generated} was not compiled from {spec} as it is now",
                    compiled.family.span,
                    label="this or an architecture has changed since the training",
                    help=f"{way if renamed else 'train again'}, or name what was trained: {generated}",
                ),
            )
        )


def new_family(path: Path, run: Run) -> Family:
    """A generated file's family, freshly initialised from the run's seed."""
    import torch  # noqa: PLC0415 - see DataChoice.load

    from swc_runtime.room import built  # noqa: PLC0415

    family_class = load_family_class(path)
    torch.manual_seed(run.options.seed)
    return built(family_class)


def fit(prepared: Prepared, run: Run, start: StartChoice | None = None) -> tuple[Family, Evaluation]:
    """Train a generated file's family, refinement included, and score it; the run's folder keeps a copy of the file.

    It starts from fresh weights, or from those of another run.

    Raises:
        RuntimeProblem: the data, the options or the hardware do not allow it, or the loss is no longer finite.
    """
    from swc_runtime.training import train  # noqa: PLC0415 - see DataChoice.load

    content = prepared.path.read_bytes()
    family, ready = new_family(prepared.path, run), prepared.ready
    options = replace(run.options, run_dir=prepared.folder)
    if start is not None:
        options = replace(options, origin=begin(family, start, run, ready.data, anew=not _saved(prepared.folder)))
    history = train(family, ready.data, options, fabric=ready.fabric, reporter=run.reporter)
    keep_generated(content, prepared.path, prepared.folder, family.plan.family)
    assert history.evaluation is not None  # noqa: S101 - a training ends with it
    return family, history.evaluation
