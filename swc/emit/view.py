"""The finished view of a generated module: everything that the templates print."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import cast

from attrs import frozen

from swc.check import Definition, Program
from swc.emit.classes import Class
from swc.emit.code import Argument, Atom, Call
from swc.emit.layout import WIDTH, fitted
from swc.emit.library import Library
from swc.emit.names import FUNCTIONS, RUNTIME, class_name
from swc.emit.recipe import settings
from swc.emit.table import ClusterView, cluster_views
from swc.emit.text import literal
from swc.family import Family, Member
from swc.plan.model import Plan

MARKER = "# Written by swc from"
"""How the first line of every generated file begins, and of no other file."""


@frozen
class FamilyView:
    """The family's class."""

    name: str
    docstring: tuple[str, ...]
    settings: tuple[str, ...]
    input: tuple[int, int, int]
    classes: int
    architectures: tuple[str, ...]


@frozen
class PlanView:
    """The plan's table."""

    family: str
    structure: str
    budget: str
    parameters: str
    clusters: tuple[ClusterView, ...]


@frozen
class ModuleView:
    """A whole generated module."""

    header: str
    title: str
    spec: str
    imports: tuple[str, ...]
    classes: tuple[Class, ...]
    plan: PlanView
    family: FamilyView


def module_view(
    program: Program, family: Family, plan: Plan, classes: Sequence[Class], library: Library, content_hash: str
) -> ModuleView:
    """Put together what the templates need."""
    spec = spec_name(program)
    family_view = _family(program, family, plan, library)
    plan_view = PlanView(
        family=plan.family,
        structure=plan.structure,
        budget=f"{plan.budget:_}",
        parameters=f"{plan.parameters.total:_}",
        clusters=cluster_views(plan, family),
    )
    code = "\n".join(c.text for c in classes)
    used = {"Family", "Plan", "Weights", *re.findall(r"\w+", " ".join(family_view.settings))}
    used |= FUNCTIONS & set(re.findall(r"(?<![\w.])(\w+)(?=\()", code))
    if plan_view.clusters:
        used |= {"Cluster", "Layers"}
        used |= {"SuperWeight"} if any(c.superweights for c in plan_view.clusters) else set()
        used |= {"Tiles"} if any(c.tiles for c in plan_view.clusters) else set()
    return ModuleView(
        header=f"{spec} (sha256 {re.sub(r'[^0-9A-Za-z]', '', content_hash)}); edit the spec and compile again.",
        title=_title(family, plan),
        spec=spec,
        imports=(*_torch_imports(code), "", *_runtime_import(sorted(used & RUNTIME))),
        classes=tuple(classes),
        plan=plan_view,
        family=family_view,
    )


def spec_name(program: Program) -> str:
    """The spec's file name, without folders, as comments may show it."""
    name = PurePosixPath(program.modules[""].file.source.name).name
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name) or "spec"


def _title(family: Family, plan: Plan) -> str:
    count = len(family.members)
    members = f"{count} member{'s' if count != 1 else ''}"
    return f"Family {family.name}: {members} in {plan.parameters.total:,} of at most {plan.budget:,} parameters."


def _torch_imports(code: str) -> list[str]:
    lines = ["import torch"] if re.search(r"\btorch\.", code) else []
    if re.search(r"\bF\.", code):
        lines.append("import torch.nn.functional as F  # noqa: N812 - torch's own idiom")
    return [*lines, "from torch import Tensor, nn"]


def _runtime_import(names: Sequence[str]) -> list[str]:
    line = f"from swc_runtime import {', '.join(names)}"
    if len(line) <= WIDTH:
        return [line]
    return ["from swc_runtime import (", *(f"    {name}," for name in names), ")"]


def _family(program: Program, family: Family, plan: Plan, library: Library) -> FamilyView:
    values = settings(family)
    return FamilyView(
        name=class_name(family),
        docstring=(
            _title(family, plan),
            "",
            "The members, and the parameters that each would have alone:",
            "",
            *(f"- {_described(member)}" for member in family.members),
        ),
        settings=tuple(line for name, value in values.items() for line in fitted(f"{name} = ", value, "", 4)),
        input=family.input,
        classes=family.classes,
        architectures=tuple(line for m in family.members for line in _architecture(program, family, m, library)),
    )


def _described(member: Member) -> str:
    arguments = ", ".join(f"{name}={_shown(value)}" for name, value in member.arguments)
    return f"{member.name} = {member.arch}({arguments}): {member.parameters_alone:,}"


def _shown(value: object) -> str:
    """A value in the words of the language."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


def _architecture(program: Program, family: Family, member: Member, library: Library) -> list[str]:
    analysis = library.analysis(cast(Definition, program.resolve("", member.arch)))
    given: dict[str, object] = {"channels": family.input[0], "classes": family.classes}
    given |= {analysis.facts.name(name): value for name, value in member.arguments}
    keywords = tuple(Argument(Atom(literal(value)), name) for name, value in given.items())
    call = Call(Atom("partial"), (Argument(Atom(analysis.class_name)), *keywords))
    return fitted(f"{literal(member.name)}: ", call, ",", 8)
