"""Reading one choice: its name, its arguments, their bounds."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from attrs import evolve, field, frozen

from swc.check.binding import bind
from swc.check.choices import Choice, Setting
from swc.check.constants import Constant, constant, type_of_constant
from swc.check.operations import Type
from swc.check.types import accepts, article
from swc.diagnostics import Diagnostics, Related, Span
from swc.diagnostics.names import near_names
from swc.syntax import tree as t


@frozen
class Reading:
    """What a choice says: its name, the value of each setting, and where those given are written."""

    name: str
    values: Mapping[str, Constant]
    listed: tuple[tuple[int, Span], ...] = ()
    spans: Mapping[str, Span] = field(factory=dict)


def read_choice(call: t.Call, what: str, table: Mapping[str, Choice], diagnostics: Diagnostics) -> Reading | None:
    """Read a choice of a table, or report what is wrong with it; ``what`` says what is being chosen."""
    choice = table.get(call.function.text)
    if choice is None:
        near = near_names(call.function.text, table)
        signatures = [f"`{x.signature.text}`" for x in table.values()]
        diagnostics.error(
            "SW0323",
            f"there is no {what} `{call.function}`",
            call.function.span,
            label="unknown",
            help=(f"write `{near[0]}`; " if near else "") + f"known: {', '.join(signatures)}",
            fix=near[0] if near else None,
        )
        return None
    return read_settings(call, choice, diagnostics)


def read_settings(call: t.Call, choice: Choice, diagnostics: Diagnostics) -> Reading | None:
    """The settings of a choice from the arguments of a call; None after an error in one."""
    if call.arguments and not choice.settings and choice.listed is None:
        beside = "; the number of bins is a setting beside it, as `bins 4`" if choice.name == "depth" else ""
        diagnostics.error(
            "SW0308",
            f"`{choice.name}` takes no arguments",
            call.arguments[0].span,
            label="one too many",
            help=f"write `{choice.name}` alone{beside}",
        )
        return None
    own = Diagnostics()
    call = _flags(call, choice)
    listed: tuple[tuple[int, Span], ...] = ()
    if choice.listed is not None:
        call, listed = _listed(call, choice, choice.listed, own)
    settings = {s.name: s for s in choice.settings}
    values: dict[str, Constant] = {s.name: s.default for s in choice.settings if s.default is not None}
    spans: dict[str, Span] = {}
    for parameter, argument in bind(call, choice.signature, own):
        setting = settings[parameter.name]
        value = read_value(setting, argument.value, choice.signature.text, own)
        if value is not None:
            values[setting.name] = value
            spans[setting.name] = argument.span
    for diagnostic in own.found:
        diagnostics.add(diagnostic)
    return None if own.has_errors else Reading(choice.name, values, listed, spans)


def _flags(call: t.Call, choice: Choice) -> t.Call:
    """A truth value given by its bare name is given as true: ``nesterov`` is ``nesterov=true``."""
    flags = {s.name for s in choice.settings if isinstance(s.default, bool)}

    def spelled_out(argument: t.Argument) -> t.Argument:
        value = argument.value
        if argument.name is None and isinstance(value, t.Reference) and value.name.text in flags:
            return evolve(argument, name=value.name, value=t.Boolean(value=True, span=value.span))
        return argument

    return evolve(call, arguments=tuple(spelled_out(a) for a in call.arguments))


def _listed(
    call: t.Call, choice: Choice, setting: Setting, diagnostics: Diagnostics
) -> tuple[t.Call, tuple[tuple[int, Span], ...]]:
    """Take the arguments without names out of a call: they are the values of the listed setting."""
    found: list[tuple[int, Span]] = []
    for argument in call.arguments:
        if argument.name is None:
            value = read_value(setting, argument.value, choice.signature.text, diagnostics)
            if value is not None:
                found.append((int(value), argument.span))
    if not any(a.name is None for a in call.arguments):
        diagnostics.error(
            "SW0305",
            f"`{choice.name}` needs at least one of its {setting.name}",
            call.span,
            label=f"no {setting.name}",
            help=f"it is written as `{choice.signature.text}`",
        )
    for (before, first), (value, span) in pairwise(found):
        if value <= before:
            diagnostics.error(
                "SW0324",
                f"the {setting.name} of `{choice.name}` must rise, and {value} follows {before}",
                span,
                label="not above the one before",
                related=(Related(first, "the one before"),),
                help="write them in rising order",
            )
    return evolve(call, arguments=tuple(a for a in call.arguments if a.name is not None)), tuple(found)


def read_value(setting: Setting, expression: t.Expression, text: str, diagnostics: Diagnostics) -> Constant | None:
    """The value of one setting, its type and bounds checked."""
    value = constant(expression, diagnostics)
    if value is None:
        return None
    given = type_of_constant(value)
    if not accepts(setting.type, given):
        diagnostics.error(
            "SW0304",
            f"`{setting.name}` must be {article(setting.type)}, and this is {article(given)}",
            expression.span,
            label=article(given),
            help=f"{_whole(setting, given)}it is written as `{text}`",
        )
        return None
    return value if check_bounds(setting, value, expression.span, diagnostics) else None


def _whole(setting: Setting, given: Type) -> str:
    return "write a whole number; " if setting.type is Type.INT and given is Type.FLOAT else ""


def check_bounds(setting: Setting, value: float, span: Span, diagnostics: Diagnostics) -> bool:
    """Report a value that is out of the bounds of its setting (SW0317)."""
    if setting.bounds is None or setting.bounds.holds(value):
        return True
    diagnostics.error(
        "SW0317",
        f"`{setting.name}` must be {setting.bounds}, and this is {value:g}",
        span,
        label="out of bounds",
    )
    return False
