"""Architectures built against a plan: grouped and linear layers, and what does not fit."""

from __future__ import annotations

from collections.abc import Callable

import families
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from torch import Tensor, nn

from swc_runtime import Cluster, Layers, PlainWeights, PlanError, SharedConv2d, SharedLinear, SuperWeight, Weights


class Mixed(nn.Module):
    """A grouped, a rectangular and a linear layer."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.grouped = weights.conv2d("grouped", 8, 8, 3, groups=4, bias=True)
        self.tall = weights.scope("part").conv2d("tall", 8, 6, (3, 1), stride=(2, 1), padding=0)
        self.fc = weights.linear("fc", 6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.tall(self.grouped(x)).mean((2, 3)))


def clusters() -> dict[str, Cluster]:
    return {
        "c3x3": one((3, 3), (8, 2), "net.grouped", "c3x3"),
        "c3x1": one((3, 1), (6, 8), "net.part.tall", "c3x1"),
        "linear": one((1, 1), (3, 6), "net.fc", "linear"),
    }


def one(kernel: tuple[int, int], shape: tuple[int, int], layer: str, name: str) -> Cluster:
    superweight = SuperWeight(f"{name}@0,0", (0, shape[0]), (0, shape[1]), templates=2, vectors=1)
    return Cluster(kernel, 10, (Layers(shape, (layer,)),), superweights=(superweight,))


def test_grouped_rectangular_and_linear_layers() -> None:
    family = families.family(clusters(), {"net": Mixed})
    net = family.members["net"]
    x = torch.randn(2, 8, 5, 5)
    grouped, tall, fc = net.get_submodule("grouped"), net.get_submodule("tall"), net.get_submodule("fc")
    assert isinstance(grouped, SharedConv2d)
    assert isinstance(tall, SharedConv2d)
    assert isinstance(fc, SharedLinear)
    assert grouped.weight.shape == (8, 2, 3, 3)
    assert tall.weight.shape == (6, 8, 3, 1)
    assert fc.weight.shape == (3, 6)
    assert grouped.bias is not None
    assert fc.bias is not None
    nn.init.normal_(grouped.bias)
    nn.init.normal_(fc.bias)
    y = F.conv2d(x, grouped.weight, grouped.bias, padding=1, groups=4)
    y = F.conv2d(y, tall.weight, None, stride=(2, 1))
    torch.testing.assert_close(net(x), F.linear(y.mean((2, 3)), fc.weight, fc.bias))
    torch.testing.assert_close(family.freeze()["net"](x), net(x))
    assert "8, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=4, bias=True" in repr(grouped)
    assert "layer=net.part.tall, cluster=c3x1" in repr(tall)
    assert "6, 3, bias=True, layer=net.fc" in repr(fc)


def test_plain_layers_are_ordinary_modules() -> None:
    plain = Mixed(PlainWeights())
    assert [type(module) for module in plain.children()] == [nn.Conv2d, nn.Conv2d, nn.Linear]
    grouped, tall, fc = plain.get_submodule("grouped"), plain.get_submodule("tall"), plain.get_submodule("fc")
    assert isinstance(grouped, nn.Conv2d)
    assert isinstance(tall, nn.Conv2d)
    assert isinstance(fc, nn.Linear)
    assert (grouped.groups, grouped.padding, grouped.stride) == (4, (1, 1), (1, 1))
    assert (tall.kernel_size, tall.padding, tall.stride, tall.bias) == ((3, 1), (0, 0), (2, 1), None)
    assert grouped.bias is not None
    assert not grouped.bias.any()
    assert not fc.bias.any()


def test_layers_outside_of_all_clusters_own_their_weights() -> None:
    family = families.family({"linear": clusters()["linear"]}, {"net": Mixed})
    net = family.members["net"]
    assert type(net.get_submodule("grouped")) is nn.Conv2d
    assert type(net.get_submodule("fc")) is SharedLinear


def twice(weights: Weights) -> nn.Module:
    return nn.Sequential(Mixed(weights), weights.conv2d("grouped", 8, 8, 3, groups=4))


def renamed(weights: Weights) -> nn.Module:
    return nn.Sequential(
        weights.conv2d("groupd", 8, 8, 3, groups=4), weights.scope("part").conv2d("tall", 8, 6, (3, 1))
    )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (twice, r"layer 'net.grouped' is built twice"),
        (renamed, r"2 layers that no architecture builds: net.grouped, net.fc; did you mean 'net.groupd'"),
        (lambda w: w.linear("fc", 6, 4), r"'net.fc' has a weight of shape \(4, 6, 1, 1\) .* plan says \(3, 6, 1, 1\)"),
        (lambda w: w.conv2d("grouped", 8, 8, 3), r"shape \(8, 8, 3, 3\) .* the plan says \(8, 2, 3, 3\)"),
        (lambda w: w.conv2d("grouped", 8, 8, 5, groups=4), r"shape \(8, 2, 5, 5\)"),
        (lambda w: w.conv2d("grouped", 9, 8, 3, groups=4), r"9 input channels do not divide by 4 groups"),
    ],
)
def test_architectures_that_do_not_fit_the_plan(build: Callable[[Weights], nn.Module], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        families.family(clusters(), {"net": build})


def test_layers_of_two_members_must_differ_in_name() -> None:
    both = {"a": lambda w: w.linear("b.fc", 2, 2), "a.b": lambda w: w.linear("fc", 2, 2)}
    with pytest.raises(PlanError, match=r"layer 'a.b.fc' is built twice"):
        families.family({}, both)


@pytest.mark.parametrize("name", ["", "a.b"])
def test_members_must_have_names_without_dots(name: str) -> None:
    with pytest.raises(PlanError, match="cannot be named"):
        families.family({}, {name: lambda w: w.linear("fc", 2, 2)})
