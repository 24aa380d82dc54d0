"""A fingerprint of what the members compute, down to strides and activations, which shapes do not show."""

from __future__ import annotations

import hashlib
import json

from swc.check import Definition, Program
from swc.check.walk import calls
from swc.syntax import tree as t


def definitions_hash(program: Program) -> str:
    """Sixteen hexadecimal digits over the syntax trees of all definitions that the members reach.

    Layout, comments, the files that definitions stand in and definitions that no member reaches do not count.
    """
    numbers: dict[tuple[str, str], int] = {}
    found: list[Definition] = []

    def number(module: str, name: str) -> int | None:
        """The number of the definition that a name stands for, in the order in which they are met."""
        definition = program.resolve(module, name)
        if definition is None:
            return None
        key = (definition.module, definition.name)
        if key not in numbers:
            numbers[key] = len(found)
            found.append(definition)
        return numbers[key]

    roots = [number("", x.value.function.text) for x in program.family.items if isinstance(x, t.Member)]
    content: list[object] = [roots]
    for definition in found:  # grows as calls lead to further definitions
        reached = [number(definition.module, call.function.text) for call, _ in calls(definition.node.body)]
        # Trees show everything but where it is written.
        content.append([repr(definition.node), reached])
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
