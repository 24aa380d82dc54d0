"""The classes of blocks and architectures: what the templates print, line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from attrs import evolve, frozen

from swc.check import Type
from swc.emit.branches import leaves
from swc.emit.code import NONE, Append, Assign, Atom, Call, Choice, Delete, Expression, If, Loop, Name, Statement
from swc.emit.facts import Facts
from swc.emit.forward import Forward
from swc.emit.layout import lines, signature
from swc.emit.library import Analysis, default
from swc.emit.liveness import used_in, without_dead
from swc.emit.shapes import TOKENS, VECTORS, Shape, described
from swc.emit.simplify import choice
from swc.emit.text import flat

_TYPES = {Type.INT: "int", Type.FLOAT: "float", Type.BOOL: "bool", Type.LIST: "tuple[int, ...]"}
_INDENT = 8


@frozen
class Class:
    """A generated class: its docstring and the finished lines of its methods."""

    name: str
    docstring: str
    init: tuple[str, ...]
    forward_docstring: str
    forward: tuple[str, ...]
    method_name: str
    method: tuple[str, ...]

    @property
    def text(self) -> str:
        """All code of the class, to see what it uses."""
        return "\n".join((*self.init, *self.forward, *self.method))


def class_of(analysis: Analysis) -> Class:
    """Write the class of a definition."""
    facts = analysis.facts
    forward = Forward(analysis)
    body = _stored(_with_chosen_classes(analysis.constructor.statements, facts), forward.kept)
    body, _ = without_dead(body)
    parameters = _parameters(facts)
    takes = ("weights", "channels", *(facts.name(name) for name in facts.parameters))
    used = {text.partition(".")[0] for text in used_in(body)}
    spare = tuple(name for name in takes if name not in used)
    if spare:
        body = (Delete(spare), *body)
    what = "Architecture" if facts.definition.is_arch else "Block"
    return Class(
        name=analysis.class_name,
        docstring=f"{what} {facts.definition.name} ({cited(facts.definition.place)}).",
        init=(
            *signature("__init__", ("self", "weights: Weights", "channels: int", *parameters), "None", 4),
            " " * _INDENT + "super().__init__()",
            *lines(body, _INDENT),
        ),
        forward_docstring=_forward_docstring(analysis, forward),
        forward=tuple(lines(forward.statements, _INDENT)),
        method_name=analysis.method_name if analysis.has_method else "",
        method=_method(analysis),
    )


def without_idle_methods(classes: Sequence[Class]) -> list[Class]:
    """The classes without static methods that no class calls any more."""
    kept = list(classes)
    while True:
        code = "\n".join(c.text for c in kept)
        idle = [i for i, c in enumerate(kept) if c.method and f"{c.name}.{c.method_name}(" not in code]
        if not idle:
            return kept
        for i in idle:
            kept[i] = evolve(kept[i], method=())


def cited(place: str) -> str:
    """A place in a spec as a docstring may show it, whatever the file is called."""
    return re.sub(r"[^A-Za-z0-9_./:-]", "_", place)


def _parameters(facts: Facts) -> list[str]:
    """The parameters as a signature declares them; truth values by keyword only."""
    placed = ["classes: int"] if facts.definition.is_arch else []
    named: list[str] = []
    for parameter in facts.node.parameters:
        kind = facts.types[parameter.name.text]
        text = f"{facts.name(parameter.name.text)}: {_TYPES[kind]}"
        if parameter.default is not None:
            text += f" = {flat(default(parameter))}"
        (named if kind is Type.BOOL else placed).append(text)
    return [*placed, "*", *named] if named else placed


def _stored(body: tuple[Statement, ...], kept: Mapping[str, str]) -> tuple[Statement, ...]:
    """The body of ``__init__`` with what the forward pass reads from the module: variable to attribute."""
    waiting = dict(kept)
    result: list[Statement] = []
    assigned = {name for s in body if isinstance(s, Assign) for name in s.targets}
    for name, attribute in kept.items():
        if name not in assigned:
            result.append(Assign((f"self.{attribute}",), Name(waiting.pop(name))))
    for statement in body:
        result.append(statement)
        if isinstance(statement, Assign) and statement.targets[0] in waiting:
            name = statement.targets[0]
            result.append(Assign((f"self.{waiting.pop(name)}",), Name(name)))
    return tuple(result)


def _with_chosen_classes(body: tuple[Statement, ...], facts: Facts) -> tuple[Statement, ...]:
    """``block = A if c else B`` where two classes are called alike, and a type where they are not."""
    taken = _locals(body)

    def chosen(statement: Assign | Append) -> tuple[Statement, ...]:
        values = list(leaves(statement.value))
        calls = [value for value in values if isinstance(value, Call)]
        functions = {call.function for call in calls}
        if len(functions) < 2:
            return (statement,)
        if len(calls) == len(values) and len({call.arguments for call in calls}) == 1:
            name = facts.unused("norm" if calls[0].function.text.startswith("nn.") else "block", taken)
            created = Call(Name(name), calls[0].arguments)
            return (Assign((name,), _functions(statement.value)), evolve(statement, value=created))
        if isinstance(statement, Assign):
            optional = " | None" if NONE in values else ""
            return (evolve(statement, annotation=f"nn.Module{optional}"),)
        return (statement,)

    result: list[Statement] = []
    for statement in body:
        match statement:
            case Assign(value=Choice()) if statement.targets[0].startswith("self."):
                result.extend(chosen(statement))
            case Append(value=Choice()):
                result.extend(chosen(statement))
            case Loop(body=inner):
                result.append(evolve(statement, body=_with_chosen_classes(inner, facts)))
            case If(body=inner, alternative=other):
                inner, other = _with_chosen_classes(inner, facts), _with_chosen_classes(other, facts)
                result.append(If(statement.condition, inner, other))
            case _:
                result.append(statement)
    return tuple(result)


def _functions(value: Expression) -> Expression:
    if isinstance(value, Choice):
        return choice(value.condition, _functions(value.consequent), _functions(value.alternative))
    return Atom(value.function.text) if isinstance(value, Call) else value


def _locals(body: tuple[Statement, ...]) -> set[str]:
    found: set[str] = set()
    for statement in body:
        match statement:
            case Assign(targets=targets):
                found.update(targets)
            case Loop(targets=targets, body=inner):
                found |= {*targets, *_locals(inner)}
            case If(body=inner, alternative=other):
                found |= _locals(inner) | _locals(other)
    return found


def _forward_docstring(analysis: Analysis, forward: Forward) -> str:
    before = described(Shape(Name("channels"), analysis.form))
    after = forward.described(analysis.constructor.result)
    what = {TOKENS: "tokens", VECTORS: "features"}.get(analysis.form, "images")
    if analysis.facts.definition.is_arch:
        return f"Map {what} {before} to logits{f' {after}' if after else ''}."
    return f"Map {what} {before} to {after}." if after and before != after else f"Transform {what} {before}."


def _method(analysis: Analysis) -> tuple[str, ...]:
    """The static method that works out the channels of the result, where callers cannot write them as an expression."""
    if not analysis.has_method:
        return ()
    declared = {text.partition(":")[0]: text for text in ("channels: int", *_parameters(analysis.facts))}
    wanted = [text for name, text in declared.items() if name in analysis.method_parameters]
    first = [text for text in wanted if not text.partition(":")[2].startswith(" bool")]
    rest = [text for text in wanted if text not in first]
    parameters = [*first, "*", *rest] if rest else first
    return (
        "    @staticmethod",
        *signature(analysis.method_name, parameters, "int", 4),
        " " * _INDENT + '"""Return the number of channels of the result."""',
        *lines(analysis.method, _INDENT),
    )
