"""The SuperWeight bank: every shared number of a family, and the weights composed from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from types import MappingProxyType
from typing import Any, Self

import torch
from torch import Tensor, nn

from swc_runtime.assembly import Recipe, recipes
from swc_runtime.composer import Composer, Level
from swc_runtime.errors import PlanError, near
from swc_runtime.plan import Cluster
from swc_runtime.regroup import Move, regrouped
from swc_runtime.resolution import Resolution
from swc_runtime.stacked import plain
from swc_runtime.structure import SharedLayer, SharedSuperWeight, structure
from swc_runtime.templates import TemplateBank, full_precision


class SuperWeightBank(nn.Module):
    """Templates, coefficients and the sharing assignment of all clusters of a plan.

    Submodules are template banks, named by the SuperWeight (or folded cluster) they belong to.
    """

    def __init__(self, clusters: Mapping[str, Cluster]) -> None:
        """Resolve, check and initialise ``clusters``.

        Raises:
            PlanError: the clusters contradict themselves (see ``swc_runtime.structure``).
        """
        super().__init__()
        resolved = structure(clusters)
        self._layers = resolved.layers
        self._superweights = resolved.superweights
        for name, superweights in resolved.banks().items():
            if "." in name:
                raise PlanError(f"the name {name!r} has a dot: state-dict names are built from it")
            bank = TemplateBank.of(clusters[superweights[0].cluster], superweights)
            self._modules[name] = bank  # not add_module: any name will do, also that of a method
        self._recipes: dict[str, Recipe] = recipes(clusters, resolved)
        self._linear: frozenset[str] = frozenset()
        self.composer = Composer(self)
        self._resolve()
        self.register_load_state_dict_post_hook(_refresh_after_load)  # type: ignore[no-untyped-call]  # torch's

    @property
    def layers(self) -> Mapping[str, SharedLayer]:
        """The layers that share, by full name, in the plan's order."""
        return MappingProxyType(self._layers)

    @property
    def superweights(self) -> Mapping[str, SharedSuperWeight]:
        """The SuperWeights by id, in the plan's order."""
        return MappingProxyType(self._superweights)

    def superweight(self, superweight_id: str) -> SharedSuperWeight:
        """Return the SuperWeight of that id; ValueError when there is none."""
        if superweight_id not in self._superweights:
            raise ValueError(f"no SuperWeight {superweight_id!r}{near(superweight_id, self._superweights)}")
        return self._superweights[superweight_id]

    def layer(self, name: str) -> SharedLayer:
        """Return the shared layer of that full name; ValueError when there is none."""
        if name not in self._layers:
            raise ValueError(f"no layer {name!r} shares its weight{near(name, self._layers)}")
        return self._layers[name]

    def templates(self, superweight_id: str) -> Tensor:
        """Return a view of the templates T of a SuperWeight (eq. 1), (templates, rows, columns, kh, kw).

        Those of a tile have the full size of a tile, also where the plane ends within it.
        """
        superweight = self.superweight(superweight_id)
        kernel = self._layers[superweight.users[0]].shape[2:]
        templates = self.template_bank(superweight.bank).templates
        return templates.view(*templates.shape[:2], -1, *kernel)

    def groups(self, superweight_id: str) -> tuple[tuple[str, ...], ...]:
        """Return the users of a SuperWeight by the coefficient vector they share, in the plan's order."""
        self.refresh()
        superweight = self.superweight(superweight_id)
        grouped: dict[int, list[str]] = {}
        for user, row in zip(
            superweight.users, self.template_bank(superweight.bank).rows_read(superweight), strict=True
        ):
            grouped.setdefault(row, []).append(user)
        return tuple(tuple(group) for group in grouped.values())

    def weight(self, layer_name: str) -> Tensor:
        """Return the weight of a shared layer, gain included: (out, in, kh, kw), or (out, in) of a linear layer.

        Differentiable; within ``step()`` layers of one cluster, shape and assignment get the same tensor, and within
        ``probing()`` each layer gets its probe.
        """
        if layer_name not in self._layers:
            self.layer(layer_name)  # says what is wrong with the name
        return self.composer.weight(layer_name)

    def step(self, *, anew: bool = False) -> Level:
        """Return a context within which nothing is composed twice by this thread; it may be nested.

        ``anew`` takes no weights that were kept from earlier calls.
        """
        return Level(self.composer, anew=anew)

    @contextmanager
    def probing(self) -> Iterator[dict[str, Tensor]]:
        """Give each shared layer a leaf of its own with its weight's values while the context lasts; by layer name.

        The ``grad`` of each probe sums dL/dW of that layer alone over all backward passes (eq. 2), also for layers of
        one member that share. No parameter of the bank receives a gradient.
        """
        with torch.no_grad():
            weights = self.composer.composed()
        probes = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
        with self.composer.giving(probes):
            yield probes

    def coefficient_gradients(self, superweight_id: str, layer: str, weight_gradient: Tensor) -> Tensor:
        """Return dL/dα of a SuperWeight as ``layer`` uses it (eq. 3), (templates,), from the layer's dL/dW.

        ``weight_gradient`` is (out, in, kh, kw), or (out, in) of a linear layer; a tile counts as far as the layer
        uses it.
        """
        superweight = self.superweight(superweight_id)
        shared = self.layer(layer)
        if superweight_id not in shared.superweights:
            raise ValueError(f"layer {layer!r} does not use SuperWeight {superweight_id!r}")
        (top, bottom), (left, right) = superweight.rows, superweight.columns
        gradient = weight_gradient.detach().reshape(shared.shape)[top:bottom, left:right]
        templates = self.templates(superweight_id).detach()[:, : gradient.shape[0], : gradient.shape[1]]
        with full_precision(templates.device):
            return shared.gain * (templates.flatten(1) @ gradient.flatten().to(templates.dtype))

    def split(self, superweight_id: str, groups: Sequence[Sequence[str]]) -> list[Move]:
        """Give each group of users of a SuperWeight a coefficient vector of its own, a copy of the one it used.

        Returns a move for each row that was copied or left by some of its users, so that the rows of optimizer state
        can follow (``swc_runtime.training.optimizer``). An averaged copy of a family is split the same way as the
        family.

        Raises:
            ValueError: the groups are no partition of the users, join users whose vectors already differ, or are more
                than the vectors reserved.
        """
        superweight = self.superweight(superweight_id)
        bank = self.template_bank(superweight.bank)
        with self.composer.changing("split"):
            self.refresh()
            rows, moves = regrouped(superweight, bank.rows_read(superweight), groups)
            with torch.no_grad():
                for move in moves:
                    if move.target != move.source:
                        bank.coefficients[move.target] = bank.coefficients[move.source]
            bank.assign(superweight, rows)
            self._resolve()
        return moves

    def refresh(self, *, everything: bool = False) -> None:
        """Take up assignments that were written into the ``rows`` buffers; waits for the device only if some were.

        ``everything`` reads all of them again: writes through ``.data`` leave no other sign.
        """
        if torch.compiler.is_compiling() or not self._to_read(everything=everything):
            return
        with self.composer.locked():
            banks = self._to_read(everything=everything)
            if not banks:
                return
            seen = [bank.seen() for bank in banks]
            with torch._C._DisableFuncTorch():  # noqa: SLF001 - what a transformation wraps is read behind it
                marks = iter(torch.cat([plain(bank.rows).detach() for bank in banks]).tolist())  # one wait for all
            changed = [
                bank.adopt(list(islice(marks, len(bank.rows))), version)
                for bank, version in zip(banks, seen, strict=True)
            ]
            if any(changed):
                self._resolve()
            else:
                self.resolution.place(self.device)

    def _to_read(self, *, everything: bool) -> list[TemplateBank]:
        return [bank for bank in self.template_banks() if (everything or bank.stale) and not bank.rows.is_meta]

    def _resolve(self) -> None:
        banks = {name: self.template_bank(name) for name in self._modules}
        self.resolution = Resolution(self._layers, self._superweights, self._recipes, banks)

    def forget(self) -> None:
        """Let go of the weights that evaluation keeps; the next call composes them anew (see ``Family.forget``)."""
        self.composer.forget()

    def flatten_weights_of(self, layer_name: str) -> None:
        """Let ``weight`` give (out, in) for a linear layer."""
        self._linear |= {layer_name}

    def shaped(self, layer_name: str, weight: Tensor) -> Tensor:
        """Return a composed weight (out, in, kh, kw) as the layer takes it."""
        return weight.flatten(1) if layer_name in self._linear else weight

    @property
    def device(self) -> torch.device:
        """Where the bank is; the CPU if it holds nothing."""
        first = next(self.parameters(), None)  # no attribute of a module: a trace of torch.fx would record the look
        return torch.device("cpu") if first is None else first.device

    def template_banks(self) -> Iterator[TemplateBank]:
        """The template banks, in the order of the plan."""
        return (module for module in self._modules.values() if isinstance(module, TemplateBank))

    def template_bank(self, name: str) -> TemplateBank:
        """The template bank of that name: of a SuperWeight, or of a folded cluster."""
        bank = self._modules[name]
        assert isinstance(bank, TemplateBank)  # noqa: S101 - for the type checker: nothing else is put there
        return bank

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:  # noqa: FBT001, FBT002 - torch's
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]  # torch's
        self.composer.place()
        self.resolution.place(self.device)
        return self

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - torch's
        """Switch between training and evaluation, and take up new assignments (compiled code cannot)."""
        self.forget()
        self.refresh(everything=True)
        return super().train(mode)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        del state["composer"]  # a copy is within no call, is not probed, and keeps nothing
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]  # torch's
        self.composer = Composer(self)


def _refresh_after_load(bank: nn.Module, _: object) -> None:
    assert isinstance(bank, SuperWeightBank)  # noqa: S101 - for the type checker: it is registered there only
    bank.refresh()
    bank.composer.place()  # assigned parameters may have another type
