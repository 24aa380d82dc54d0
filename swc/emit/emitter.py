"""The stage itself: a checked program, its family and its plan become the source of a module."""

from __future__ import annotations

from typing import cast

from jinja2 import Environment, PackageLoader, StrictUndefined

from swc.check import Definition, Program
from swc.check.walk import calls
from swc.emit.classes import class_of, without_idle_methods
from swc.emit.library import Library
from swc.emit.names import RESERVED, class_names
from swc.emit.text import literal
from swc.emit.view import MARKER, module_view
from swc.family import Family
from swc.plan.model import Plan

_TEMPLATE = "module.py.jinja"


def emit(program: Program, family: Family, plan: Plan, *, content_hash: str) -> str:
    """Write the generated module.

    Args:
        program: the checked spec; only definitions that the members reach are written.
        family: the elaborated family.
        plan: the sharing plan.
        content_hash: hash of the texts that the module is made from, for its first line.

    Returns:
        Python source, the same for equal arguments, on any machine. Its first line begins with ``MARKER``.
    """
    definitions = reachable(program, family)
    library = Library(program, family, class_names(definitions, family), RESERVED)
    for member in family.members:
        library.analysis(cast(Definition, program.resolve("", member.arch)))
    # A block that is called only where a condition never holds has not been met on the way.
    analyses = [library.analyses[key] for d in definitions if (key := (d.module, d.name)) in library.analyses]
    classes = without_idle_methods([class_of(analysis) for analysis in analyses])
    view = module_view(program, family, plan, classes, library, content_hash)
    return _environment().get_template(_TEMPLATE).render(module=view, marker=MARKER)


def reachable(program: Program, family: Family) -> list[Definition]:
    """The definitions that the members are built from: those that are called before their callers."""
    found: dict[tuple[str, str], Definition] = {}

    def visit(start: Definition) -> None:
        stack = [(start, iter(_called(program, start)))]
        while stack:
            definition, rest = stack[-1]
            following = next((d for d in rest if (d.module, d.name) not in found), None)
            if following is not None:
                stack.append((following, iter(_called(program, following))))
            else:
                found.setdefault((definition.module, definition.name), definition)
                stack.pop()

    for member in family.members:
        visit(cast(Definition, program.resolve("", member.arch)))
    return list(found.values())


def _called(program: Program, definition: Definition) -> list[Definition]:
    names = dict.fromkeys(call.function.text for call, _ in calls(definition.node.body))
    resolved = [program.resolve(definition.module, name) for name in names]
    return [d for d in resolved if d is not None]


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("swc.emit"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Python source, not HTML; strings go through the repr filter
    )
    environment.filters["repr"] = literal
    return environment
