"""Ways to change what a family's weights are composed from; each leaves it in evaluation mode."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from swc_runtime import Family

Change = Callable[[Family], object]
X = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def _optimizer(kind: Callable[..., torch.optim.Optimizer], **options: object) -> Change:
    def step(family: Family) -> None:
        optimizer = kind(family.parameters(), lr=0.1, **options)
        family(X).softmax(-1)[..., 0].sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def _each(write: Callable[[Tensor], object]) -> Change:
    @torch.no_grad()
    def change(family: Family) -> None:
        for parameter in family.bank.parameters():
            write(parameter)

    return change


def _one(write: Callable[[Tensor], object], name: str) -> Change:
    @torch.no_grad()
    def change(family: Family) -> None:
        write(family.bank.get_parameter(name))

    return change


def _mask(tensor: Tensor) -> None:
    """Set half of the numbers to zero, but none at the beginning."""
    keep = torch.rand(tensor.shape, generator=torch.Generator().manual_seed(2)) > 0.5
    keep.view(-1)[: min(4, keep.numel() - 1)] = True
    tensor.data.mul_(keep)


def _all_but_the_first(tensor: Tensor) -> None:
    tensor.data[1:] *= 1.5


def _last_column(tensor: Tensor) -> None:
    tensor.data[..., -1] = 0


def _swap(tensor: Tensor) -> None:
    tensor.data = tensor.data * 1.1


def _swap_back_and_forth(tensor: Tensor) -> None:
    """What is given last may lie where the first one was."""
    _swap(tensor)
    tensor.data = tensor.data / 3


def _replace(family: Family) -> None:
    for bank in family.bank.template_banks():
        bank.coefficients = nn.Parameter(bank.coefficients.detach() * 1.1)


def _replace_over_the_same_memory(family: Family) -> None:
    for bank in family.bank.template_banks():
        bank.templates = nn.Parameter(bank.templates.detach())
        with torch.no_grad():
            bank.templates.mul_(1.1)


def _part_vectors(family: Family) -> None:
    """Let coefficient vectors of one bank differ, so that it matters which one is read."""
    with torch.no_grad():
        for bank in family.bank.template_banks():
            bank.coefficients.mul_(torch.linspace(0.5, 1.5, len(bank.coefficients))[:, None])


def _split(family: Family) -> None:
    _part_vectors(family)
    for name in ("conv3x3@0,0", "conv3x3@8,0"):
        family.bank.split(name, [[user] for user in family.bank.superweights[name].users])
    _part_vectors(family)


def _load(*, assign: bool) -> Change:
    def load(family: Family) -> None:
        torch.manual_seed(5)
        family.load_state_dict(type(family)().state_dict(), assign=assign)

    return load


def _write_rows(family: Family) -> None:
    _part_vectors(family)
    family.predict(X)
    with torch.no_grad():
        for mine, others in zip(family.bank.template_banks(), type(family)().bank.template_banks(), strict=True):
            mine.rows.copy_(others.rows)


@torch.no_grad()
def _average_in_place(family: Family) -> None:
    for mine, other in zip(family.parameters(), type(family)().parameters(), strict=True):
        mine.lerp_(other, 0.3)


@torch.no_grad()
def _average_through_data(family: Family) -> None:
    for mine, other in zip(family.parameters(), type(family)().parameters(), strict=True):
        mine.data.mul_(0.7).add_(other.data, alpha=0.3)


@torch.no_grad()
def _average_states(family: Family) -> None:
    other = type(family)().state_dict()
    for name, tensor in family.state_dict().items():
        if tensor.is_floating_point() and not name.endswith("rows"):
            tensor.copy_(0.7 * tensor + 0.3 * other[name])


def _vector(family: Family) -> None:
    vector = nn.utils.parameters_to_vector(family.parameters())
    nn.utils.vector_to_parameters(vector.detach() * 1.1, family.parameters())


CHANGES: dict[str, Change] = {
    "sgd": _optimizer(torch.optim.SGD),
    "sgd one by one": _optimizer(torch.optim.SGD, foreach=False, momentum=0.9),
    "sgd for each": _optimizer(torch.optim.SGD, foreach=True),
    "adam fused": _optimizer(torch.optim.Adam, fused=True),
    "adamw": _optimizer(torch.optim.AdamW),
    "in place": _each(lambda tensor: tensor.mul_(1.1)),
    "through data": _each(lambda tensor: tensor.data.mul_(1.1)),
    "masked through data": _each(_mask),
    "all but the first through data": _each(_all_but_the_first),
    "the last column through data": _each(_last_column),
    "the last through numpy": _each(lambda tensor: tensor.detach().numpy()[-1].__imul__(1.5)),
    "through a detached tensor": _each(lambda tensor: tensor.detach().mul_(1.1)),
    "through numpy": _each(lambda tensor: tensor.detach().numpy().__imul__(1.1)),
    "templates of one bank": _one(lambda tensor: tensor.mul_(1.1), "heads@0,0.templates"),
    "coefficients of one bank": _one(lambda tensor: tensor.mul_(1.1), "heads@0,0.coefficients"),
    "one number": _one(lambda tensor: tensor[-1, -1, -1].add_(1.0), "heads@0,0.templates"),
    "data replaced": _each(_swap),
    "data replaced twice": _each(_swap_back_and_forth),
    "parameters replaced": _replace,
    "parameters replaced over the same memory": _replace_over_the_same_memory,
    "vector": _vector,
    "split": _split,
    "loaded": _load(assign=False),
    "loaded by assigning": _load(assign=True),
    "rows written": _write_rows,
    "averaged in place": _average_in_place,
    "averaged through data": _average_through_data,
    "averaged by state": _average_states,
    "half precision and back": lambda family: family.half().float(),
    "double precision and back": lambda family: family.double().float(),
}
