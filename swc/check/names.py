"""What the names of each file stand for: its own definitions, those it uses, and architectures of the library."""

from __future__ import annotations

import re
from collections.abc import Mapping

from swc.check.modules import Loaded, Loader
from swc.check.operations import OPERATIONS
from swc.check.program import Definition
from swc.check.walk import calls
from swc.diagnostics import Diagnostic, Diagnostics, Related, Severity
from swc.diagnostics.names import near_names
from swc.diagnostics.words import all_of
from swc.syntax import tree as t

Names = dict[str, Definition | None]
"""What each name stands for; None for one that could not be found, which is reported."""


def names_of(loaded: Loaded, loader: Loader, diagnostics: Diagnostics) -> Names:
    """The names that the bodies of a file can call."""
    names: Names = {}
    for definition in loaded.definitions:
        names.setdefault(definition.name, definition)
    own = dict(names)
    used: dict[str, t.Name] = {}
    for use in loaded.file.items:
        if not isinstance(use, t.Use):
            continue
        module = loader.find(use.module.text, loaded, use.module.span)
        if module is None and not loader.is_broken(use.module.text, loaded):
            _report_module(use.module, loader.available(loaded), diagnostics)
        for name in use.names:
            first = own[name.text].node.name if own.get(name.text) else used.get(name.text)  # type: ignore[union-attr]  # just tested
            if first is not None:
                _report_again(name, first, diagnostics)
                continue
            used[name.text] = name
            names[name.text] = _used(name, module, use.module, diagnostics) if module else None
    return names


def _report_module(module: t.Name, available: list[str], diagnostics: Diagnostics) -> None:
    near = near_names(module.text, available)
    listed = ", ".join(f"`{x}`" for x in available)
    diagnostics.error(
        "SW0007",
        f"there is no file `{module}.sw` to use: neither in `arch/`, nor beside this file, nor in the library",
        module.span,
        label="not found",
        help=f"write `{near[0]}`" if near else f"there are {listed}",
        fix=near[0] if near else None,
    )


def _report_again(name: t.Name, first: t.Name, diagnostics: Diagnostics) -> None:
    diagnostics.error(
        "SW0206",
        f"the name `{name}` is defined twice",
        name.span,
        label="again here",
        related=(Related(first.span, "first here"),),
        help="leave out one of the two",
    )


def _used(name: t.Name, module: Loaded, module_name: t.Name, diagnostics: Diagnostics) -> Definition | None:
    found = next((d for d in module.definitions if d.name == name.text), None)
    if found is not None:
        return found
    origin = next(
        (
            use.module
            for use in module.file.items
            if isinstance(use, t.Use) and name.text in {n.text for n in use.names}
        ),
        None,
    )
    near = near_names(name.text, [d.name for d in module.definitions])
    if origin is not None:
        hint = f"it comes from `{origin}`: write `use {name} from {origin}`"
    elif near:
        hint = f"write `{near[0]}`"
    else:
        hint = "it defines " + (", ".join(f"`{d.name}`" for d in module.definitions) or "nothing")
    diagnostics.error(
        "SW0205",
        f"`{module_name}` defines no `{name}`",
        name.span,
        label="not defined there",
        help=hint,
        fix=near[0] if near and origin is None else None,
    )
    return None


def architecture_calls(family: t.Family) -> list[t.Call]:
    """The calls that must name architectures: those of the members and of a relative budget."""
    members = [item.value for item in family.items if isinstance(item, t.Member)]
    shares = [item.value for item in family.items if isinstance(item, t.Budget) and isinstance(item.value, t.Relative)]
    return members + [share.base for share in shares if isinstance(share.base, t.Call)]


def add_architectures(family: t.Family, spec: Loaded, names: Names, loader: Loader, diagnostics: Diagnostics) -> None:
    """Look up the architectures that a family calls and that its file neither defines nor uses."""
    for call in architecture_calls(family):
        name = call.function.text
        if name in names:
            continue
        module = None if name in OPERATIONS else loader.find(name, spec, call.function.span, arch=name)
        found = next((d for d in module.definitions if d.is_arch and d.name == name), None) if module else None
        names[name] = found
        if found is None and not loader.is_broken(name, spec):
            _report_architecture(call.function, spec, loader, diagnostics)


def _report_architecture(name: t.Name, spec: Loaded, loader: Loader, diagnostics: Diagnostics) -> None:
    own = [d.name for d in spec.definitions if d.is_arch]
    others = loader.architectures(spec)
    numbered = re.fullmatch(r"([A-Za-z]+)_?([0-9]+)(?:_([0-9]+))?", name.text)
    near = [name.text] if name.text in others else near_names(name.text, [*own, *others])
    fix = None
    if numbered and numbered[1].lower() in {*own, *others}:
        numbers = ", ".join(number for number in numbered.groups()[1:] if number)
        advice = f"its numbers are arguments, as `{numbered[1].lower()}({numbers})`"
    elif near and (near[0] in own or others[near[0]] == near[0]):
        fix = near[0]
        advice = f"write `{fix}`"
    elif near:
        advice = f"bring it in with `use {near[0]} from {others[near[0]]}`"
        advice += "" if near[0] == name.text else f", and write `{near[0]}`"
    else:
        listed = all_of([f"`{x}`" for x in sorted({*own, *others})])
        advice = f"define it with `arch {name}(...) {{ ... }}`, here or in `arch/{name}.sw`; there are {listed}"
    if name.text in OPERATIONS:
        summary = f"`{name}` is an operation, and a member is built by an architecture"
    else:
        summary = f"there is no architecture `{name}`"
    diagnostics.error(
        "SW0203",
        summary,
        name.span,
        label="no architecture",
        help=advice,
        fix=fix,
    )


def check_uses(loaded: Loaded, names: Mapping[str, Definition | None], diagnostics: Diagnostics) -> None:
    """Warn about what is brought in with `use` and never called."""
    called = {
        call.function.text
        for item in loaded.file.items
        if isinstance(item, t.Block | t.Arch)
        for call, _ in calls(item.body)
    }
    called |= {
        call.function.text
        for item in loaded.file.items
        if isinstance(item, t.Family)
        for call in architecture_calls(item)
    }
    for use in loaded.file.items:
        for name in use.names if isinstance(use, t.Use) else ():
            if names.get(name.text) is not None and name.text not in called:
                diagnostics.add(
                    Diagnostic(
                        "SW0219",
                        f"`{name}` is brought in from `{use.module}` and never called",  # type: ignore[union-attr]  # a use
                        name.span,
                        label="not used",
                        help="leave it out",
                        severity=Severity.WARNING,
                    )
                )
