"""The training recipe and the settings of the method, as calls of the runtime's classes."""

from __future__ import annotations

from swc.emit.code import Argument, Atom, Call, Expression, Sequence
from swc.emit.text import literal
from swc.family import Augment, AugmentKind, Family, Former, Recipe, Schedule, ScheduleKind, Sgd
from swc.family.model import ClusterMethod
from swc.lock import structure_hash


def settings(family: Family) -> dict[str, Expression]:
    """The class attributes ``recipe``, ``search`` and ``refinement``, and ``moved`` where names have changed."""
    clustering, refinement = family.sharing.clustering, family.sharing.refinement
    search = _call("GradientSearch", threshold=clustering.threshold, epochs=clustering.epochs)
    made: dict[str, Expression] = {
        "recipe": recipe(family.recipe),
        "search": search if clustering.method is ClusterMethod.GRADIENT else Atom("None"),
        "refinement": Atom("None")
        if refinement is None
        else _call("GradientRefinement", threshold=refinement.threshold, after=refinement.after),
    }
    if family.moved:
        made["moved"] = Sequence(tuple(map(_moved, reversed(family.formers))))
    return made


def _moved(former: Former) -> Call:
    """``Moved("slim", "thin", structure="...")``: the first of the moves since a family was as it was then."""
    move = former.moves[0]
    arguments = [Argument(Atom(literal(move.before))), Argument(Atom(literal(move.after)))]
    arguments.append(Argument(Atom(literal(structure_hash(former.family))), "structure"))
    if move.cluster:
        arguments.append(Argument(Atom("True"), "cluster"))
    return Call(Atom("Moved"), tuple(arguments))


def recipe(values: Recipe) -> Expression:
    """``Recipe(epochs=200, ...)``."""
    return _call(
        "Recipe",
        epochs=values.epochs,
        batch=values.batch,
        optimizer=_sgd(values.optimizer),
        schedule=_schedule(values.schedule),
        augment=Sequence(tuple(map(_augment, values.augment))),
        smoothing=values.smoothing,
    )


def _sgd(values: Sgd) -> Expression:
    return _call("Sgd", lr=values.lr, momentum=values.momentum, nesterov=values.nesterov, decay=values.decay)


def _schedule(values: Schedule) -> Expression:
    match values.kind:
        case ScheduleKind.CONSTANT:
            return _call("Constant")
        case ScheduleKind.STEPS:
            return _call("Steps", milestones=values.milestones, gamma=values.gamma)
        case ScheduleKind.COSINE:
            return _call("Cosine", warmup=values.warmup)
        case ScheduleKind.ONECYCLE:
            return _call("OneCycle", warmup=values.warmup)


def _augment(values: Augment) -> Expression:
    match values.kind:
        case AugmentKind.CROP:
            return _call("Crop", padding=values.size)
        case AugmentKind.FLIP:
            return _call("Flip")
        case AugmentKind.CUTOUT:
            return _call("Cutout", size=values.size)


def _call(function: str, **values: Expression | tuple[int, ...] | float) -> Expression:
    return Call(
        Atom(function),
        tuple(
            Argument(Atom(literal(value)) if isinstance(value, int | float | tuple) else value, name)
            for name, value in values.items()
        ),
    )
