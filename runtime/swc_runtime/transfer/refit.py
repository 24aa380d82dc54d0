"""One template bank of a new family filled from weights that its layers had in another family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

from swc_runtime.bank import SuperWeightBank
from swc_runtime.structure import SharedSuperWeight
from swc_runtime.templates import TemplateBank
from swc_runtime.transfer.factor import nearest_seen, spread
from swc_runtime.transfer.grouping import Wanted, kept_groups, sharing_groups

Wishes = dict[str, dict[str, Wanted]]
"""What layers want, by SuperWeight and layer."""


class Origin(StrEnum):
    """Where the numbers of a bank, or a layer, come from."""

    TAKEN = "taken"
    REFITTED = "refitted"
    FRESH = "fresh"


@torch.no_grad()
def fill_bank(
    bank: SuperWeightBank,
    templates: TemplateBank,
    wanted: Mapping[str, Tensor],
    source: SuperWeightBank | None = None,
    former: Mapping[str, str] | None = None,
) -> Origin:
    """Let the layers of one template bank have the weights that they want, as nearly as it allows.

    A bank that the source has just so (the same rectangle or tiles, as many templates, the same layers on it) is taken
    over, templates and coefficients; otherwise both are fitted by least squares, an error of a layer's weight counting
    the same in every layer.

    Args:
        bank: freshly initialised.
        templates: one of its template banks.
        wanted: shared layer to weight (out, in, kh, kw); layers may be missing.
        source: the bank that the weights come from.
        former: the names that layers have there; without a name, a layer did not share there.
    """
    wishes = {s.id: _wishes(bank, s, wanted) for s in templates.superweights}
    if not any(wishes.values()):
        return Origin.FRESH
    if source is not None and _take(bank, templates, wishes, _Source(source, former or {})):
        return Origin.TAKEN
    _part(bank, templates, wishes)
    rows = list(_rows(bank, templates, wishes))
    targets, weights = _observations(templates, [group for _, group in rows])
    solution = spread(*nearest_seen(targets, weights, len(templates.templates)), templates.templates.flatten(1).cpu())
    for (row, _), vector in zip(rows, solution[0], strict=True):
        templates.coefficients[row].copy_(vector)
    templates.templates.copy_(solution[1].view_as(templates.templates))
    return Origin.REFITTED


def _wishes(bank: SuperWeightBank, superweight: SharedSuperWeight, wanted: Mapping[str, Tensor]) -> dict[str, Wanted]:
    (top, bottom), (left, right) = superweight.rows, superweight.columns
    result = {}
    for user in superweight.users:
        if user in wanted:
            gain = bank.layers[user].gain
            cells = wanted[user][top:bottom, left:right].flatten(2) / gain
            result[user] = Wanted(cells, gain**2)
    return result


def _part(bank: SuperWeightBank, templates: TemplateBank, wishes: Wishes) -> None:
    for s in templates.superweights:
        if wishes[s.id]:
            bank.split(s.id, sharing_groups(s.users, bank.groups(s.id), wishes[s.id], s.vectors))


def _rows(bank: SuperWeightBank, templates: TemplateBank, wishes: Wishes) -> Iterator[tuple[int, list[Wanted]]]:
    """The coefficient rows to be fitted, and what the layers that read each want of it."""
    for s in templates.superweights:
        for group in bank.groups(s.id):
            known = [wishes[s.id][user] for user in group if user in wishes[s.id]]
            if known:
                yield row_of(templates, s, group[0]), known


def row_of(templates: TemplateBank, superweight: SharedSuperWeight, user: str) -> int:
    """The row of the coefficients that a layer reads of a SuperWeight."""
    return templates.assignment[superweight.first_user + superweight.users.index(user)]


def _observations(templates: TemplateBank, groups: Sequence[Sequence[Wanted]]) -> tuple[Tensor, Tensor]:
    """The mean that each group of layers wants, (groups, cells, kh * kw), and how much each cell counts."""
    _, height, across = templates.templates.shape
    kernel = groups[0][0].cells.shape[2]
    shape = (len(groups), height, across // kernel, kernel)
    sums, weights = torch.zeros(shape), torch.zeros((*shape[:3], 1))
    for index, group in enumerate(groups):
        for one in group:
            rows, columns = one.cells.shape[:2]
            sums[index, :rows, :columns] += one.weight * one.cells.to(sums)
            weights[index, :rows, :columns] += one.weight
    means = sums / weights.clamp(min=torch.finfo(weights.dtype).tiny)
    return means.flatten(1, 2), weights.flatten(1)


@dataclass(frozen=True)
class _Source:
    """A bank, and the names that layers of another one have in it."""

    bank: SuperWeightBank
    former: Mapping[str, str]


def _take(bank: SuperWeightBank, templates: TemplateBank, wishes: Wishes, source: _Source) -> bool:
    """Copy the source's bank where it is the same one; tell whether it is."""
    found = _counterparts(templates, wishes, source)
    if found is None:
        return False
    owner, pairs = found
    former = source.former
    ratios = {source.bank.layers[former[u]].gain / bank.layers[u].gain for s, _ in pairs for u in wishes[s.id]}
    if len(ratios) != 1:  # the gains of a cluster change together, by its reference
        return False
    rows = {s.id: {user: row_of(owner, old, former[user]) for user in wishes[s.id]} for s, old in pairs}
    groups = {s.id: kept_groups(s.users, bank.groups(s.id), rows[s.id]) for s, _ in pairs}
    if any(len(groups[s.id]) > s.vectors for s, _ in pairs):
        return False
    templates.templates.copy_(owner.templates * ratios.pop())
    for s, _ in pairs:
        bank.split(s.id, groups[s.id])
        for user, row in rows[s.id].items():
            templates.coefficients[row_of(templates, s, user)].copy_(owner.coefficients[row])
    return True


def _counterparts(
    templates: TemplateBank, wishes: Wishes, source: _Source
) -> tuple[TemplateBank, list[tuple[SharedSuperWeight, SharedSuperWeight]]] | None:
    """The one bank of the source that has all SuperWeights that are wanted here, and these in pairs."""
    superweights = source.bank.superweights.values()
    corner = {(old.rows[0], old.columns[0], user): old for old in superweights for user in old.users}
    pairs = []
    for s in templates.superweights:
        olds = {corner.get((s.rows[0], s.columns[0], source.former.get(user, ""))) for user in wishes[s.id]}
        if not olds:
            continue
        old = olds.pop()
        if olds or old is None:
            return None
        pairs.append((s, old))
    banks = {old.bank for _, old in pairs}
    if len(banks) != 1:
        return None
    owner = next(bank for bank in source.bank.template_banks() if bank.superweights[0].bank in banks)
    return (owner, pairs) if owner.templates.shape == templates.templates.shape else None
