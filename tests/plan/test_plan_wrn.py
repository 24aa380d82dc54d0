"""The wide residual networks of the paper, from a fraction of a percent of their size to several times it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from plan_families import family, hetero, wrn

from swc.diagnostics import SpecError
from swc.family import Family
from swc.plan import fits, initial_clusters, notes, plan_family, smallest_budget

WRN_28_10 = 36_536_884


def alone(budget: int) -> Family:
    return family([wrn("mid", 28, 10)], budget)


@pytest.mark.parametrize(
    ("depth", "widen", "parameters"),
    [(34, 8, 29_597_748), (28, 12, 52_587_060), (28, 10, WRN_28_10), (28, 8, 23_401_012)],
)
def test_parameters_alone(depth: int, widen: int, parameters: int) -> None:
    made = family([wrn("m", depth, widen)], 10**8)
    assert plan_family(made, structure="s").members[0].parameters_alone == parameters


def test_four_member_family_uses_its_budget() -> None:
    plan = plan_family(hetero(), structure="s")
    assert 36_463_500 <= plan.parameters.total <= 36_500_000
    assert [cluster.name for cluster in plan.clusters] == ["conv1x1", "conv3x3"]
    assert all(cluster.fold is None for cluster in plan.clusters)
    assert not notes(hetero(), plan)
    assert len(plan.superweights) == 47


@pytest.mark.parametrize("percent", [1, 10])
def test_low_budgets_fold(percent: int) -> None:
    budget = WRN_28_10 * percent // 100
    plan = plan_family(alone(budget), structure="s")
    fold = {cluster.name: cluster.fold for cluster in plan.clusters}["conv3x3"]
    assert budget * 0.99 <= plan.parameters.total <= budget
    assert fold is not None
    assert fold.templates == 8
    assert [note.code for note in notes(alone(budget), plan)] == ["SW0603"]


@pytest.mark.parametrize("per_mille", [3, 5, 10, 20, 50, 100, 150, 250, 500, 750, 1000, 2000, 4000])
def test_any_budget_of_one_member(per_mille: int) -> None:
    budget = WRN_28_10 * per_mille // 1000
    plan = plan_family(alone(budget), structure="s")
    assert plan.parameters.total <= budget
    if per_mille <= 1000:
        assert plan.parameters.total >= budget * (0.999 if budget > 10**6 else 0.99)
    else:
        assert plan.parameters.total >= WRN_28_10
        assert [note.code for note in notes(alone(budget), plan)] == ["SW0602"]


@pytest.mark.parametrize("per_mille", [3, 10, 20, 50, 100, 250, 500, 750, 1000, 4000])
def test_any_budget_of_four_members(per_mille: int) -> None:
    independent = hetero().parameters_independent
    budget = independent * per_mille // 1000
    plan = plan_family(hetero(budget), structure="s")
    assert plan.parameters.total <= budget
    assert plan.parameters.total >= min(budget, independent) * (0.999 if budget > 10**6 else 0.99)


def test_tiny_clusters_stay_whole_beside_folded_ones() -> None:
    plan = plan_family(alone(WRN_28_10 // 10), structure="s")
    assert {cluster.name: cluster.fold is None for cluster in plan.clusters} == {"conv1x1": True, "conv3x3": False}


def test_too_small_a_budget_names_the_smallest_and_what_binds() -> None:
    smallest = smallest_budget(alone(50_000))
    assert plan_family(alone(smallest), structure="s").parameters.total == smallest
    with pytest.raises(SpecError) as error:
        plan_family(alone(smallest - 1), structure="s")
    (found,) = error.value.diagnostics
    assert found.code == "SW0601"
    assert f"{smallest:,}" in found.summary
    assert found.label == "1 parameter short"
    assert found.primary is not None
    assert found.primary.text == str(smallest - 1)
    assert "mid.fc: 64,000 (head)" in found.detail
    assert "17,952 in norms" in found.detail
    assert f"budget {smallest}" in found.help


@pytest.mark.parametrize("budget", [0, -5, 1])
def test_absurd_budgets_are_diagnosed(budget: int) -> None:
    with pytest.raises(SpecError) as error:
        plan_family(alone(budget), structure="s")
    assert [d.code for d in error.value.diagnostics] == ["SW0601"]


def test_fits_compares_with_the_budget() -> None:
    made = hetero()
    assert fits(made, initial_clusters(made))
    singles = {name.replace(".", "-"): (name,) for names in initial_clusters(made).values() for name in names}
    assert not fits(made, singles)
    assert fits(hetero(143_000_000), singles)


def test_fits_allows_folding_only_where_the_family_needs_it() -> None:
    made = alone(WRN_28_10 // 10)
    singles = {name.replace(".", "-"): (name,) for names in initial_clusters(made).values() for name in names}
    assert fits(made, singles)
    plan = plan_family(made, singles, structure="s")
    assert made.budget.parameters * 0.999 <= plan.parameters.total <= made.budget.parameters
    assert not fits(alone(smallest_budget(made)), singles)


def test_same_bytes_for_any_hash_seed() -> None:
    script = (
        "from plan_families import hetero\nfrom swc.plan import plan_family, to_json\n"
        "for budget in (1_400_000, 36_500_000):\n    print(to_json(plan_family(hetero(budget), structure='s')))\n"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0].count('"format_version"') == 2


def test_planning_needs_no_torch() -> None:
    script = "import sys, swc.plan; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)
