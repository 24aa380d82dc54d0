"""What one member turns out to contain while it is run on shapes."""

from __future__ import annotations

from attrs import define, field

from swc.check import Definition
from swc.diagnostics import Span
from swc.elaborate.values import ElaborationError, Form, Tensor
from swc.family import Layer, Norm

MAXIMUM_STEPS = 200_000
"""Statements that one member may execute: far beyond any network, and quick to reach for a runaway spec."""

Forms = dict[tuple[str, str], Form]
"""For each block, by module and name, what it works on."""


@define
class Recording:
    """Layers and norms in the order in which they are met, and the digest of what each of them returns.

    ``forms`` is shared by all members, as the generated classes are.
    """

    member: str
    layers: list[Layer] = field(factory=list)
    norms: list[Norm] = field(factory=list)
    digests: dict[str, str] = field(factory=dict)
    steps: int = 0
    forms: Forms = field(factory=dict)

    def step(self, span: Span) -> None:
        """Count one statement."""
        self.steps += 1
        if self.steps > MAXIMUM_STEPS:
            raise ElaborationError(
                "SW0410",
                f"member `{self.member}` does not end: more than {MAXIMUM_STEPS:,} steps",
                span,
                label="still going here",
                help="repeat less often",
            )

    def enter(self, definition: Definition, x: Tensor, span: Span) -> None:
        """Note what a block works on: its generated class is made for that."""
        key = (definition.module, definition.name)
        form = self.forms.setdefault(key, x.form)
        if form is not x.form:
            raise ElaborationError(
                "SW0409",
                f"block `{definition.name}` is used both on {form} and on {x.form}",
                span,
                label=f"here on {x}",
                help=f"write a second block for the {x.form}",
            )
