"""What one member turns out to contain while it is run on shapes."""

from __future__ import annotations

from attrs import define, field

from swc.check import Definition
from swc.diagnostics import Span
from swc.elaborate.values import ElaborationError, Form, Tensor
from swc.family import Layer, Norm

MAXIMUM_STEPS = 200_000
"""Statements that one member may execute: far beyond any network, and quick to reach for a runaway spec."""

FAMILY_STEPS, FAMILY_LAYERS, FAMILY_MEMBERS = 500_000, 25_000, 1_000
"""What all members together may come to. A plan takes about half a millisecond for each layer."""

Forms = dict[tuple[str, str], Form]
"""For each block, by module and name, what it works on."""


@define
class Total:
    """What the members of a family have come to so far."""

    steps: int = 0
    layers: int = 0

    @property
    def is_too_much(self) -> bool:
        """Whether a limit has been passed, so that no further member need be built."""
        return self.steps > FAMILY_STEPS or self.layers > FAMILY_LAYERS

    def check(self, span: Span) -> None:
        """Raise SW0414 at a place once a limit has been passed."""
        if not self.is_too_much:
            return
        what = f"{FAMILY_LAYERS:,} layers" if self.layers > FAMILY_LAYERS else f"{FAMILY_STEPS:,} steps"
        raise ElaborationError(
            "SW0414",
            f"the members have more than {what} together",
            span,
            label="one too many",
            help="use fewer or smaller members",
        )


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
    total: Total = field(factory=Total)

    def step(self, span: Span) -> None:
        """Count one statement."""
        self.steps += 1
        self.total.steps += 1
        self.total.check(span)
        if self.steps > MAXIMUM_STEPS:
            raise ElaborationError(
                "SW0410",
                f"member `{self.member}` does not end: more than {MAXIMUM_STEPS:,} steps",
                span,
                label="still going here",
                help="repeat less often",
            )

    def add(self, layer: Layer, span: Span) -> None:
        """Note a layer."""
        self.total.layers += 1
        self.total.check(span)
        self.layers.append(layer)

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
