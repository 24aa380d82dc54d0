"""Settings as a spec writes them, for people: ``steps(60, 120, gamma=0.2)``, ``1..8``, ``tie *.query, *.key``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from swc.diff.model import Edit
from swc.family import Family, Recipe, Schedule, ScheduleKind, Sgd
from swc.family.written import augment, bounds, call, clustering, hint, hints, number

_SHORT = "_for"
"""What the kinds of hints end with that have the name of a setting besides."""


def written_edits(before: Family, after: Family, *, without: Collection[str] = ()) -> tuple[Edit, ...]:
    """The settings that differ, each as the two specs write it; None where a spec does not have it.

    Hints have names such as ``share.tie``, and each that came, went or changed is an edit of its own, as long as those
    that stayed are in the order that they were in. Kinds of hints to leave out are named ``without`` (as in
    :func:`swc.diff.settings.settings`).
    """
    old, new = _settings(before), _settings(after)
    names = [name for name in old if name.removeprefix("share.") not in without]
    plain = (Edit(name, old[name], new[name]) for name in names if old[name] != new[name])
    own, others = hints(before.sharing), hints(after.sharing)
    found = (
        edit
        for kind in own
        if kind not in without
        for edit in _hint_edits(
            f"share.{kind.removesuffix(_SHORT)}", [*map(hint, own[kind])], [*map(hint, others[kind])]
        )
    )
    return (*plain, *found)


def _settings(family: Family) -> dict[str, str | None]:
    recipe, sharing = family.recipe, family.sharing
    refinement = sharing.refinement
    return {
        **_recipe(recipe),
        "share.clusters": clustering(sharing.clustering),
        "share.refine": call("gradient", threshold=refinement.threshold, after=refinement.after)
        if refinement
        else "none",
        "share.templates": bounds(sharing.templates),
        "share.bins": None if sharing.bins is None else str(sharing.bins),
    }


def _recipe(recipe: Recipe) -> dict[str, str | None]:
    return {
        "train.epochs": str(recipe.epochs),
        "train.batch": str(recipe.batch),
        "train.optimizer": _sgd(recipe.optimizer),
        "train.schedule": _schedule(recipe.schedule),
        "train.augment": ", ".join(map(augment, recipe.augment)) or None,
        "train.smoothing": number(recipe.smoothing),
    }


def _sgd(values: Sgd) -> str:
    flag = ("nesterov",) if values.nesterov else ()
    decay = {"decay": values.decay} if values.decay else {}
    return call("sgd", f"lr={number(values.lr)}", f"momentum={number(values.momentum)}", *flag, **decay)


def _schedule(values: Schedule) -> str:
    match values.kind:
        case ScheduleKind.CONSTANT:
            return values.kind
        case ScheduleKind.STEPS:
            return call(values.kind, *map(str, values.milestones), gamma=values.gamma)
        case ScheduleKind.COSINE | ScheduleKind.ONECYCLE:
            return call(values.kind, warmup=values.warmup)


def _hint_edits(name: str, old: Sequence[str], new: Sequence[str]) -> Iterator[Edit]:
    gone, come = ([x for x in own if x not in other] for own, other in ((old, new), (new, old)))
    if [x for x in old if x not in gone] != [x for x in new if x not in come]:  # they stand in another order
        yield Edit(name, "; ".join(old), "; ".join(new))
    elif len(gone) == len(come) == 1:
        yield Edit(name, gone[0], come[0])
    else:
        yield from (Edit(name, x, None) for x in gone)
        yield from (Edit(name, None, x) for x in come)
