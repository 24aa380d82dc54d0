"""The search: pools, thresholds that fall until the budget is kept, and results that can be kept as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
import torch
from train_families import Tiny, TugOfWar, digits, noise, tiny

from swc_runtime.problems import TrainingError
from swc_runtime.progress import Silent
from swc_runtime.recipe import GradientSearch, Steps
from swc_runtime.search import kernel_pools, search
from swc_runtime.search_result import Pool, SearchResult, fit_threshold, regroup
from swc_runtime.training import Session, TrainOptions

CPU = TrainOptions(accelerator="cpu")
POOL = Pool("conv3x3", ("a", "b", "c"), {("a", "b"): 0.3, ("a", "c"): math.nan, ("b", "c"): -0.2})
OTHER = Pool("conv1x1", ("d", "e"), {("d", "e"): 0.05})


def test_the_tug_of_war_is_found():
    torch.manual_seed(0)
    result = search(TugOfWar(), noise(64, (1, 6, 6), 4), GradientSearch(0.1, 0), CPU)
    assert result.groups == (("one.a", "one.c"), ("one.b",))
    assert result.threshold == result.requested == 0.1


def test_the_stored_result_reproduces_the_decision():
    result = search(tiny(), digits(200), GradientSearch(-0.5, 1), CPU)
    stored = SearchResult.from_json(json.loads(json.dumps(result.to_json(), allow_nan=False)))
    assert stored == result
    assert regroup(stored.pools, stored.threshold) == result.groups
    assert [pool.layers for pool in result.pools] == [("small.conv1", "small.conv2", "large.conv1", "large.conv2")]


def test_the_search_is_reproducible_and_its_seed_matters():
    settings = GradientSearch(0.1, 1)
    seeds = [TrainOptions(accelerator="cpu", seed=seed) for seed in (1, 1, 2)]
    results = [search(tiny(), digits(200), settings, options) for options in seeds]
    assert results[0] == results[1]
    assert results[0].pools != results[2].pools


def test_the_search_trains_for_its_epochs_and_hints_are_kept():
    family = tiny()
    before = {name: value.clone() for name, value in family.state_dict().items()}
    result = search(
        family,
        digits(200),
        GradientSearch(2.0, 1),
        CPU,
        together=[("small.conv1", "large.conv2")],
    )
    assert result.groups == (("small.conv1", "large.conv2"), ("small.conv2",), ("large.conv1",))
    assert any(not torch.equal(value, before[name]) for name, value in family.state_dict().items())
    apart = search(tiny(), digits(64), GradientSearch(-1.0, 0), CPU, apart=[("small.conv1", "small.conv2")])
    assert not any({"small.conv1", "small.conv2"} <= set(group) for group in apart.groups)
    assert len(apart.groups) == 2


def test_null_stands_for_no_direction():
    stored = POOL.to_json()
    assert stored == {"kernel": "conv3x3", "layers": ["a", "b", "c"], "cosines": [[0.3, None], [-0.2]]}
    assert Pool.from_json(stored).to_json() == stored
    with pytest.raises(ValueError, match="conv3x3"):
        Pool.from_json({**stored, "cosines": [[0.3], [-0.2]]})


def test_pools_are_kernels_not_bins():
    family = tiny()
    for name, layer in family.bank.layers.items():
        object.__setattr__(layer, "cluster", f"conv3x3-bin{1 + name.startswith('large')}")
    assert list(kernel_pools(family.bank)) == ["conv3x3"]


def test_the_threshold_falls_until_the_clusters_fit():
    found = fit_threshold([POOL, OTHER], 0.4, lambda groups: len(groups) <= 4)
    assert found == ((("a", "b"), ("c",), ("d",), ("e",)), 0.25)
    found = fit_threshold([POOL, OTHER], 0.4, lambda groups: len(groups) <= 3)
    assert found == ((("a", "b"), ("c",), ("d", "e")), 0.0)
    found = fit_threshold([POOL, OTHER], 0.4, lambda groups: len(groups) <= 2)
    assert found == ((("a", "b", "c"), ("d", "e")), -0.25)


def test_the_fall_ends_where_all_layers_have_merged():
    silent = Pool("conv3x3", ("a", "b"), {("a", "b"): math.nan})
    asked = []
    assert fit_threshold([silent], 0.1, lambda groups: asked.append(groups) or len(groups) == 1) == (
        (("a", "b"),),
        -1.0,
    )
    assert asked == [(("a",), ("b",)), (("a", "b"),)]  # the same clusters are not tried twice
    assert fit_threshold([silent], 0.1, lambda _: False) is None
    with pytest.raises(TrainingError, match="raise the budget"):
        search(tiny(), digits(64), GradientSearch(0.1, 0), CPU, fits=lambda _: False)


def test_the_fall_is_recorded_and_told():
    told = []

    class Ear:
        def __init__(self) -> None:
            self.phase = Silent().phase

        def say(self, text):
            told.append(text)

    result = search(tiny(), digits(64), GradientSearch(0.99, 0), CPU, fits=lambda g: len(g) == 1, reporter=Ear())
    assert result.requested == 0.99
    assert result.threshold < 0.99
    assert len(result.groups) == 1
    assert "0.99" in told[0]
    assert f"{result.threshold:g}" in told[0]


def test_ties_may_join_pools():
    assert regroup([POOL, OTHER], 1.0, together=[("c", "e")]) == (("a",), ("b",), ("c", "e"), ("d",))


@pytest.mark.parametrize(("epochs", "rates"), [(2, [0.1] * 2), (4, [0.1] * 3 + [0.02]), (8, [0.1] * 6 + [0.02] * 2)])
def test_a_recipe_shorter_than_the_search_is_stretched(monkeypatch, epochs, rates):
    assert (Tiny.recipe.epochs, Tiny.recipe.schedule) == (4, Steps((3,), 0.2))
    original, found = Session.train_epoch, []

    def train_epoch(*arguments):
        found.append(original(*arguments))
        return found[-1]

    monkeypatch.setattr(Session, "train_epoch", train_epoch)
    assert search(tiny(), digits(64), GradientSearch(0.1, epochs), CPU).epochs == epochs
    assert [record.lr for record in found] == pytest.approx(rates)


def test_impossible_options_are_told():
    with pytest.raises(TrainingError, match="--batch must be at least 1, not 0"):
        search(tiny(), digits(64), GradientSearch(0.1, 0), replace(CPU, batch=0))
