"""Members that are not trained: what they alone use stays as it is, what they share goes on with the others.

A frozen member keeps the layers, norms and heads that it owns, the statistics of its norms, the SuperWeights that only
frozen members use, and the coefficient vectors that only frozen members read. Templates of SuperWeights that members in
training use as well change, and the frozen member's weights with them; its loss stays in the sum of the losses, so that
what it shares goes on serving it. What of it starts fresh, such as a head for other classes, is trained: it would stay
random.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Self

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from swc_runtime.family import Family
from swc_runtime.layers import SharedConv2d, SharedLinear
from swc_runtime.problems import TrainingError
from swc_runtime.templates import TemplateBank

_NAMED = 4
"""So many SuperWeights are written out."""


class Freezing:
    """Holds members of a family frozen from its making until it is lifted; a context manager lifts it at its end.

    Raises:
        TrainingError: a member that there is not, or nothing that would be trained.
    """

    def __init__(self, family: Family, members: Sequence[str], fresh: Iterable[str] = ()) -> None:
        """Freeze ``members``, but for the layers, norms and heads of theirs that are ``fresh`` (``member.label…``)."""
        self.members = _checked(family, members)
        self._family = family
        self._fresh = [] if not self.members else list(_modules(family, self.members, set(fresh)))
        self._still: list[nn.Parameter] = []
        self._mixed: list[_MixedBank] = []
        if not self.members:
            return
        trained = {id(parameter) for module in self._fresh for parameter in module.parameters(recurse=False)}
        own = [parameter for name in self.members for parameter in family.members[name].parameters()]
        for bank in family.bank.template_banks():
            users = {user for s in bank.superweights for user in s.users}
            still = {user for user in users if self._is_still(user)}
            if still == users:
                own += bank.parameters()
            elif still:
                self._mixed.append(_MixedBank(bank, still))
        self._still = [p for p in own if p.requires_grad and id(p) not in trained]
        if not any(p.requires_grad for p in family.parameters() if p not in set(self._still)):
            raise TrainingError(
                "All members are to be frozen: there is nothing to train. Leave out --freeze, or name fewer members."
            )
        for parameter in self._still:
            parameter.requires_grad = False

    def _is_still(self, user: str) -> bool:
        """Whether a layer belongs to what is frozen."""
        fresh = {module.name for module in self._fresh if isinstance(module, SharedConv2d | SharedLinear)}
        return user.partition(".")[0] in self.members and user not in fresh

    def settle(self) -> None:
        """Put the frozen members into evaluation mode: statistics of norms are neither taken nor used up."""
        for name in self.members:
            self._family.members[name].eval()
        for module in self._fresh:
            module.train()

    def calm(self, optimizer: Optimizer) -> None:
        """Stop what an optimizer remembers from moving vectors that by now only frozen members read."""
        for mixed in self._mixed:
            rows = mixed.rows()
            for value in optimizer.state.get(mixed.bank.coefficients, {}).values():
                if isinstance(value, Tensor) and value.shape == mixed.bank.coefficients.shape:
                    value[rows.to(value.device)] = 0.0

    def lift(self) -> None:
        """Let everything be trained again."""
        for parameter in self._still:
            parameter.requires_grad = True
        for mixed in self._mixed:
            mixed.release()
        self._still, self._mixed = [], []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.lift()

    def text(self) -> str:
        """What is frozen and what is shared, in a sentence or two."""
        bank = self._family.bank
        used = {
            name: superweight.users
            for name, superweight in bank.superweights.items()
            if any(self._is_still(user) for user in superweight.users)
        }
        shared = [name for name, users in used.items() if not all(map(self._is_still, users))]
        names = ", ".join(self.members)
        own, them = ("their own layers, norms and heads", "them")
        if len(self.members) == 1:
            own, them = "its own layers, norms and head", "it"
        verb = "is" if len(self._fresh) == 1 else "are"
        alone = _count(len(used) - len(shared), "SuperWeight")
        frozen = f"{'frozen':<9} {names}: {own}, and {alone} that nobody else uses"
        if self._fresh:
            frozen += f"; {_count(len(self._fresh), 'part')} of {them} that started fresh {verb} trained"
        if not shared:
            return f"{frozen}; nothing that is trained is shared with the others"
        training = {user.partition(".")[0] for name in shared for user in used[name] if not self._is_still(user)}
        others = [name for name in self._family.members if name in training]
        listed = ", ".join(shared[:_NAMED]) + (f" and {len(shared) - _NAMED} more" if len(shared) > _NAMED else "")
        return (
            f"{frozen}\n{'':<9} {_count(len(shared), 'SuperWeight')} {'is' if len(shared) == 1 else 'are'} shared with "
            f"{', '.join(others)} and trained, which changes {names} too: {listed}"
        )


class _MixedBank:
    """A bank that layers in training use as well: the coefficient vectors that only ``still`` ones read do not move."""

    def __init__(self, bank: TemplateBank, still: Collection[str]) -> None:
        self.bank = bank
        self._trained = [user not in still for s in bank.superweights for user in s.users]
        self._known: tuple[tuple[int, ...], Tensor] | None = None
        self._handle = bank.coefficients.register_hook(self._spared)  # type: ignore[no-untyped-call]  # torch's

    def rows(self) -> Tensor:
        """The rows of the coefficients that only frozen members read."""
        assignment = self.bank.assignment
        if self._known is None or self._known[0] is not assignment:
            trained = {row for row, user in zip(assignment, self._trained, strict=True) if user}
            self._known = assignment, torch.tensor(sorted(set(assignment) - trained), dtype=torch.long)
        return self._known[1]

    def _spared(self, gradient: Tensor) -> Tensor:
        rows = self.rows()
        return gradient.index_fill(0, rows.to(gradient.device), 0.0) if len(rows) else gradient

    def release(self) -> None:
        self._handle.remove()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _modules(family: Family, members: Sequence[str], names: Collection[str]) -> Iterator[nn.Module]:
    """The parts of members that have one of the names."""
    for member in members:
        for path, module in family.members[member].named_modules():
            if f"{member}.{path}" in names:
                yield module


def _checked(family: Family, members: Sequence[str]) -> tuple[str, ...]:
    if not members:
        return ()
    try:
        return family.chosen(members)
    except ValueError as problem:
        raise TrainingError(f"These members cannot be frozen: {problem}.") from problem
