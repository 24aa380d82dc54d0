"""Blocks and architectures of a file: their names, parameters and bodies."""

from __future__ import annotations

from collections.abc import Mapping

from swc.check.body import check_body
from swc.check.comments import check_comments
from swc.check.environment import Environment
from swc.check.labels import check_labels
from swc.check.naming import check_definition_name, check_distinct
from swc.check.operations import PARAMETER_TYPES, Type
from swc.check.program import Definition
from swc.check.reserved import class_name
from swc.check.signature import parameter_type
from swc.check.types import accepts, article, type_of
from swc.check.usage import check_usage
from swc.diagnostics import Diagnostics, Related, Span
from swc.diagnostics.names import near_names
from swc.syntax import tree as t


def check_definitions(file: t.File, names: Mapping[str, Definition | None], diagnostics: Diagnostics) -> None:
    """Check every definition of a file.

    Args:
        file: the file.
        names: what its bodies can call: its own definitions and those it uses (None where one could not be found).
        diagnostics: receives errors on names (SW02xx), types and values (SW03xx), and warnings on unused values.
    """
    definitions = [item for item in file.items if isinstance(item, t.Block | t.Arch)]
    families = [item for item in file.items if isinstance(item, t.Family)]
    named = [x.name for x in (*definitions, *families)]
    check_distinct(
        ((name, class_name(name.text)) for name in sorted(named, key=lambda n: n.span.start)),
        "SW0206",
        "the name",
        diagnostics,
    )
    types: list[tuple[Span, Mapping[str, Type | None]]] = [(family.span, {}) for family in families]
    for definition in definitions:
        what = "an architecture" if isinstance(definition, t.Arch) else "a block"
        check_definition_name(definition.name, what, diagnostics)
        own = Diagnostics()
        _check_parameters(definition, own)
        environment = Environment({}, names)
        types.append((definition.span, check_body(definition, environment, own)))
        check_labels(definition, environment, own)
        if not own.has_errors:
            check_usage(definition, environment, own)
        for diagnostic in own.found:
            diagnostics.add(diagnostic)
    check_comments(file, sorted(types, key=lambda known: known[0].start), diagnostics)


def _check_parameters(node: t.Block | t.Arch, diagnostics: Diagnostics) -> None:
    seen: dict[str, t.Parameter] = {}
    optional: t.Parameter | None = None
    for parameter in node.parameters:
        first = seen.setdefault(parameter.name.text, parameter)
        if first is not parameter:
            diagnostics.error(
                "SW0207",
                f"`{node.name}` has two parameters `{parameter.name}`",
                parameter.name.span,
                label="again here",
                related=(Related(first.name.span, "first here"),),
                help="rename one of them",
            )
        kind = parameter_type(parameter.type.text)
        if kind is None:
            _report_type(parameter.type, diagnostics)
        if parameter.default is not None:
            optional = parameter
            _check_default(parameter, parameter.default, kind, diagnostics)
        elif optional is not None:
            diagnostics.error(
                "SW0318",
                f"parameter `{parameter.name}` has no default and stands after one that has",
                parameter.span,
                label="needs a default",
                related=(Related(optional.span, "has a default"),),
                help="give it a default, or move it to the front",
            )


def _report_type(name: t.Name, diagnostics: Diagnostics) -> None:
    known = [str(x) for x in PARAMETER_TYPES]
    near = near_names(name.text, known)
    tensor = name.text == Type.TENSOR
    hint = f"write `{near[0]}`" if near else "the types are `int`, `float`, `bool` and `list` (of whole numbers)"
    if name.text == Type.SIZE:
        hint = "operations take a size as an int or as a list [height, width]: write `int` or `list`"
    diagnostics.error(
        "SW0311",
        "a parameter cannot be a tensor: a block has one tensor, `x`" if tensor else f"there is no type `{name}`",
        name.span,
        label="no type for a parameter",
        help=hint,
        fix=near[0] if near else None,
    )


def _check_default(parameter: t.Parameter, default: t.Expression, kind: Type | None, diagnostics: Diagnostics) -> None:
    if not _is_literal(default):
        diagnostics.error(
            "SW0312",
            f"the default of `{parameter.name}` is not a plain value",
            default.span,
            label="needs a number, `true`, `false` or a list of whole numbers",
            help="work it out in the body instead",
        )
        return
    own = Diagnostics()
    given = type_of(default, Environment({}, {}, in_body=False), own)
    for diagnostic in own.found:
        diagnostics.add(diagnostic)
    if kind is not None and given is not None and not accepts(kind, given):
        diagnostics.error(
            "SW0312",
            f"the default of `{parameter.name}` must be {article(kind)}, and this is {article(given)}",
            default.span,
            label=article(given),
            related=(Related(parameter.type.span, f"declared as {article(kind)}"),),
            help="change the default or the type",
        )


def _is_literal(expression: t.Expression) -> bool:
    if isinstance(expression, t.List):
        return all(_is_literal(item) for item in expression.items)
    if isinstance(expression, t.Negation):
        return isinstance(expression.operand, t.Number)
    return isinstance(expression, t.Number | t.Boolean)
