"""From the checked program to the family: every member is run on shapes, then hints and budget are resolved."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import cast

from attrs import evolve

from swc.blanks import without_comments
from swc.check import Definition, Program
from swc.diagnostics import Diagnostics, Related, Span
from swc.elaborate.fingerprint import fingerprint
from swc.elaborate.hints import resolve_hints
from swc.elaborate.interpreter import Environment, Interpreter, RequirementError, Scope
from swc.elaborate.moves import check_moves, moves_of, shared_by_names
from swc.elaborate.recording import FAMILY_MEMBERS, Forms, Recording, Total
from swc.elaborate.values import ElaborationError, Form, Tensor
from swc.family import Budget, Family, Former, Layer, Member, Moved
from swc.family.moved import cluster_formerly, formerly
from swc.syntax import tree as t

_NO_CALL_NAME = "budget"


def elaborate(program: Program) -> Family:
    """Build the family that a checked program describes.

    Raises:
        SpecError: for impossible arguments and shapes (SW04xx), hints that match nothing (SW0507) and budgets that come
            to nothing (SW0614); one diagnostic per member, and all hints.
    """
    diagnostics = Diagnostics()
    tree = program.family
    items = tree.items
    forms: Forms = {}
    members = _members(program, [item for item in items if isinstance(item, t.Member)], forms, diagnostics)
    diagnostics.raise_errors()
    layers = tuple(layer for member in members for layer in member.layers)
    share = next((item for item in items if isinstance(item, t.Share)), None)
    sharing = resolve_hints(share, program.settings.sharing, layers, diagnostics)
    budget = _budget(program, tuple(members), forms, diagnostics)
    diagnostics.raise_errors()
    settings = program.settings
    family = Family(
        name=tree.name.text,
        input=settings.input,
        classes=settings.classes,
        budget=cast(Budget, budget),
        members=tuple(members),
        sharing=sharing,
        recipe=settings.recipe,
        block_forms={key: form.value for key, form in forms.items()},
        moved=moves_of(tree),
        span=tree.name.span,
    )
    if not family.moved:
        return family
    check_moves(family, diagnostics)
    diagnostics.raise_errors()
    stages = (family.moved[first:] for first in reversed(range(len(family.moved))))
    return evolve(family, formers=tuple(_former(program, family, moves) for moves in stages))


def _former(program: Program, family: Family, moves: tuple[Moved, ...]) -> Former:
    """The family as it was before moves."""
    called, made = partial(formerly, moves), partial(cluster_formerly, moves)
    return Former(by_other_names(program, family, called, made), moves)


def by_other_names(
    program: Program, family: Family, called: Callable[[str], str], made: Callable[[str], str]
) -> Family:
    """A program's family under other names: its members run again, because what they compute is told by names.

    Args:
        program: the checked program that the family comes of.
        family: what it comes to.
        called: the other names of members, layers and norms.
        made: the other names of clusters made by hand.
    """
    diagnostics, forms, total = Diagnostics(), Forms(), Total()
    members = [
        _member(program, item.name.text, item.value, item.span, forms, diagnostics, total, called)
        for item in program.family.items
        if isinstance(item, t.Member)
    ]
    diagnostics.raise_errors()
    built = tuple(member for member in members if member is not None)
    sharing = shared_by_names(family.sharing, called, made)
    return evolve(family, members=built, sharing=sharing, moved=(), formers=())


def _members(program: Program, items: list[t.Member], forms: Forms, diagnostics: Diagnostics) -> list[Member]:
    """Build the members, as far as the limits of a family let it."""
    for item in items[FAMILY_MEMBERS : FAMILY_MEMBERS + 1]:
        diagnostics.error(
            "SW0414",
            f"the family has {len(items):,} members, and more than {FAMILY_MEMBERS:,} are too many",
            item.name.span,
            label="one too many",
            help="use fewer members",
        )
        return []
    members, total = [], Total()
    for item in items:
        built = _member(program, item.name.text, item.value, item.span, forms, diagnostics, total)
        if built is not None:
            members.append(built)
        if total.is_too_much:
            break
    return members


def _member(
    program: Program,
    name: str,
    call: t.Call,
    span: Span,
    forms: Forms,
    diagnostics: Diagnostics,
    total: Total,
    called: Callable[[str], str] = str,
) -> Member | None:
    definition = cast(Definition, program.resolve("", call.function.text))
    record = Recording(called(name), forms=forms, total=total)
    interpreter = Interpreter(program, record, called)
    channels, height, width = program.settings.input
    try:
        environment = _arguments(interpreter, definition, call)
        arguments = tuple((p.name.text, environment[p.name.text]) for p in definition.node.parameters)
        x = Tensor(channels, (height, width), digest=fingerprint("input"))
        environment |= {"x": x, "classes": program.settings.classes}
        result = interpreter.run(definition, environment, Scope(definition.module, name, call.span))
        _check_result(result, program.settings.classes, definition, call.span)
    except ElaborationError as error:
        related: tuple[Related, ...] = (
            (Related(call.span, f"while building `{name}`"),) if error.span != call.span else ()
        )
        if isinstance(error, RequirementError):
            related = error.related + related
        diagnostics.error(error.code, error.summary, error.span, label=error.label, help=error.help, related=related)
        return None
    layers = _placed(record.layers, result.layer)
    return Member(
        record.member,
        definition.name,
        arguments,
        layers,
        sum(norm.parameters for norm in record.norms),
        norms=tuple(record.norms),
        digests=record.digests,
        computes=result.digest,
        span=span,
    )


def _arguments(interpreter: Interpreter, definition: Definition, call: t.Call) -> Environment:
    """The architecture's parameters as a call in the family gives them."""
    names = tuple(p.name.text for p in definition.node.parameters)
    outside = Scope("", "", call.span)
    environment: Environment = {
        names[i] if a.name is None else a.name.text: interpreter.value(a.value, {}, outside)
        for i, a in enumerate(call.arguments)
    }
    interpreter.complete(definition, environment)
    return environment


def _check_result(result: Tensor, classes: int, definition: Definition, span: Span) -> None:
    if result.form is not Form.VECTORS or result.channels != classes:
        raise ElaborationError(
            "SW0412",
            f"architecture `{definition.name}` returns {result}, and the family needs a vector of {classes} classes",
            span,
            label=f"returns {result}",
            help="end it with `fc: linear(global_pool(y), classes)`",
        )


def _placed(layers: list[Layer], head: str | None) -> tuple[Layer, ...]:
    """The layers with their relative depth, and the head marked."""
    last = max(1, len(layers) - 1)
    return tuple(evolve(x, depth=i / last, head=x.name == head) for i, x in enumerate(layers))


def _budget(program: Program, members: tuple[Member, ...], forms: Forms, diagnostics: Diagnostics) -> Budget | None:
    item = next(item for item in program.family.items if isinstance(item, t.Budget))
    if isinstance(item.value, t.Amount):
        return Budget(int(item.value.value), item.value.text, span=item.value.span)
    whole = _whole(program, item.value, members, forms, diagnostics)
    if whole is None:
        return None
    percent = Fraction(Decimal(str(item.value.percent)))
    parameters = int(percent * whole / 100)
    if parameters < 1:
        diagnostics.error(
            "SW0614",
            f"`{item.value.span.text}` is less than one parameter",
            item.value.span,
            label=f"{item.value.percent}% of {whole:,} parameters",
            help="ask for a larger share",
        )
        return None
    return Budget(parameters, without_comments(item.value.span.text), span=item.value.span)


def _whole(
    program: Program, value: t.Relative, members: tuple[Member, ...], forms: Forms, diagnostics: Diagnostics
) -> int | None:
    """What a relative budget is a share of, in parameters."""
    if isinstance(value.base, t.Call):
        built = _member(program, _NO_CALL_NAME, value.base, value.span, forms, diagnostics, Total())
        return built.parameters_alone if built else None
    name = value.base.name.text
    return sum(m.parameters_alone for m in members if name in ("members", m.name))
