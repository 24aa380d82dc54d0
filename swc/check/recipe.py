"""The `train` section: epochs, batch, optimizer, schedule and augmentation."""

from __future__ import annotations

from attrs import evolve

from swc.check.choices import AUGMENTS, OPTIMIZERS, SCALARS, SCHEDULES
from swc.check.operations import Type
from swc.check.reading import Reading, check_bounds, read_choice
from swc.check.sections import check_once, keyword_span
from swc.check.types import article
from swc.diagnostics import Diagnostic, Diagnostics, Related, Severity, Span
from swc.diagnostics.names import near_names
from swc.family import Augment, AugmentKind, Recipe, Schedule, ScheduleKind, Sgd, Sharing
from swc.syntax import tree as t

_OTHER_OPTIMIZERS = frozenset(
    {"adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "lamb", "lars", "lbfgs", "lion", "muon", "nadam"}
    | {"radam", "rmsprop", "rprop"}
)
"""Optimizers that people ask for, and that swc does not have."""

_SHARING = ("private", "public", "tie", "apart", "templates", "bins", "cluster", "clusters", "refine")
_MISPLACED = (
    dict.fromkeys(("lr", "learning_rate"), "the optimizer has it, as `sgd(lr=0.1)`")
    | dict.fromkeys(("momentum", "nesterov"), "the optimizer has it, as `sgd(lr=0.1, momentum=0.9, nesterov)`")
    | dict.fromkeys(("decay", "weight_decay", "wd"), "the optimizer has it, as `sgd(lr=0.1, decay=5e-4)`")
    | dict.fromkeys(("optimizer", "optimiser", "optim"), "write `sgd(lr=0.1)`, with nothing before it")
    | dict.fromkeys(
        ("schedule", "scheduler"), "write `cosine(warmup=5)`, `steps(60, 120)` or such, with nothing before it"
    )
    | dict.fromkeys(("warmup",), "the schedule has it, as `cosine(warmup=5)`")
    | dict.fromkeys(("gamma", "milestones"), "the schedule has it, as `steps(60, 120, gamma=0.2)`")
    | dict.fromkeys(("batch_size", "batchsize"), "write `batch 128`")
    | dict.fromkeys(("label_smoothing",), "write `smoothing 0.1`")
    | dict.fromkeys(("seed", "device", "data", "dataset"), "`swc train` takes it on the command line")
    | {name: f"`{name}` stands in the section `share {{ ... }}`" for name in _SHARING}
    | dict.fromkeys(AUGMENTS, "`augment` names all of them, with commas between, as `augment crop, flip`")
)
"""Where the setting belongs that people look for in this section."""


def read_recipe(train: t.Train | None, diagnostics: Diagnostics) -> Recipe:
    """The settings of a `train` section, with the defaults of :class:`swc.family.Recipe` for those it leaves out."""
    recipe = Recipe()
    items = train.items if train else ()
    check_once(_places(items), diagnostics)
    schedule: Reading | None = None
    for item in items:
        match item:
            case t.Scalar():
                recipe = _scalar(item, recipe, diagnostics)
            case t.Choice():
                reading = _choice(item, diagnostics)
                if reading is not None and reading.name in OPTIMIZERS:
                    recipe = evolve(recipe, optimizer=_sgd(reading, item, diagnostics))
                elif reading is not None:
                    schedule = reading
                    recipe = evolve(recipe, schedule=_schedule(reading))
            case t.Augment():
                recipe = evolve(recipe, augment=_augment(item, diagnostics))
    if schedule is not None:
        _check_schedule(schedule, recipe, diagnostics)
    return recipe


def _places(items: tuple[t.Scalar | t.Choice | t.Augment, ...]) -> list[tuple[str, Span]]:
    places = []
    for item in items:
        if isinstance(item, t.Augment):
            places.append(("`augment`", keyword_span(item, "augment")))
        elif isinstance(item, t.Scalar):
            places.append((f"`{item.name}`", item.name.span))
        elif item.call.function.text in OPTIMIZERS:
            places.append(("the optimizer", item.span))
        elif item.call.function.text in SCHEDULES:
            places.append(("the schedule", item.span))
    return places


def _scalar(item: t.Scalar, recipe: Recipe, diagnostics: Diagnostics) -> Recipe:
    name = item.name.text
    setting = SCALARS.get(name)
    if setting is None:
        _unknown(item.name, diagnostics)
        return recipe
    if setting.type is Type.INT and isinstance(item.value, float):
        span = Span(item.span.source, item.name.span.end, item.span.end)
        start = span.start + len(span.text) - len(span.text.lstrip())
        diagnostics.error(
            "SW0304",
            f"`{name}` must be {article(Type.INT)}, and this is a float",
            Span(span.source, start, span.end),
            label="not a whole number",
            help=f"write `{name} {item.value:.0f}`" if item.value.is_integer() else "write a whole number",
        )
        return recipe
    if not check_bounds(setting, item.value, item.span, diagnostics):
        return recipe
    if name == "epochs":
        return evolve(recipe, epochs=int(item.value))
    return evolve(recipe, batch=int(item.value)) if name == "batch" else evolve(recipe, smoothing=float(item.value))


def _choice(item: t.Choice, diagnostics: Diagnostics) -> Reading | None:
    name = item.call.function
    if name.text in OPTIMIZERS or name.text in SCHEDULES:
        return read_choice(item.call, "setting", OPTIMIZERS | SCHEDULES, diagnostics)
    if name.text in SCALARS:
        diagnostics.error(
            "SW0325",
            f"`{name}` is written with a number and nothing else",
            item.span,
            label="expected a name and a number",
            help=f"write `{name} {_number(item.call) or f'{SCALARS[name.text].default:g}'}`",
        )
    else:
        _unknown(name, diagnostics)
    return None


def _number(call: t.Call) -> str:
    """The one number that a call is given, as it is written."""
    values = [argument.value for argument in call.arguments]
    return values[0].span.text if len(values) == 1 and isinstance(values[0], t.Number) else ""


def _unknown(name: t.Name, diagnostics: Diagnostics) -> None:
    choices = OPTIMIZERS | SCHEDULES
    if name.text in choices:
        diagnostics.error(
            "SW0325",
            f"`{name}` takes its settings in parentheses",
            name.span,
            label="expected parentheses after this",
            help=f"it is written as `{choices[name.text].signature.text}`",
        )
        return
    known = [*SCALARS, *choices, "augment"]
    near: list[str]
    if name.text.lower() in _OTHER_OPTIMIZERS:
        near, advice = [], f"`sgd` is the only optimizer: `{OPTIMIZERS['sgd'].signature.text}`"
    elif name.text.lower() in _MISPLACED:
        near, advice = [], _MISPLACED[name.text.lower()]
    else:
        near = near_names(name.text, known)
        listed = ", ".join(f"`{x}`" for x in known)
        advice = f"write `{near[0]}`" if near else f"the settings are {listed}"
    diagnostics.error(
        "SW0323",
        f"there is no setting `{name}` for training",
        name.span,
        label="unknown",
        help=advice,
        fix=near[0] if near else None,
    )


def _sgd(reading: Reading, item: t.Choice, diagnostics: Diagnostics) -> Sgd:
    values = reading.values
    sgd = Sgd(float(values["lr"]), float(values["momentum"]), bool(values["nesterov"]), float(values["decay"]))
    if sgd.nesterov and sgd.momentum == 0:
        diagnostics.error(
            "SW0324",
            "`nesterov` needs a momentum above 0",
            reading.spans.get("nesterov", item.span),
            label="without momentum",
            help="give `momentum=0.9`, or leave out `nesterov`",
        )
    return sgd


def _schedule(reading: Reading) -> Schedule:
    kind = ScheduleKind(reading.name)
    match kind:
        case ScheduleKind.STEPS:
            milestones = tuple(value for value, _ in reading.listed)
            return Schedule(kind, milestones=milestones, gamma=float(reading.values["gamma"]))
        case ScheduleKind.COSINE | ScheduleKind.ONECYCLE:
            return Schedule(kind, warmup=float(reading.values["warmup"]))
        case ScheduleKind.CONSTANT:
            return Schedule(kind)


def _check_schedule(reading: Reading, recipe: Recipe, diagnostics: Diagnostics) -> None:
    for milestone, span in reading.listed:
        if milestone >= recipe.epochs:
            _warn(
                f"training ends after {recipe.epochs} epochs, before the step at {milestone}",
                span,
                "never reached",
                "train longer, or leave out the step",
                diagnostics,
            )
    if recipe.schedule.kind is ScheduleKind.COSINE and recipe.schedule.warmup >= recipe.epochs:
        diagnostics.error(
            "SW0324",
            f"the warm-up takes {recipe.schedule.warmup:g} epochs, and training only {recipe.epochs}",
            reading.spans["warmup"],
            label="too long",
            help="shorten the warm-up, or train longer",
        )


def _augment(item: t.Augment, diagnostics: Diagnostics) -> tuple[Augment, ...]:
    check_once(((f"`{call.function}`", call.span) for call in item.operations), diagnostics)
    found = []
    for call in item.operations:
        reading = read_choice(call, "augmentation", AUGMENTS, diagnostics)
        if reading is not None:
            size = reading.values.get("padding", reading.values.get("size", 0))
            found.append(Augment(AugmentKind(reading.name), int(size)))
    return tuple(found)


def check_together(
    share: t.Share | None, train: t.Train | None, sharing: Sharing, recipe: Recipe, diagnostics: Diagnostics
) -> None:
    """Warn when refinement would start after training has ended."""
    refine = next((x for x in share.items if isinstance(x, t.Refine)), None) if share else None
    epochs = None
    for item in train.items if train else ():
        if isinstance(item, t.Scalar) and item.name.text == "epochs":
            epochs = item
    place = refine or epochs
    if sharing.refinement is None or place is None or sharing.refinement.after < recipe.epochs:
        return
    _warn(
        f"refinement starts after {sharing.refinement.after} epochs, and training ends after {recipe.epochs}",
        place.span,
        "refinement never happens",
        "refine earlier (`refine gradient(after=...)`), train longer, or write `refine none`",
        diagnostics,
        tuple(Related(x.span, "training ends here") for x in (epochs,) if x is not None and x is not place),
    )


def _warn(
    summary: str, span: Span, label: str, hint: str, diagnostics: Diagnostics, related: tuple[Related, ...] = ()
) -> None:
    diagnostics.add(
        Diagnostic("SW0326", summary, span, label=label, related=related, help=hint, severity=Severity.WARNING)
    )
