"""Which names a spec may give: every one of them becomes a name of the generated Python."""

from __future__ import annotations

from collections.abc import Container, Iterable

from swc.check.operations import OPERATIONS
from swc.check.reserved import (
    GENERATED_CLASSES,
    GENERATED_NAMES,
    MODULE_ATTRIBUTES,
    MODULE_DICT_ATTRIBUTES,
    PYTHON_BUILTINS,
    PYTHON_MODULES,
    PYTHON_WORDS,
    class_name,
)
from swc.diagnostics import Diagnostics, Related
from swc.syntax import tree as t

_OTHER = "choose another name"


def _common(name: str) -> str | None:
    """Why no name at all may be this, or None."""
    if name.startswith("_"):
        return "names do not begin with an underscore"
    if "__" in name or name.endswith("_"):
        return "names have single underscores, between other characters"
    if name in PYTHON_WORDS:
        return "it is a word of Python, which the generated code is written in"
    return None


def _report(name: t.Name, what: str, why: str | None, diagnostics: Diagnostics, hint: str = _OTHER) -> bool:
    if why is None:
        return True
    diagnostics.error(
        "SW0210", f"{what} cannot be called `{name}`: {why}", name.span, label="not possible here", help=hint
    )
    return False


def check_definition_name(name: t.Name, what: str, diagnostics: Diagnostics) -> bool:
    """Check a name that becomes a class: that of a block, an architecture or a family."""
    why = _common(name.text)
    if why is None and name.text in OPERATIONS:
        why = "it is an operation of the language"
    if why is None and class_name(name.text) in GENERATED_CLASSES:
        why = f"its class would be `{class_name(name.text)}`, which generated code needs for something else"
    return _report(name, what, why, diagnostics)


def check_family_name(name: t.Name, diagnostics: Diagnostics) -> bool:
    """Check a family's name, which becomes a class and a Python file."""
    if name.text in PYTHON_MODULES:
        why = f"its file `{name}.py` would hide a Python module"
        return _report(name, "a family", why, diagnostics)
    return check_definition_name(name, "a family", diagnostics)


def check_value_name(
    name: t.Name, what: str, implicit: Container[str], definitions: Container[str], diagnostics: Diagnostics
) -> bool:
    """Check the name of a parameter, a variable or an index.

    ``implicit`` are the values that are there without being declared, ``definitions`` the blocks and architectures.
    """
    why = _common(name.text)
    if why is None and name.text in OPERATIONS:
        why = "it is an operation of the language"
    if why is None and name.text in implicit:
        why = f"`{name}` is there already, without being declared"
    if why is None and name.text in definitions:
        why = "a block or an architecture has that name"
    if why is None and (name.text in PYTHON_BUILTINS or name.text in GENERATED_NAMES):
        why = "generated code needs that name for something else"
    return _report(name, what, why, diagnostics)


def check_label(name: t.Name, diagnostics: Diagnostics) -> bool:
    """Check a label, which becomes an attribute of a torch module."""
    why = _common(name.text)
    if why is None and name.text in MODULE_ATTRIBUTES:
        why = "every torch module has something of that name already"
    return _report(name, "a layer", why, diagnostics, "choose another label")


def check_member_name(name: t.Name, diagnostics: Diagnostics) -> bool:
    """Check a member's name, which becomes part of the names of its layers."""
    why = _common(name.text)
    if why is None and name.text in MODULE_ATTRIBUTES | MODULE_DICT_ATTRIBUTES:
        why = "every torch module has something of that name already"
    if why is None and name.text == "members":
        why = "it stands for all members together"
    return _report(name, "a member", why, diagnostics)


def check_distinct(names: Iterable[tuple[t.Name, str]], code: str, what: str, diagnostics: Diagnostics) -> None:
    """Report each name that equals an earlier one or has the same key (the second of the pair).

    The key is what the generated code, or a file system, tells the names apart by.
    """
    seen: dict[str, t.Name] = {}
    for name, key in names:
        first = seen.setdefault(key, name)
        if first is name:
            continue
        if first.text == name.text:
            summary = f"{what} `{name}` is defined twice"
        else:
            summary = f"{what} `{name}` is too close to `{first}`: both become `{key}`"
        diagnostics.error(
            code,
            summary,
            name.span,
            label="again here",
            related=(Related(first.span, "first defined here"),),
            help="rename one of them",
        )
