"""The `family` section: input, output, budget, members, and the settings of sharing and training."""

from __future__ import annotations

from collections.abc import Mapping

from swc.check.budget import check_budget
from swc.check.choices import INPUTS, OUTPUTS
from swc.check.environment import Environment
from swc.check.moved import check_moved
from swc.check.naming import check_distinct, check_family_name, check_member_name
from swc.check.program import Definition, Settings
from swc.check.reading import read_choice
from swc.check.recipe import check_together, read_recipe
from swc.check.sections import check_once, keyword_span
from swc.check.sharing import read_sharing
from swc.check.signature import definition_signature
from swc.check.types import check_arguments
from swc.diagnostics import Diagnostic, Diagnostics, Related, Severity, Span
from swc.diagnostics.words import count
from swc.syntax import tree as t

_REQUIRED = {
    "input": "input image(3, 32, 32)",
    "output": "output classes(10)",
    "budget": "budget 1M",
    "member": "member small = wrn(depth=16, widen=1)",
}


def check_family(family: t.Family, names: Mapping[str, Definition | None], diagnostics: Diagnostics) -> Settings | None:
    """Check a family and read its settings; None after an error in its input or output."""
    check_family_name(family.name, diagnostics)
    _check_sections(family, diagnostics)
    members = [item for item in family.items if isinstance(item, t.Member)]
    for member in members:
        check_member_name(member.name, diagnostics)
        _check_architecture(member.value, names, diagnostics)
    check_distinct(((m.name, m.name.text.casefold()) for m in members), "SW0209", "member", diagnostics)
    check_moved([item for item in family.items if isinstance(item, t.Moved)], diagnostics)
    for item in family.items:
        if isinstance(item, t.Budget):
            check_budget(item, [m.name.text for m in members], diagnostics)
            if isinstance(item.value, t.Relative) and isinstance(item.value.base, t.Call):
                _check_architecture(item.value.base, names, diagnostics)
    return _settings(family, diagnostics)


def _check_sections(family: t.Family, diagnostics: Diagnostics) -> None:
    kinds = [(type(item).__name__.lower(), item) for item in family.items]
    check_once(
        ((f"the section `{k}`", keyword_span(item, k)) for k, item in kinds if k not in {"member", "moved"}),
        diagnostics,
    )
    missing = [kind for kind in _REQUIRED if kind not in {k for k, _ in kinds}]
    if missing:
        listed = " and ".join(f"`{kind}`" for kind in missing)
        diagnostics.error(
            "SW0321",
            f"the family has no {listed}",
            family.name.span,
            label=f"needs {', '.join(missing)}",
            help="; ".join(
                f"write `{_REQUIRED[kind]}`" if i == 0 else f"`{_REQUIRED[kind]}`" for i, kind in enumerate(missing)
            ),
        )


def _check_architecture(call: t.Call, names: Mapping[str, Definition | None], diagnostics: Diagnostics) -> None:
    definition = names.get(call.function.text)
    if definition is None:
        return  # reported when it was looked up
    if not definition.is_arch:
        diagnostics.error(
            "SW0204",
            f"`{definition.name}` is a block, and a member is built by an architecture",
            call.function.span,
            label="not an architecture",
            related=(Related(definition.node.name.span, "defined here"),),
            help="write an `arch` that uses the block",
        )
        return
    check_arguments(call, definition_signature(definition), Environment({}, names, in_body=False), diagnostics)


def _settings(family: t.Family, diagnostics: Diagnostics) -> Settings | None:
    image: tuple[int, int, int] | None = None
    classes: int | None = None
    shares: list[t.Share | None] = [item for item in family.items if isinstance(item, t.Share)]
    trains: list[t.Train | None] = [item for item in family.items if isinstance(item, t.Train)]
    for item in family.items:
        if isinstance(item, t.Input):
            reading = read_choice(item.value, "input", INPUTS, diagnostics)
            if reading:
                channels, height, width = (int(reading.values[x]) for x in ("channels", "height", "width"))
                image = (channels, height, width)
                _check_channels(image, item.value.span, diagnostics)
        elif isinstance(item, t.Output):
            reading = read_choice(item.value, "output", OUTPUTS, diagnostics)
            classes = int(reading.values["count"]) if reading else classes
    # A second section is an error of its own, and its content is checked all the same.
    sharings = [read_sharing(share, diagnostics) for share in shares or [None]]
    recipes = [read_recipe(train, diagnostics) for train in trains or [None]]
    check_together(next(iter(shares), None), next(iter(trains), None), sharings[0], recipes[0], diagnostics)
    return Settings(image, classes, sharings[0], recipes[0]) if image and classes else None


def _check_channels(image: tuple[int, int, int], span: Span, diagnostics: Diagnostics) -> None:
    """Warn of an image that is one or three pixels wide and as high as it has channels: they come last elsewhere."""
    channels, height, width = image
    if channels != height or width not in {1, 3} or height <= width:
        return
    diagnostics.add(
        Diagnostic(
            "SW0327",
            f"`image({channels}, {height}, {width})` has {channels} channels and is {count(width, 'pixel')} wide",
            span,
            label="the channels come first",
            help=f"write `image({width}, {channels}, {height})` if the images are {height} pixels high and wide",
            severity=Severity.WARNING,
        )
    )
