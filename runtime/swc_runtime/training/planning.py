"""Which timetable a training follows: the recipe's, or, where a run is resumed, the one that it has or goes on with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from swc_runtime.checkpoint import read_metadata
from swc_runtime.family import Family
from swc_runtime.problems import CheckpointError
from swc_runtime.training.folder import FINAL, LAST
from swc_runtime.training.history import History
from swc_runtime.training.options import MOST_EPOCHS, TrainOptions
from swc_runtime.training.renamed import run_of_now
from swc_runtime.training.schedule import Timetable, prolonged, timetable


def planned(family: Family, options: TrainOptions) -> Timetable:
    """The timetable that the options ask for.

    A run that is resumed has that of its checkpoint. Where it is finished and more epochs are asked for, these follow
    with a timetable of their own (``prolonged``).

    Raises:
        CheckpointError: fewer epochs are asked for than the run has, or more of a run that is not finished or cannot
            go on.
    """
    plain = timetable(family.recipe, family.refinement, options.epochs)
    path = _resumed(options)
    if path is None:
        return plain
    metadata = read_metadata(path)
    times = _timetable_of(family, metadata)
    if times is None:
        return plain  # what is wrong with the checkpoint is told where it is read
    if options.epochs is None or options.epochs == times.epochs:
        return times
    if options.epochs < times.epochs:
        _refuse_fewer(path, metadata, times, options.epochs)
    _check_finished(path, metadata, times, options.epochs)
    return prolonged(times, family.recipe, family.refinement, options.epochs)


def fresh_parts(family: Family, options: TrainOptions) -> tuple[str, ...]:
    """What of the family started fresh where all else was taken from another one, in this run or as it began."""
    path = _resumed(options)
    origin = options.origin if path is None else run_of_now(family, {}, read_metadata(path))[1].get("from")
    fresh = origin.get("fresh") if isinstance(origin, Mapping) else None
    return tuple(name for name in fresh if isinstance(name, str)) if isinstance(fresh, list) else ()


def is_of(metadata: Mapping[str, Any], times: Timetable) -> bool:
    """Whether a checkpoint was written by a training of that timetable."""
    return _legs(metadata) == times.legs


def _resumed(options: TrainOptions) -> Path | None:
    """The checkpoint of the run that is resumed, if there is one."""
    if not options.resume or options.run_dir is None:
        return None
    return next((options.run_dir / name for name in (LAST, FINAL) if (options.run_dir / name).is_file()), None)


def _legs(metadata: Mapping[str, Any]) -> tuple[int, ...]:
    """After how many epochs each training of a run was finished, or will be; empty where that makes no sense."""
    training = metadata.get("training")
    legs = training.get("legs") if isinstance(training, dict) else None
    if not isinstance(legs, list) or not all(type(end) is int and 0 < end <= MOST_EPOCHS for end in legs):
        return ()
    return tuple(legs) if legs == sorted(set(legs)) else ()


def _timetable_of(family: Family, metadata: Mapping[str, Any]) -> Timetable | None:
    legs = _legs(metadata)
    if not legs:
        return None
    times = timetable(family.recipe, family.refinement, legs[0])
    for end in legs[1:]:
        times = prolonged(times, family.recipe, family.refinement, end)
    return times


def _refuse_fewer(path: Path, metadata: Mapping[str, Any], times: Timetable, epochs: int) -> NoReturn:
    done = _done(metadata)
    state = "all of them trained" if done >= times.epochs else f"{done:,} of them trained"
    raise CheckpointError(
        f"{path} is that of a training of {times.epochs:,} epochs, {state}: a run cannot be cut down to --epochs "
        f"{epochs:,}. Leave --epochs out to go on with it as it is, or train into another folder (--run)."
    )


def _done(metadata: Mapping[str, Any]) -> int:
    """After how many epochs a checkpoint was written; 0 where it does not say."""
    history = metadata.get("history")
    records = history.get("epochs") if isinstance(history, dict) else None
    return len(records) if isinstance(records, list) else 0


def _ended_early(metadata: Mapping[str, Any], times: Timetable) -> bool:
    """Whether patience ended a training before its last epoch."""
    patience = metadata["training"].get("patience")
    try:
        return isinstance(patience, int) and History.from_json(metadata["history"]).waited(patience, times.first)
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def _check_finished(path: Path, metadata: Mapping[str, Any], times: Timetable, epochs: int) -> None:
    """See that a training has all its epochs and can go on to more.

    Raises:
        CheckpointError: it has not, or cannot.
    """
    done = _done(metadata)
    if done < times.epochs and _ended_early(metadata, times):
        raise CheckpointError(
            f"{path} is that of a training that was ended by --patience after epoch {done} of {times.epochs}: it does "
            f"not go on to {epochs}. Start another training from it (--from {path.parent})."
        )
    if done < times.epochs:
        raise CheckpointError(
            f"{path} is that of a training that was stopped after epoch {done} of {times.epochs}: finish it first "
            f"(--resume --epochs {times.epochs}), and train it on to {epochs} epochs then. To leave it as it is, start "
            f"another training from it (--from {path.parent})."
        )
    if metadata.get("kind") != "training":
        raise CheckpointError(
            f"{path.parent} holds a finished training without its last state ({LAST}), which was not kept: it cannot "
            f"be trained on to {epochs} epochs. Start another training from it (--from {path.parent})."
        )
