"""Generated weights start at the Kaiming scale of their own layer: signals keep the size they have in plain nets."""

from __future__ import annotations

import math
from collections.abc import Callable

import families
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from torch import Tensor, nn

from swc_runtime import Family, PlainWeights, Tiles, Weights

SHAPES = [(48, 16), (32, 48), (64, 32), (64, 64), (48, 64), (64, 64), (16, 16)]  # (out, in)
WIDTHS = [256] + [512, 384, 256, 512, 384, 512] * 5
DEEP = list(zip(WIDTHS[1:], WIDTHS[:-1], strict=True))


def stack(tiles: Tiles | None) -> Family:
    return families.bag(SHAPES, families.cluster(SHAPES, templates=4, tiles=tiles))


FOLDS = [None, Tiles(16, 16, templates=8, refinable=False), Tiles(24, 40, templates=3, refinable=True)]


@pytest.mark.parametrize("tiles", FOLDS)
def test_each_weight_has_the_variance_of_its_own_fan_in(tiles: Tiles | None) -> None:
    torch.manual_seed(0)
    ratios: dict[str, list[float]] = {}
    for _ in range(8):
        family = stack(tiles)
        for name, layer in family.bank.layers.items():
            expected = 2 / (layer.shape[1] * 9)
            ratios.setdefault(name, []).append(family.bank.weight(name).var().item() / expected)
    for name, values in ratios.items():
        assert math.fsum(values) / len(values) == pytest.approx(1.0, abs=0.12), name


class Deep(nn.Module):
    """Thirty linear layers and ReLUs without norms."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for i, (out, inputs) in enumerate(DEEP):
            self.layers.append(weights.linear(f"layers.{i}", inputs, out, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = F.relu(layer(x))
        return x


@torch.no_grad()
def log_energies(build: Callable[[], nn.Module]) -> Tensor:
    """The logarithm of the mean square of the outputs, for 64 initialisations."""
    return torch.tensor([math.log(build()(torch.randn(16, DEEP[0][1])).square().mean()) for _ in range(64)])


@pytest.mark.parametrize(
    "tiles", [None, Tiles(64, 64, templates=16, refinable=False), Tiles(96, 80, templates=8, refinable=True)]
)
def test_activations_of_deep_stacks_match_the_plain_network(tiles: Tiles | None) -> None:
    torch.manual_seed(0)
    cluster = families.cluster(DEEP, kernel=1, templates=4, tiles=tiles)
    shared = log_energies(lambda: families.family({"c": cluster}, {"net": Deep}).members["net"])
    plain = log_energies(lambda: Deep(PlainWeights()))
    # Layers that repeat a weight repeat its luck, so shared stacks scatter more; their mean must not move with depth.
    # Without gains the logarithm would move by log(512 / fan-in) in each layer, 7 in all.
    assert (shared.var() / 64 + plain.var() / 64).sqrt() < 0.4
    assert abs(shared.mean() - plain.mean()) < 1.0


def test_construction_repeats_under_a_seed() -> None:
    def built(seed: int) -> dict[str, Tensor]:
        torch.manual_seed(seed)
        return dict(stack(FOLDS[1]).state_dict())

    first, again, other = built(0), built(0), built(1)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["bank.c.templates"], other["bank.c.templates"])


@pytest.mark.parametrize("tiles", FOLDS)
def test_vectors_are_unit_vectors_and_the_reserve_repeats_the_first(tiles: Tiles | None) -> None:
    family = stack(tiles)
    coefficients = {id(bank): bank.coefficients for bank in family.bank.template_banks()}
    for bank in family.bank.template_banks():
        torch.testing.assert_close(bank.coefficients.norm(dim=1), torch.ones(len(bank.coefficients)))
        for superweight in bank.superweights:
            rows = coefficients[id(bank)][superweight.first_row : superweight.first_row + superweight.vectors]
            assert torch.equal(rows, rows[:1].expand_as(rows))
        if len(bank.superweights) > 1:
            firsts = torch.stack([bank.coefficients[s.first_row] for s in bank.superweights])
            assert len(firsts.unique(dim=0)) == len(firsts)


def test_plain_and_private_weights_are_kaiming_normal() -> None:
    torch.manual_seed(0)
    weights = PlainWeights()
    conv, linear = weights.conv2d("a", 64, 256, 3, groups=2), weights.linear("b", 300, 200)
    assert conv.weight.std().item() == pytest.approx(math.sqrt(2 / (32 * 9)), rel=0.02)
    assert linear.weight.std().item() == pytest.approx(math.sqrt(2 / 300), rel=0.02)
