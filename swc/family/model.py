"""The elaborated family: members, layers and shapes as plain values (the output of ``swc.elaborate``)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from swc.diagnostics import Span
from swc.family.moved import Former, Moved
from swc.family.recipe import Recipe


class Kind(StrEnum):
    """What a weight is used for."""

    CONV = "conv"
    LINEAR = "linear"


@frozen
class Layer:
    """One weight of shape (out, in, kh, kw) and its optional bias.

    ``name`` is the member's name and the labels on the way to the layer, joined by dots (``deep.group1.0.conv1``);
    ``inputs`` counts input channels *per group*; ``depth`` in [0, 1] is the relative position among the layers of the
    member; ``head`` marks the layer whose output the architecture returns.
    """

    name: str
    member: str
    kind: Kind
    out: int
    inputs: int
    kernel: tuple[int, int] = (1, 1)
    groups: int = 1
    bias: bool = False
    depth: float = 0.0
    head: bool = False
    span: Span | None = field(default=None, eq=False, repr=False)

    @property
    def fan_in(self) -> int:
        """Inputs that one output sums over: in x kh x kw."""
        return self.inputs * self.kernel[0] * self.kernel[1]

    @property
    def weights(self) -> int:
        """Number of elements of the weight."""
        return self.out * self.fan_in

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(out, in, kh, kw)."""
        return (self.out, self.inputs, *self.kernel)


@frozen
class Norm:
    """A batch norm (``bn``) or layer norm (``ln``) by its full name, such as ``deep.group1.0.bn1``."""

    name: str
    kind: str
    channels: int

    @property
    def parameters(self) -> int:
        """Trainable parameters: a scale and a shift for each channel."""
        return 2 * self.channels


@frozen
class Member:
    """One architecture of the family, with the arguments it was called with.

    ``digests`` are fingerprints of what its layers and norms return, by full name in the order of the body, and
    ``computes`` is that of its result: they tell strides and activations, which shapes do not show
    (``swc.elaborate.fingerprint``). Families that no spec describes have none, and may leave out ``norms`` besides
    their number of parameters.
    """

    name: str
    arch: str
    arguments: tuple[tuple[str, object], ...]
    layers: tuple[Layer, ...]
    norm_parameters: int
    norms: tuple[Norm, ...] = ()
    digests: Mapping[str, str] = field(factory=dict, repr=False)
    computes: str = ""
    span: Span | None = field(default=None, eq=False, repr=False)

    @property
    def parameters_alone(self) -> int:
        """Trainable parameters of the member built plain, with weights of its own."""
        return self.norm_parameters + sum(x.weights + (x.out if x.bias else 0) for x in self.layers)


class ClusterMethod(StrEnum):
    """How layers are put into SuperWeight clusters."""

    GRADIENT = "gradient"
    SINGLE = "single"
    DEPTH = "depth"


@frozen
class Clustering:
    """``clusters gradient(threshold=τ, epochs=n)``, ``clusters single`` or ``clusters depth`` (sec. 2.2.1)."""

    method: ClusterMethod = ClusterMethod.GRADIENT
    threshold: float = 0.1
    epochs: int = 20
    span: Span | None = field(default=None, eq=False, repr=False)


@frozen
class Refinement:
    """``refine gradient(threshold=β, after=E)``: when and how coefficients part (sec. 2.2.2)."""

    threshold: float = 0.9
    after: int = 10


@frozen
class Hint:
    """A sharing hint, resolved: for each pattern, the names of the layers that it matches.

    ``private a, b``: every matched layer owns its weight. ``public a``: matched layers take part in sharing although
    they are heads. ``tie a, b``: all matched layers are in one cluster. ``apart a, b``: no layer matched by one
    pattern is in a cluster with a layer matched by another.
    """

    patterns: tuple[str, ...]
    layers: tuple[tuple[str, ...], ...]
    spans: tuple[Span, ...] = field(default=(), eq=False, repr=False)

    @property
    def all_layers(self) -> tuple[str, ...]:
        """Every matched layer once, in the order of the patterns."""
        return tuple(dict.fromkeys(name for names in self.layers for name in names))


@frozen
class TemplatesHint(Hint):
    """``templates 2..4 for a, b``: SuperWeights that serve a matched layer keep their templates within ``bounds``.

    These take the place of the bounds that hold for the whole family; where several hints bear on a SuperWeight, by
    whichever of its layers, all of them hold. A SuperWeight with fewer coefficient vectors than the lower bound has one
    template for each vector, because more would add nothing to what it can be.
    """

    bounds: tuple[int, int] = field(kw_only=True)


@frozen
class BinsHint(Hint):
    """``bins 4 for deep.*``: the matched layers start in ``count`` bins of their depth.

    Hints of one count speak of one set of layers, which are in no cluster with others before a search.
    """

    count: int = field(kw_only=True)


@frozen
class ClusterHint(Hint):
    """``cluster NAME a, b``: the matched layers, and what ties tie to them, are one cluster of their own."""

    name: str = field(kw_only=True)


@frozen
class Sharing:
    """What the ``share`` section says. ``refinement`` is None for ``refine none``.

    ``templates`` are the bounds for SuperWeights that no ``template_hints`` speak of, ``bins`` the number of bins of
    depth for layers that no ``bin_hints`` speak of; None leaves it to the planner.
    """

    clustering: Clustering = Clustering()
    refinement: Refinement | None = Refinement()
    templates: tuple[int, int] = (1, 8)
    bins: int | None = None
    private: tuple[Hint, ...] = ()
    public: tuple[Hint, ...] = ()
    ties: tuple[Hint, ...] = ()
    aparts: tuple[Hint, ...] = ()
    template_hints: tuple[TemplatesHint, ...] = ()
    bin_hints: tuple[BinsHint, ...] = ()
    hand_made: tuple[ClusterHint, ...] = ()
    bins_span: Span | None = field(default=None, eq=False, repr=False)


@frozen
class Budget:
    """The number of parameters that everything trainable must fit into, and how the spec says it."""

    parameters: int
    text: str
    span: Span | None = field(default=None, eq=False, repr=False)


@frozen
class Family:
    """Everything a spec says, resolved: the input of the planner and the emitter.

    ``block_forms`` says what each block works on ("images", "tokens" or "vectors"), by module and name of its
    definition. ``moved`` are the names that have changed, in the spec's order, and ``formers`` the family before the
    last, the last two, ... of them; former families have neither.
    """

    name: str
    input: tuple[int, int, int]
    classes: int
    budget: Budget
    members: tuple[Member, ...]
    sharing: Sharing
    recipe: Recipe
    block_forms: Mapping[tuple[str, str], str] = field(factory=dict, eq=False, repr=False)
    moved: tuple[Moved, ...] = ()
    formers: tuple[Former, ...] = field(default=(), eq=False, repr=False)
    span: Span | None = field(default=None, eq=False, repr=False)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of all members, in the spec's order."""
        return tuple(layer for member in self.members for layer in member.layers)

    @property
    def layer_by_name(self) -> Mapping[str, Layer]:
        """The layers by their full names."""
        return {layer.name: layer for layer in self.layers}

    @property
    def parameters_independent(self) -> int:
        """Trainable parameters of all members when nothing is shared."""
        return sum(member.parameters_alone for member in self.members)
