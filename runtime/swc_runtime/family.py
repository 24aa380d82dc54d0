"""A family of networks that share SuperWeights: the base class of generated families."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial, update_wrapper
from typing import Any, ClassVar, overload

import torch
from torch import Tensor, nn

from swc_runtime.bank import SuperWeightBank
from swc_runtime.errors import PlanError, near
from swc_runtime.freeze import frozen
from swc_runtime.moved import Moved
from swc_runtime.plan import Plan
from swc_runtime.recipe import GradientRefinement, GradientSearch, Recipe
from swc_runtime.serving import prediction
from swc_runtime.serving.deadline import Timely
from swc_runtime.serving.frontier import Frontier, Percentile
from swc_runtime.serving.timings import Timings
from swc_runtime.weights import PlainWeights, SharedWeights, Weights


class Members(nn.ModuleDict):
    """The members by name, in the spec's order; any name without a dot will do, also one of a method (``half``)."""

    def __setitem__(self, key: str, module: nn.Module) -> None:
        if not key or "." in key:
            raise PlanError(f"a member cannot be named {key!r}: expected a name without dots")
        self._modules[key] = module


class Family(nn.Module):
    """Several architectures that draw their weights from one bank; subclasses set the class attributes.

    ``architectures`` maps each member's name to a function that builds it from a source of weights. ``bank`` holds all
    that is shared, ``members`` everything else; ``frontier`` is what ``predict(budget_ms=...)`` chooses from, and
    ``timings`` is what ``predict(deadline_ms=...)`` has learned of this machine. ``moved`` are names that have changed
    in the spec: checkpoints may have the old ones.

    Raises:
        PlanError: the plan and the architectures do not fit together.
    """

    plan: ClassVar[Plan]
    recipe: ClassVar[Recipe]
    search: ClassVar[GradientSearch | None] = None
    refinement: ClassVar[GradientRefinement | None] = None
    moved: ClassVar[tuple[Moved, ...]] = ()
    input: ClassVar[tuple[int, int, int]]
    classes: ClassVar[int]
    architectures: ClassVar[Mapping[str, Callable[[Weights], nn.Module]]]

    def __init__(self) -> None:
        super().__init__()
        self.frontier: Frontier | None = None
        self.timings = Timings()
        self.bank = SuperWeightBank(self.plan.clusters)
        self.members = Members()
        weights = SharedWeights(self.bank)
        for name, build in self.architectures.items():
            member = build(weights.scope(name))
            # A step around each call. Forward hooks would leave the step open when a call is interrupted.
            forward = partial(_within_step, self.bank, member, member.forward)
            object.__setattr__(member, "forward", update_wrapper(forward, member.forward))  # with its own signature
            self.members[name] = member
        weights.check_complete()

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of all members for ``x`` (batch, ...): (members, batch, classes), in the spec's order."""
        logits: Tensor = _within_step(self.bank, self, self._logits, x)
        return logits

    def _logits(self, x: Tensor) -> Tensor:
        return torch.stack([member(x) for member in self.members.values()])

    @overload
    def predict(
        self,
        x: Tensor,
        *,
        members: Sequence[str] | None = ...,
        budget_ms: float | None = ...,
        deadline_ms: None = ...,
        percentile: Percentile | None = ...,
    ) -> Tensor: ...

    @overload
    def predict(self, x: Tensor, *, members: Sequence[str] | None = ..., deadline_ms: float) -> Timely: ...

    def predict(
        self,
        x: Tensor,
        *,
        members: Sequence[str] | None = None,
        budget_ms: float | None = None,
        deadline_ms: float | None = None,
        percentile: Percentile | None = None,
    ) -> Tensor | Timely:
        """Return the class probabilities (batch, classes), averaged over members, all of them unless told otherwise.

        Evaluates as in evaluation mode, and changes the mode of no module: any number of threads may predict at once.

        Args:
            x: normalised images (batch, ...), where the family is. No images at all are answered by (0, classes).
            members: names of members to average.
            budget_ms: take the most accurate subset of ``frontier`` that was measured to be fast enough, for a batch of
                this size and in ``percentile`` percent of all calls; it then takes what it takes.
            deadline_ms: return within so many milliseconds, counted from the call, whatever happens: members run one
                after the other (as ``frontier`` says they do best, else cheapest first), and what is done when time is
                up is averaged. With a frontier, members that would make the average less accurate are left out of it.
                ``members`` limits which may run. Without any member in time the answer is uniform.
            percentile: 50, 95 (unless told otherwise) or 99; see ``budget_ms``.

        Returns:
            The probabilities; with ``deadline_ms`` a ``Timely``: the probabilities and the members that they rest on.

        Raises:
            ValueError: images or arguments that are not as described, an unknown member, no measured subset that fits.
            BatchMemoryError: the batch does not fit into memory.
        """
        return prediction.predict(self, x, members, budget_ms, deadline_ms, percentile)

    def freeze(self, members: Sequence[str] | None = None) -> dict[str, nn.Module]:
        """Return members as plain modules with weights of their own: same outputs, evaluation mode, no runtime."""
        names = self.chosen(members)
        with self.bank.step(anew=True):
            return {name: frozen(self.members[name], self.architectures[name]) for name in names}

    def forget(self) -> None:
        """Let go of the weights that evaluation keeps: the next call composes them anew.

        Changes that torch counts are noticed without it (optimizers, in-place operations, averaging,
        ``load_state_dict``), and so are tensors that are replaced or moved, and every switch of mode. What is written
        through ``.data``, numpy or by another process leaves no trace. On the CPU samples of what tensors hold tell of
        it if a whole tensor, its beginning or its end is written; a sparse mask or a slice from the middle may be
        missed, and on an accelerator everything is: call this then.
        """
        self.bank.forget()

    @classmethod
    def independent(cls) -> nn.ModuleDict:
        """Return the same members with weights of their own, freshly initialised: a deep ensemble."""
        members = Members()
        for name, build in cls.architectures.items():
            members[name] = build(PlainWeights())
        return members

    def parameter_groups(self, decay: float) -> list[dict[str, Any]]:
        """Return the parameters that are trained as optimizer groups: weight decay for all but the coefficients."""
        coefficients = [bank.coefficients for bank in self.bank.template_banks()]
        spared = {id(parameter) for parameter in coefficients}
        others = [parameter for parameter in self.parameters() if id(parameter) not in spared]
        kinds = ((others, decay), (coefficients, 0.0))
        groups = [([p for p in parameters if p.requires_grad], own) for parameters, own in kinds]
        return [{"params": parameters, "weight_decay": own} for parameters, own in groups if parameters]

    @cached_property
    def sharing(self) -> frozenset[str]:
        """The members that have shared layers."""
        return frozenset(name.partition(".")[0] for name in self.bank.layers)

    @cached_property
    def footprints(self) -> dict[str, int]:
        """Bytes that members take at least for each example, as far as large batches made it worth knowing."""
        return {}

    @cached_property
    def weights_alone(self) -> Mapping[str, int]:
        """How many weights each member computes with, those that it shares included."""
        alone = {name: sum(p.numel() for p in member.parameters()) for name, member in self.members.items()}
        for name, layer in self.bank.layers.items():
            alone[name.partition(".")[0]] += math.prod(layer.shape)
        return alone

    def chosen(self, members: Sequence[str] | None) -> tuple[str, ...]:
        """Return the names of ``members``, all of them by default; ValueError unless each is one, and named once."""
        known = self.members
        if members is None:
            return tuple(known)
        if isinstance(members, str):
            raise ValueError(f"members is a list of names: write members=[{members!r}]")  # noqa: TRY004 - one kind
        if len(members) == 1 and all(name in known for name in members):
            return tuple(members)
        for name in members:
            if name not in known:
                raise ValueError(f"no member {name!r}{near(name, known)} (members: {', '.join(known)})")
        if not members or len(set(members)) < len(members):
            raise ValueError(f"expected at least one member, each once, not {list(members)}")
        return tuple(members)


def _within_step(
    bank: SuperWeightBank, module: nn.Module, forward: Callable[..., Any], *args: Any, **kwargs: Any
) -> Any:
    composer = bank.composer
    step = composer.enter(training=module.training)
    try:
        return forward(*args, **kwargs)
    finally:
        composer.leave(step)
