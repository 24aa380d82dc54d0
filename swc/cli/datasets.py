"""The kinds of data sets, for ``--help``: read from their files, since importing them would load torch."""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from attrs import frozen


@frozen
class Kind:
    """What ``--data`` says for a kind of data set, and a line about it."""

    usage: str
    about: str


@cache
def kinds() -> tuple[Kind, ...]:
    """All kinds of the runtime that is installed, those that are whole by their name first."""
    found = find_spec("swc_runtime")  # finds the package without importing it
    if found is None or not found.submodule_search_locations:
        return ()
    folder = Path(found.submodule_search_locations[0]) / "datasets" / "kinds"
    calls = [call for file in sorted(folder.glob("*.py")) for call in _registrations(file)]
    return tuple(sorted(calls, key=lambda kind: (":" in kind.usage, kind.usage)))


def _registrations(file: Path) -> list[Kind]:
    """The calls of ``DataKind`` in a file, whose texts are literals."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [
        _kind(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "DataKind"
    ]


def _kind(call: ast.Call) -> Kind:
    name, about = (ast.literal_eval(argument) for argument in call.args[:2])
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    argument = ast.literal_eval(given["argument"]) if "argument" in given else ""
    return Kind(f"{name}:{argument}" if argument else name, about)


def data_help() -> str:
    """The help of ``--data``."""
    whole = ", ".join(kind.usage for kind in kinds() if ":" not in kind.usage)
    others = "; ".join(f"{kind.usage} ({kind.about})" for kind in kinds() if ":" in kind.usage)
    return f"Data set: {whole}; {others}."
