"""The training recipe as generated files state it: plain values, one class per choice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sgd:
    """SGD with momentum; ``decay`` (weight decay) spares coefficients."""

    lr: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False
    decay: float = 0.0


@dataclass(frozen=True)
class Constant:
    """The learning rate stays as it is."""


@dataclass(frozen=True)
class Steps:
    """The learning rate is multiplied by ``gamma`` at the start of each milestone epoch."""

    milestones: tuple[int, ...]
    gamma: float = 0.1


@dataclass(frozen=True)
class Cosine:
    """Linear warm-up for ``warmup`` epochs, then half a cosine down to zero, updated every step."""

    warmup: float = 0.0


@dataclass(frozen=True)
class OneCycle:
    """Cosine rise to the optimizer's rate during the fraction ``warmup`` of all steps, then cosine fall to zero."""

    warmup: float = 0.3


Schedule = Constant | Steps | Cosine | OneCycle


@dataclass(frozen=True)
class Crop:
    """Pad by ``padding`` pixels on each side, then crop at a random place, each image its own."""

    padding: int = 4


@dataclass(frozen=True)
class Flip:
    """Mirror each image horizontally half of the time."""


@dataclass(frozen=True)
class Cutout:
    """Blank a random square of ``size`` pixels a side in each image (clipped at the border)."""

    size: int = 16


Augment = Crop | Flip | Cutout


@dataclass(frozen=True)
class Recipe:
    """How a family is trained: one loss, the sum of the members' cross-entropies, per step."""

    epochs: int
    batch: int
    optimizer: Sgd = Sgd()
    schedule: Schedule = Constant()
    augment: tuple[Augment, ...] = ()
    smoothing: float = 0.0


@dataclass(frozen=True)
class GradientSearch:
    """``clusters gradient``: layers whose gradients agree by more than ``threshold`` (τ) share (sec. 2.2.1)."""

    threshold: float = 0.1
    epochs: int = 20


@dataclass(frozen=True)
class GradientRefinement:
    """``refine gradient``: after ``after`` epochs, coefficients whose gradients differ part at ``threshold`` (β)."""

    threshold: float = 0.9
    after: int = 10
