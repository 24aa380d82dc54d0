"""What an expression may refer to at its place."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from swc.check.operations import Type
from swc.check.program import Definition
from swc.diagnostics import Span


@frozen
class Environment:
    """The names that mean something where an expression stands.

    ``variables`` are the values by name; a type of None means that the value is wrong and has been reported.
    ``definitions`` are the blocks and architectures that the module can name; None stands for one that has been
    reported missing. ``ended`` are variables that lived in a ``repeat`` that is over. In the ``family`` section
    (``in_body`` false), expressions are constants: no tensors, no blocks.
    """

    variables: Mapping[str, Type | None]
    definitions: Mapping[str, Definition | None]
    ended: Mapping[str, Span] = field(factory=dict)
    in_body: bool = True
