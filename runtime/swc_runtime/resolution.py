"""What an assignment of coefficient rows means: which layers share one weight, and what each bank has to compose."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from swc_runtime.assembly import Assembly, Recipe
from swc_runtime.composition import Grid
from swc_runtime.selection import Selection
from swc_runtime.structure import SharedLayer, SharedSuperWeight
from swc_runtime.templates import TemplateBank


class Resolution:
    """Composition under one assignment; another assignment gets another one, so that who composes keeps its own.

    Attributes:
        assemblies: the distinct weights; layers that share all their coefficients have one between them.
        assembly_of: layer name to its index in ``assemblies``.
        selections: template bank to the rows it composes.
    """

    def __init__(
        self,
        layers: Mapping[str, SharedLayer],
        superweights: Mapping[str, SharedSuperWeight],
        layer_recipes: Mapping[str, Recipe],
        banks: Mapping[str, TemplateBank],
    ) -> None:
        rows_of = {s.id: dict(zip(s.users, banks[s.bank].rows_read(s), strict=True)) for s in superweights.values()}
        distinct: dict[object, int] = {}
        self.assembly_of: dict[str, int] = {}
        firsts: list[tuple[SharedLayer, tuple[int, ...]]] = []
        for layer in layers.values():
            rows = tuple(rows_of[s][layer.name] for s in layer.superweights)
            key = (layer.cluster, layer.shape, rows)
            if key not in distinct:
                distinct[key] = len(firsts)
                firsts.append((layer, rows))
            self.assembly_of[layer.name] = distinct[key]
        portions: dict[str, list[tuple[int, ...]]] = {}  # all tiles come from one bank, in one stack
        places: list[list[int]] = []
        live = {name: bank.live_rows() for name, bank in banks.items()}
        slots = {name: {row: slot for slot, row in enumerate(rows)} for name, rows in live.items()}
        for layer, rows in firsts:
            recipe = layer_recipes[layer.name]
            if isinstance(recipe.joint, Grid):
                (name,) = recipe.banks
                dealt = portions.setdefault(name, [])
                places.append([len(dealt)])
                dealt.append(rows)
            else:
                places.append([slots[name][row] for name, row in zip(recipe.banks, rows, strict=True)])
        self.assemblies = [
            Assembly(layer, layer_recipes[layer.name], parts) for (layer, _), parts in zip(firsts, places, strict=True)
        ]
        self.selections = {
            name: Selection(live[name], portions.get(name, ()), bank.coefficients.device)
            for name, bank in banks.items()
        }

    def place(self, device: torch.device) -> None:
        """Follow the parameters to another device."""
        for selection in self.selections.values():
            selection.place(device)
