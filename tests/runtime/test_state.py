"""Sharing survives saving, loading, copying, averaging and moving."""

from __future__ import annotations

import copy
import io
from pathlib import Path

import pytest
import safetensors.torch
import torch
from handmade import FoldedMini, Mini
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from swc_runtime import Family, PlanError

X = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def refined(family_class: type[Family], seed: int) -> Family:
    """A family in evaluation mode with one SuperWeight split and its vectors apart."""
    torch.manual_seed(seed)
    family = family_class()
    superweight = family.bank.superweights["conv3x3@0,0"]
    family.bank.split(superweight.id, [superweight.users[::2], superweight.users[1::2]])
    with torch.no_grad():
        for bank in family.bank.template_banks():
            bank.coefficients.add_(torch.randn_like(bank.coefficients), alpha=0.1)
    return family.eval()


@pytest.fixture(params=[Mini, FoldedMini])
def family_class(request: pytest.FixtureRequest) -> type[Family]:
    made: type[Family] = request.param
    return made


def test_names_are_those_of_superweights_and_clusters() -> None:
    names = set(Mini().state_dict())
    for kind in ("templates", "coefficients", "rows"):
        assert f"bank.conv3x3@16,0.{kind}" in names
        assert f"bank.conv3x3.{kind}" in FoldedMini().state_dict()
    assert len([name for name in names if name.startswith("bank.")]) == 3 * 15
    assert "members.deep.group1.0.bn1.weight" in names
    assert not [name for name in names if "conv1" in name and name.startswith("members.")]


def test_the_plan_counts_every_parameter(family_class: type[Family]) -> None:
    family = family_class()
    assert sum(p.numel() for p in family.parameters()) == family.plan.parameters <= family.plan.budget


@pytest.mark.parametrize("assign", [False, True])
def test_a_saved_family_loads_with_its_sharing(family_class: type[Family], tmp_path: Path, *, assign: bool) -> None:
    family = refined(family_class, 0)
    safetensors.torch.save_file(family.state_dict(), tmp_path / "family.safetensors")  # refuses aliases
    torch.manual_seed(1)
    other = family_class().eval()
    assert not torch.allclose(other(X), family(X))
    other.load_state_dict(safetensors.torch.load_file(tmp_path / "family.safetensors"), strict=True, assign=assign)
    assert torch.equal(other(X), family(X))
    assert other.bank.groups("conv3x3@0,0") == family.bank.groups("conv3x3@0,0")
    other(X).sum().backward()
    assert len(list(other.parameters())) == len(list(family.parameters()))
    assert all(p.grad is not None for p in other.parameters())


def test_an_unrefined_state_loads_into_a_refined_family(family_class: type[Family]) -> None:
    torch.manual_seed(1)
    plain = family_class().eval()
    family = refined(family_class, 0)
    family.load_state_dict(plain.state_dict())
    assert torch.equal(family(X), plain(X))
    assert len(family.bank.groups("conv3x3@0,0")) == 1


def test_a_state_of_another_plan_is_refused() -> None:
    family = Mini()
    state = {name: tensor.clone() for name, tensor in family.state_dict().items()}
    state["bank.conv3x3@16,0.rows"][2:] = 0  # of two users and two vectors
    with pytest.raises(PlanError, match=r"'wide.group2.0.conv2' read no coefficient vector of SuperWeight 'conv3x3@16"):
        family.load_state_dict(state)


def test_deep_copies_are_bound_to_their_own_bank(family_class: type[Family]) -> None:
    family = refined(family_class, 0)
    twin = copy.deepcopy(family)
    assert torch.equal(twin(X), family(X))
    before = family(X).detach()
    with torch.no_grad():
        for parameter in twin.bank.parameters():
            parameter.zero_()
    assert torch.equal(family(X), before)
    assert not torch.allclose(twin(X), before)
    twin(X).sum().backward()
    assert all(p.grad is None for p in family.parameters())
    groups = family.bank.groups("conv3x3@0,0")
    twin.bank.split("conv3x3@0,0", [[user] for user in twin.bank.superweights["conv3x3@0,0"].users])
    assert family.bank.groups("conv3x3@0,0") == groups
    deep = twin.members["deep"]
    assert torch.equal(deep(X), twin(X)[0])
    assert deep.get_submodule("fc")._bank is twin.bank


def test_a_pickled_family_is_whole(family_class: type[Family]) -> None:
    family = refined(family_class, 0)
    file = io.BytesIO()
    torch.save(family, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    assert torch.equal(loaded(X), family(X))


AVERAGES = {
    "mean": {},
    "mean with buffers": {"use_buffers": True},
    "ema": {"multi_avg_fn": get_ema_multi_avg_fn(0.9)},
    "ema with buffers": {"multi_avg_fn": get_ema_multi_avg_fn(0.9), "use_buffers": True},
}


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("split_both", [False, True])
def test_averaged_copies_keep_and_follow_the_sharing(
    family_class: type[Family], average: str, *, split_both: bool
) -> None:
    family = refined(family_class, 0)
    averaged = AveragedModel(family, **AVERAGES[average])
    averaged.update_parameters(family)
    torch.testing.assert_close(averaged(X), family(X))
    superweight = family.bank.superweights["conv3x3@0,0"]
    groups = [superweight.users[::2], superweight.users[1:4:2], superweight.users[5::2]]
    family.bank.split(superweight.id, groups)
    if split_both:
        averaged.module.bank.split(superweight.id, groups)
    for _ in range(3):
        averaged.update_parameters(family)
        assert averaged.module.bank.groups(superweight.id) == family.bank.groups(superweight.id)
    if split_both:  # averages of equal numbers
        torch.testing.assert_close(averaged(X), family(X), rtol=1e-4, atol=1e-5)


def test_an_average_averages_templates_and_coefficients() -> None:
    family = refined(Mini, 0)
    averaged = AveragedModel(family, multi_avg_fn=get_ema_multi_avg_fn(0.5))
    averaged.update_parameters(family)
    before = copy.deepcopy(family.state_dict())
    with torch.no_grad():
        for parameter in family.bank.parameters():
            parameter.add_(0.5)
    averaged.update_parameters(family)
    name = "conv3x3@0,0.coefficients"
    expected = before[f"bank.{name}"] + 0.25
    torch.testing.assert_close(averaged.module.bank.state_dict()[name], expected)


def test_an_assignment_written_into_the_buffer_takes_effect(family_class: type[Family]) -> None:
    family = refined(family_class, 0)
    torch.manual_seed(1)
    other = family_class().eval()
    with torch.no_grad():
        for mine, theirs in zip(
            [*other.parameters(), *other.buffers()], [*family.parameters(), *family.buffers()], strict=True
        ):
            mine.copy_(theirs)
    assert torch.equal(other.bank.weight("deep.group1.0.conv2"), family.bank.weight("deep.group1.0.conv2"))
    assert torch.equal(other(X), family(X))
    assert other.bank.groups("conv3x3@0,0") == family.bank.groups("conv3x3@0,0")


def test_double_precision(family_class: type[Family]) -> None:
    family = refined(family_class, 0)
    double = copy.deepcopy(family).double()
    assert double(X.double()).dtype == torch.float64
    torch.testing.assert_close(double(X.double()).float(), family(X), rtol=1e-4, atol=1e-5)
    assert double.bank.groups("conv3x3@0,0") == family.bank.groups("conv3x3@0,0")


def index_devices(family: Family) -> set[str]:
    indices = [index for s in family.bank.resolution.selections.values() for index in (s._index, s._gather)]
    return {index.device.type for index in indices if index is not None}


def test_families_move_between_devices(family_class: type[Family]) -> None:
    family = refined(family_class, 0)
    state = {name: tensor.clone() for name, tensor in family.state_dict().items()}
    before = family(X).detach()
    family.to("meta")
    assert index_devices(family) == ({"meta"} if family_class is FoldedMini else set())
    assert family(X.to("meta")).shape == before.shape
    family.to_empty(device="cpu")
    assert index_devices(family) <= {"cpu"}
    family.load_state_dict(state)
    assert torch.equal(family(X), before)


def test_families_can_be_built_on_the_meta_device(family_class: type[Family]) -> None:
    for family in (family_class().eval(), refined(family_class, 0)):
        with torch.device("meta"):
            other = family_class().eval()
        other.load_state_dict(family.state_dict(), assign=True)
        assert index_devices(other) <= {"cpu"}
        assert torch.equal(other(X), family(X))
