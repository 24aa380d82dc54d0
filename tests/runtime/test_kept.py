"""In evaluation, weights are composed once and kept; whatever they depend on may change in any way torch knows."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable

import pytest
import torch
from changes import CHANGES
from handmade import FoldedMini, Mini, divided
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from swc_runtime import Family
from swc_runtime.templates import TemplateBank

X = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def since(self, call: Callable[[], object]) -> int:
        before = self.count
        call()
        return self.count - before


@pytest.fixture
def composed(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """Counts how often a template bank composes."""
    counter = Counter()
    compose = TemplateBank.compose

    def counted(self: TemplateBank, *args: object) -> Tensor:
        counter.count += 1
        return compose(self, *args)

    monkeypatch.setattr(TemplateBank, "compose", counted)
    return counter


@pytest.fixture(params=[Mini, FoldedMini])
def family(request: pytest.FixtureRequest) -> Family:
    return divided(request.param)


def anew(family: Family) -> Tensor:
    """The logits by the way that keeps nothing: with gradients."""
    with torch.enable_grad():
        return family(X).detach()


def assert_right(family: Family) -> None:
    """Every kind of call gives what composing anew gives, whatever was kept before."""
    expected = anew(family)
    probabilities = expected.softmax(-1)
    with torch.no_grad():
        assert torch.equal(family(X), expected)
        assert torch.equal(family.members["wide"](X), expected[1])
    with torch.inference_mode():
        assert torch.equal(family.members["deep"](X), expected[0])
    assert torch.equal(family.predict(X, members=["wide"]), probabilities[1])
    assert torch.equal(family.predict(X), probabilities.mean(0))


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_nothing_is_composed_twice(family: Family, composed: Counter, mode: Callable[[], torch.no_grad]) -> None:
    with mode():
        banks = len(list(family.bank.template_banks()))
        assert composed.since(lambda: family(X)) >= banks
        for call in (
            lambda: family(X),
            lambda: family.members["wide"](X),
            lambda: family.predict(X),
            lambda: family.predict(X, members=["deep"]),
        ):
            assert composed.since(call) == 0
    assert composed.since(lambda: family.members["wide"].get_submodule("group1.0.conv1")(torch.randn(1, 8, 4, 4))) > 0
    with torch.no_grad():
        assert composed.since(lambda: family.members["wide"].get_submodule("fc")(torch.randn(1, 20))) == 0
    assert_right(family)


def test_what_was_kept_in_inference_mode_serves_outside_of_it(family: Family, composed: Counter) -> None:
    with torch.inference_mode():
        family(X)
    family.requires_grad_(requires_grad=False)
    x = X.clone().requires_grad_()
    assert composed.since(lambda: family(x).sum().backward()) == 0  # kept weights may be saved for backward
    reference = copy.deepcopy(family).requires_grad_()
    (expected,) = torch.autograd.grad(reference(x).sum(), x)
    assert x.grad is not None
    torch.testing.assert_close(x.grad, expected)


def test_weights_that_need_gradients_are_composed_with_a_graph(family: Family) -> None:
    family.predict(X)
    family(X).sum().backward()
    assert all(p.grad is not None for p in family.parameters())
    with torch.no_grad(), family.bank.step():
        family(X)
        with torch.enable_grad():
            assert family.members["wide"](X).requires_grad


def test_training_and_probing_keep_nothing(family: Family, composed: Counter) -> None:
    family.predict(X)
    with family.bank.probing() as probes, torch.no_grad():
        probes["deep.fc"].zero_()
        logits = family.members["deep"](X)
    assert torch.equal(logits, torch.zeros_like(logits))
    family.train()
    for _ in range(2):
        with torch.no_grad():
            assert composed.since(lambda: family(X)) > 0
            assert composed.since(lambda: family.members["wide"](X)) > 0
    assert family.bank.composer._kept is None


def test_predictions_beside_a_training_compose_once_for_each_change(family: Family, composed: Counter) -> None:
    family.train()
    optimizer = torch.optim.SGD(family.parameters(), lr=0.1)
    for members in (None, ["wide"]):
        for _ in range(2):
            optimizer.zero_grad()
            family(X).softmax(-1)[..., 0].sum().backward()
            optimizer.step()
            probabilities = family.predict(X, members=members)
            assert composed.since(lambda m=members: family.predict(X, members=m)) == 0  # type: ignore[misc]
            twin = copy.deepcopy(family).eval()
            torch.testing.assert_close(probabilities, twin.predict(X, members=members), rtol=0, atol=0)
        for parameter in family.bank.parameters():
            parameter.data.mul_(1.1)
        assert composed.since(lambda m=members: family.predict(X, members=m)) > 0  # type: ignore[misc]
    assert all(module.training for module in family.modules())


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_noticed(family: Family, change: str) -> None:
    assert_right(family)
    before = family.predict(X)
    for _ in range(2):
        CHANGES[change](family)
        assert_right(family)
    if change != "double precision and back":
        assert not torch.equal(family.predict(X), before)


@pytest.mark.parametrize("average", ["mean", "ema", "ema with buffers"])
def test_averages_that_are_evaluated_while_the_family_trains(family: Family, average: str) -> None:
    arguments = {"multi_avg_fn": get_ema_multi_avg_fn(0.5)} if average.startswith("ema") else {}
    averaged = AveragedModel(family, use_buffers=average.endswith("buffers"), **arguments).eval()
    optimizer = torch.optim.SGD(family.parameters(), lr=0.1)
    for turn in range(4):
        family(X).softmax(-1)[..., 0].sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        if turn == 2:
            users = family.bank.superweights["conv3x3@8,0"].users
            family.bank.split("conv3x3@8,0", [users[:1], users[1:]])
        averaged.update_parameters(family)
        assert_right(averaged.module)
        assert_right(family)


def test_dtypes_and_devices_are_followed(family: Family) -> None:
    single = family.predict(X)
    family.double()
    double = family.predict(X.double())
    assert double.dtype == torch.float64
    torch.testing.assert_close(double.float(), single)
    family.bfloat16()
    assert family.predict(X.bfloat16()).dtype == torch.float32
    with torch.no_grad():
        assert family(X.bfloat16()).dtype == torch.bfloat16
        family.float()
        assert family(X).dtype == torch.float32
        family.to("meta")
        assert family(X.to("meta")).is_meta


def test_autocast_uses_what_is_kept_in_full_precision(family: Family, composed: Counter) -> None:
    with torch.no_grad():
        family(X)
        with torch.autocast("cpu", torch.bfloat16):
            assert composed.since(lambda: family(X)) == 0
            kept = family(X)
        with torch.autocast("cpu", torch.bfloat16), torch.enable_grad():
            assert torch.equal(kept, family(X))
        assert torch.equal(family(X), anew(family))


def test_casts_of_autocast_are_kept_by_type_and_made_anew_with_the_weights(family: Family) -> None:
    frozen = family.freeze()

    def expected(dtype: torch.dtype) -> Tensor:
        with torch.autocast("cpu", dtype):
            return torch.stack([member(X) for member in frozen.values()])

    with torch.no_grad():
        for dtype in (torch.bfloat16, torch.float16, torch.bfloat16):
            with torch.autocast("cpu", dtype):
                assert torch.equal(family(X), expected(dtype))
        with torch.autocast("cpu", torch.bfloat16):
            first = _used(family)
            assert all(a is b for a, b in zip(first, _used(family), strict=True))
            assert {weight.dtype for weight in first} == {torch.bfloat16}
            with torch.autocast("cpu", enabled=False):
                assert {weight.dtype for weight in _used(family)} == {torch.float32}
        for bank in family.bank.template_banks():
            bank.templates.mul_(2)
        frozen = family.freeze()
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(family(X), expected(torch.bfloat16))


def _used(family: Family) -> list[Tensor]:
    with family.bank.step():
        composer = family.bank.composer
        return [composer.weight_to_use(name) for name in family.bank.layers]


def test_writing_to_a_weight_that_was_asked_for_changes_nothing(family: Family) -> None:
    expected = anew(family)
    with torch.no_grad():
        family(X)
        family.bank.weight("wide.fc").zero_()
        family.members["wide"].get_submodule("fc").weight.zero_()
        assert torch.equal(family(X), expected)


def test_writing_to_a_weight_within_a_step_changes_nothing_that_is_kept(family: Family) -> None:
    expected = anew(family)
    layer = family.members["wide"].get_submodule("fc")
    with torch.no_grad(), family.bank.step():
        family(X)
        assert layer.weight.data_ptr() == family.bank.weight("wide.fc").data_ptr()
        layer.weight.zero_()
        family.bank.weight("deep.fc").zero_()
        assert torch.equal(family(X), expected)
    with torch.no_grad():
        assert torch.equal(family(X), expected)


def test_writing_to_the_weights_of_a_step_spoils_no_frozen_members(family: Family) -> None:
    expected = anew(family)
    with torch.no_grad(), family.bank.step():
        family.bank.weight("wide.fc").zero_()
        with family.bank.probing() as probes:
            assert probes["wide.fc"].count_nonzero()
    with torch.no_grad():
        assert torch.equal(family(X), expected)


def test_kept_weights_are_shared_between_members_where_layers_share_all() -> None:
    family = Mini().eval()
    family.predict(X)
    kept = family.bank.composer._kept
    assert kept is not None
    assert set(kept.weights) == set(family.bank.layers)
    distinct = {(layer.cluster, layer.shape) for layer in family.bank.layers.values()}
    assert len({weight.data_ptr() for weight in kept.weights.values()}) == len(distinct)


def test_a_member_that_is_never_called_is_not_composed() -> None:
    family = Mini().eval()
    family.predict(X, members=["wide"])
    kept = family.bank.composer._kept
    assert kept is not None
    assert {name.partition(".")[0] for name in kept.weights} == {"wide"}


def pickled(family: Family) -> Family:
    file = io.BytesIO()
    torch.save(family, file)
    file.seek(0)
    loaded: Family = torch.load(file, weights_only=False)
    return loaded


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_copies_keep_weights_of_their_own(
    family: Family, copied: Callable[[Family], Family], composed: Counter
) -> None:
    before = family.predict(X)
    twin = copied(family)
    assert twin.bank.composer._kept is None
    assert twin.bank.composer is not family.bank.composer
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.mul_(1.1)
    assert_right(twin)
    assert composed.since(lambda: family.predict(X)) == 0
    assert torch.equal(family.predict(X), before)
    member = copied(family.members["wide"])  # type: ignore[arg-type]
    with torch.no_grad():
        assert torch.equal(member(X), family.members["wide"](X))


def test_a_shallow_copy_of_a_bank_keeps_weights_of_its_own(family: Family) -> None:
    family.predict(X)
    twin = copy.copy(family.bank)
    assert twin.composer is not family.bank.composer
    assert_right(copy.copy(family))
    with torch.no_grad():
        assert torch.equal(twin.weight("deep.fc"), family.bank.weight("deep.fc"))
        family.bank.get_parameter("heads@0,0.templates").mul_(2.0)
        assert torch.equal(twin.weight("deep.fc"), family.bank.weight("deep.fc"))


def test_mode_switches_and_forget_let_go_of_what_is_kept(family: Family, composed: Counter) -> None:
    for letting_go in (family.eval, lambda: family.train().eval(), family.forget, family.bank.forget):
        family.predict(X)
        assert composed.since(lambda: family.predict(X)) == 0
        letting_go()
        assert family.bank.composer._kept is None
        assert composed.since(lambda: family.predict(X)) > 0


def test_families_of_inference_tensors_are_composed_each_time(composed: Counter) -> None:
    with torch.inference_mode():
        family = Mini().eval()
        for _ in range(2):
            assert composed.since(lambda: family(X)) > 0
        family.bank.get_parameter("heads@0,0.templates").mul_(2.0)
        assert torch.equal(family(X), copy.deepcopy(family)(X))


def test_hooks_on_template_banks_are_heard_in_evaluation_too(family: Family) -> None:
    family.predict(X)
    bank = next(family.bank.template_banks())
    handle = bank.register_forward_hook(lambda _module, _args, mixtures: tuple(2 * mixture for mixture in mixtures))
    assert_right(family)
    handle.remove()
    assert_right(family)
