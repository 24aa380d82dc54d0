"""Runs whose families were given other names since (`moved`): what checkpoints say, by the names of now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from swc_runtime.evaluation import Score
from swc_runtime.family import Family
from swc_runtime.moved import former_of, with_names_of_now
from swc_runtime.training.agreement import plan_identity
from swc_runtime.training.history import History
from swc_runtime.training.session import EpochRecord

_Naming = Callable[[str], str]


def run_of_now(
    family: Family, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """A checkpoint of a run as if it had been written under the names that the family has now.

    Tensors of model and optimizer, and every name in the metadata: of members and layers in the history, in what is
    frozen, what started fresh and what has no momentum. What is damaged is left as it is, for others to tell.

    Args:
        family: that the run trains.
        tensors: by their names in the checkpoint; may be none.
        metadata: what the checkpoint says of itself.

    Returns:
        Both as they are, unless the checkpoint is of a former family.
    """
    former = former_of(family, metadata, plan_identity)
    tensors, metadata = with_names_of_now(family, tensors, metadata, plan_identity)
    if former is None:
        return tensors, metadata
    now = dict(metadata)
    for place, key, naming in (
        (None, "without_momentum", former.now),
        ("training", "freeze", former.name_now),
        ("from", "fresh", former.name_now),
    ):
        if place is None:
            now[key] = _each(metadata.get(key), naming)
        elif isinstance(metadata.get(place), Mapping) and key in metadata[place]:
            now[place] = {**metadata[place], key: _sorted_as(metadata[place][key], naming)}
    try:
        now["history"] = _history(History.from_json(metadata["history"]), former.name_now).to_json()
    except (KeyError, TypeError, ValueError, AttributeError):
        return tensors, now
    return tensors, now


def _each(names: object, naming: _Naming) -> object:
    return [naming(name) if isinstance(name, str) else name for name in names] if isinstance(names, list) else names


def _sorted_as(names: object, naming: _Naming) -> object:
    """Names of now, in alphabetical order where the names of then were."""
    renamed = _each(names, naming)
    if isinstance(names, list) and isinstance(renamed, list) and all(isinstance(name, str) for name in names):
        return sorted(renamed) if names == sorted(names) else renamed
    return renamed


def _history(history: History, naming: _Naming) -> History:
    found = history.evaluation
    return History(
        epochs=tuple(_record(record, naming) for record in history.epochs),
        refinements=tuple(
            replace(
                summary,
                groups={
                    naming(name): tuple(tuple(naming(layer) for layer in group) for group in groups)
                    for name, groups in summary.groups.items()
                },
            )
            for summary in history.refinements
        ),
        evaluation=found
        and replace(
            found,
            alone={naming(name): count for name, count in found.alone.items()},
            scores=_scores(found.scores, naming),
        ),
    )


def _record(record: EpochRecord, naming: _Naming) -> EpochRecord:
    members = {naming(name): loss for name, loss in record.members.items()}
    return replace(
        record, members=members, val=record.val and replace(record.val, scores=_scores(record.val.scores, naming))
    )


def _scores(scores: tuple[Score, ...], naming: _Naming) -> tuple[Score, ...]:
    return tuple(replace(score, members=tuple(naming(name) for name in score.members)) for score in scores)
