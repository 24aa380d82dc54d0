"""Modules as sources: which of their definitions some others need, and the text of each."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from swc_runtime.problems import ExportError

Definition = ast.ClassDef | ast.FunctionDef | ast.Assign | ast.AnnAssign
FREE = frozenset({"torch", "safetensors"})
"""Packages that exported sources may import, beside the standard library."""


@dataclass
class Source:
    """A module's name and text, its definitions by name, and its imports: what each name stands for."""

    name: str
    text: str
    definitions: dict[str, Definition] = field(default_factory=dict)
    imports: dict[str, ast.Import | ast.ImportFrom] = field(default_factory=dict)

    @classmethod
    def of(cls, namespace: Mapping[str, Any]) -> Source:
        """Read the module that has some global names.

        Raises:
            ExportError: its source is not at hand, or is not Python.
        """
        name, file = str(namespace.get("__name__")), namespace.get("__file__")
        linecache.checkcache(file)
        text = "".join(linecache.getlines(file, dict(namespace))) if isinstance(file, str) else ""
        if not text:
            raise ExportError(
                f"The source of {name} is not at hand{f' ({file})' if file else ''}: the format `torch` is written "
                "from the file that defines the family's architectures."
            )
        try:
            tree = ast.parse(text)
        except SyntaxError as problem:
            raise ExportError(f"{file} has changed since it was loaded, and is no Python any more.") from problem
        source = cls(name, text)
        for node in tree.body:
            source._add(node)
        return source

    def _add(self, node: ast.stmt) -> None:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            self.definitions[node.name] = node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self.definitions[target.id] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            self.definitions[node.target.id] = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                self.imports[alias.asname or alias.name.partition(".")[0]] = node

    def lines(self, node: ast.AST) -> list[str]:
        """The lines that a definition stands on, decorators and the comments right above it included."""
        every = self.text.splitlines()
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])  # type: ignore[attr-defined]
        while first > 1 and every[first - 2].startswith("#"):
            first -= 1
        return every[first - 1 : node.end_lineno]  # type: ignore[attr-defined]


@dataclass
class Needed:
    """What a set of definitions comes to: themselves and all that they use, with the imports of it."""

    definitions: list[tuple[Source, str]] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)


def needed(source: Source, names: Iterable[str], left_out: frozenset[str]) -> Needed:
    """Collect the definitions of a module that some of them use, whatever swc module they stand in.

    Args:
        source: the module to start from.
        names: the definitions to start from.
        left_out: names that nothing is collected for.

    Returns:
        Definitions after those that they use where they stand in other modules, in each module's own order, and
        import statements.

    Raises:
        ExportError: something else than torch or the standard library is imported.
    """
    found = Needed()
    reached: dict[str, tuple[Source, set[str]]] = {}
    sources = {source.name: source}
    todo = [(source, name) for name in names]
    while todo:
        place, name = todo.pop()
        seen = reached.setdefault(place.name, (place, set()))[1]
        if name in left_out or name in seen:
            continue
        if name in place.definitions:
            seen.add(name)
            todo.extend((place, used) for used in used_names(place.definitions[name]))
        elif name in place.imports:
            elsewhere = _import(place, name, found.imports, sources)
            if elsewhere is not None:
                todo.append(elsewhere)
    for place, seen in reversed(list(reached.values())):
        nodes = {id(node): name for name, node in place.definitions.items() if name in seen}
        found.definitions.extend((place, name) for name in nodes.values())
    return found


def used_names(node: ast.AST) -> Iterator[str]:
    """Every name that stands in a definition, bare or at the root of an attribute."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id


def _import(place: Source, name: str, imports: set[str], sources: dict[str, Source]) -> tuple[Source, str] | None:
    """Note an import of a free package; an import from swc is followed to the definition."""
    node = place.imports[name]
    alias = next(a for a in node.names if (a.asname or a.name.partition(".")[0]) == name)
    if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "swc_runtime":
        defined = getattr(import_module(node.module or ""), alias.name)
        module = inspect.getmodule(defined)
        if module is None or alias.asname not in (None, alias.name):
            raise ExportError(f"{place.name} uses {alias.name}, which cannot be written as plain PyTorch.")
        return sources.setdefault(module.__name__, Source.of(vars(module))), alias.name
    if isinstance(node, ast.ImportFrom):
        imports.add(f"from {node.module} import {_written(alias)}")
    else:
        imports.add(f"import {_written(alias)}")
    return None


def _written(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def foreign_imports(text: str, standard: Mapping[str, object] | frozenset[str]) -> list[str]:
    """The packages that a source imports beyond torch, safetensors and the standard library."""
    roots: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            roots.extend(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            roots.append((node.module or ".").partition(".")[0])
    return sorted({root for root in roots if root not in FREE and root not in standard})
