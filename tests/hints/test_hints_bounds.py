"""Bounds on the templates of some layers: kept by every SuperWeight that serves one, or refused with both places."""

from __future__ import annotations

import pytest
from attrs import evolve
from hint_specs import SPEC, clusters_of, errors, family, places, plan, serving
from hypothesis import given, settings
from hypothesis import strategies as st

from swc.check import check_text
from swc.diagnostics import SpecError
from swc.elaborate import elaborate
from swc.family import Budget
from swc.plan import notes, plan_family, smallest_budget
from swc.plan.bounds import BoundsByPlace
from swc.plan.ways import spends

SINGLE = "clusters single "
SHAPES = st.tuples(st.integers(1, 8), st.integers(1, 8))
BOUNDS = st.sampled_from([(1, 4), (2, 6), (3, 3), (1, 9)])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(SHAPES, BOUNDS), max_size=8), SHAPES)
def test_bounds_are_those_of_every_layer_that_contains_the_place(
    asked: list[tuple[tuple[int, int], tuple[int, int]]], node: tuple[int, int]
) -> None:
    own = [bounds for shape, bounds in asked if shape[0] >= node[0] and shape[1] >= node[1]]
    lows, highs = [low for low, _ in own], [high for _, high in own]
    expected = (max(lows), min(highs)) if own else (1, 5)
    assert BoundsByPlace((1, 5), asked).at(node) == expected


def test_a_number_alone_is_the_most_with_and_without_patterns() -> None:
    sharing = family("templates 8 templates 3 for *.c1 templates 4..4 for *.c2").sharing
    assert sharing.templates == (1, 8)
    assert [hint.bounds for hint in sharing.template_hints] == [(1, 3), (4, 4)]


def test_upper_bounds_hold_where_matched_layers_are_served() -> None:
    found = plan(SINGLE + "templates 1..8 templates 1..2 for a.f, *.s2", "400k")
    own = serving(found, "a.f", "a.s2", "b.s2")
    assert max(s.templates for s in own) == 2
    assert max(s.templates for s in found.superweights if s not in own) == 6


def test_they_may_exceed_those_of_the_family() -> None:
    found = plan(SINGLE + "templates 1..2 templates 1..6 for *.c2", "400k")
    assert max(s.templates for s in serving(found, "a.c2", "b.c2")) == 6
    assert max(s.templates for s in found.superweights if s.cluster != "conv3x3") == 2


def test_lower_bounds_hold_and_count_for_the_smallest_budget() -> None:
    plain, hinted = family(SINGLE), family(SINGLE + "templates 4..8 for *.c1")
    assert smallest_budget(hinted) > smallest_budget(plain)
    for made in (plain, hinted):
        least = smallest_budget(made)
        found = plan_family(evolve(made, budget=Budget(least, "")), structure="s")
        assert found.parameters.total == least
        with pytest.raises(SpecError, match="SW0601"):
            plan_family(evolve(made, budget=Budget(least - 1, "")), structure="s")
        if made is hinted:
            assert all(s.templates >= 4 for s in serving(found, "a.c1"))


def test_a_budget_too_small_shows_who_asks_for_many_templates() -> None:
    (found,) = errors(SINGLE + "templates 6..8 for *.c1, *.c2", 600)
    assert found.code == "SW0601"
    assert "*.c1" in places(found)
    assert "ask for fewer templates" in found.help


def test_hints_about_one_superweight_intersect() -> None:
    found = plan(SINGLE + "templates 2..6 for a.c1 templates 1..3 for b.c1 templates 3..8 for *.c2", "400k")
    assert [s.templates for s in serving(found, "a.c1")] == [3]


def test_tiles_keep_the_bounds_of_every_layer() -> None:
    found = plan(SINGLE + "templates 1..8 templates 5..6 for b.c3", "3000")
    (cluster,) = (c for c in found.clusters if c.name == "conv3x3")
    assert cluster.fold is not None
    assert 5 <= cluster.fold.templates <= 6


@pytest.mark.parametrize("method", ["single", "gradient", "depth"])
def test_no_common_number_for_one_layer(method: str) -> None:
    (found,) = errors(f"clusters {method} templates 1..2 for *.c1 templates 4..5 for a.*")
    assert found.code == "SW0509"
    assert found.summary.startswith("`a.c1` is to have 1..2 and 4..5 templates")
    assert places(found) == ["a.*", "*.c1"]


def test_no_common_number_for_layers_that_share() -> None:
    (found,) = errors(SINGLE + "templates 1..2 for *.c1 templates 4..5 for b.c2")
    assert found.summary.startswith("`a.c1` and `b.c2` can share a SuperWeight")
    assert places(found) == ["b.c2", "*.c1"]
    assert "apart *.c1, b.c2" in found.help
    assert plan(SINGLE + "templates 1..2 for *.c1 templates 4..5 for b.c2 apart *.c1, b.c2")


def test_no_common_number_for_layers_that_a_search_could_join() -> None:
    hints = "clusters gradient templates 1..2 for *.c1 templates 4..5 for *.c3 "
    assert [d.code for d in errors(hints + "bins 8")] == ["SW0509"]
    assert [d.code for d in errors(hints + "tie a.c1, a.c2 apart a.c2, b.c3")] == ["SW0509"]
    assert plan(hints + "apart *.c1, *.c3")
    assert plan(hints + "cluster back *.c3")
    assert plan(hints + "tie *.c1, a.c2 tie *.c3, b.c2 apart a.c2, b.c2")


def test_depth_bins_keep_layers_from_meeting() -> None:
    found = plan("clusters depth bins 3 templates 1..2 for *.c1 templates 4..5 for *.c3")
    assert clusters_of(found)["conv3x3-bin1"] == ("a.c1", "a.c2", "b.c1", "b.c2")
    (only,) = errors("clusters depth bins 3 templates 1..2 for *.c1 templates 4..5 for *.c2")
    assert only.code == "SW0509"


def test_no_common_number_in_locked_clusters() -> None:
    hints = "clusters gradient templates 1..2 for *.c1 templates 4..5 for *.c2"
    rest = {"conv1x1": ["a.s1", "a.s2", "b.s1", "b.s2"], "linear": ["a.f", "b.f"]}
    joined = {"conv3x3": ["a.c1", "a.c2", "a.c3", "b.c1", "b.c2", "b.c3"], **rest}
    assert [d.code for d in errors(hints, clusters=joined)] == ["SW0509"]
    parted = {"conv3x3-x": ["a.c1", "b.c1", "a.c3"], "conv3x3-y": ["a.c2", "b.c2", "b.c3"], **rest}
    assert plan(hints, clusters=parted)


def test_lower_bounds_need_coefficients_that_part() -> None:
    (found,) = errors("refine none templates 2..4 for *.c1")
    assert found.code == "SW0513"
    assert "refine gradient" in found.help
    assert plan("refine none templates 1..4 for *.c1")
    assert plan("refine none private *.c1 templates 2..4 for *.c1")


def test_fewer_users_than_the_lower_bound_are_noted() -> None:
    made = family(SINGLE + "templates 4..8 for b.s1, *.c1", "400k")
    found = plan_family(made, structure="s")
    short = [s for s in serving(found, "b.s1", "a.c1", "b.c1") if s.templates < 4]
    assert short
    assert all(s.templates == s.coefficient_vectors for s in short)
    (note,) = (d for d in notes(made, found) if d.code == "SW0604")
    assert all(s.id in note.detail for s in short)
    assert places(note) == ["b.s1"]


def test_an_unspent_budget_names_the_bounds_that_keep_it_so() -> None:
    made = family(SINGLE + "templates 1..2 templates 1..3 for *.c1", "4k")
    (note,) = (d for d in notes(made, plan_family(made, structure="s")) if d.code == "SW0602")
    assert "already have 2 or 3 templates" in note.summary
    assert "`templates 1..6 for *.c1`" in note.help
    assert "`templates 1..4`" in note.help


def test_a_budget_above_what_the_members_take_alone_is_to_be_lowered() -> None:
    made = family(SINGLE + "templates 1..2", "400k")
    (note,) = (d for d in notes(made, plan_family(made, structure="s")) if d.code == "SW0602")
    alone = f"{made.parameters_independent:,}"
    start = f"lower the budget: the members take only {alone} on their own, without sharing"
    assert note.help == (
        f"{start}; to use even that much, allow more (`templates 1..6`), or let the budget decide how many clusters "
        "there are (`clusters gradient`)"
    )
    free = family("clusters gradient", "400k")
    (note,) = (d for d in notes(free, plan_family(free, structure="s")) if d.code == "SW0602")
    assert note.help == start


def test_above_a_million_less_than_a_thousandth_may_stay_unspent() -> None:
    small = plan(SINGLE + "templates 1..2")
    for budget, warned in ((1_000_000, False), (1_000_001, True)):
        large = evolve(small, budget=budget, parameters=evolve(small.parameters, total=budget * 995 // 1000))
        assert spends(large) != warned


def test_hints_of_a_warning_that_still_leads_to_a_plan() -> None:
    made = elaborate(check_text(SPEC.format(hints="public *.c1 tie a.c1", budget="100k")))
    assert [d.code for d in notes(made, plan_family(made, structure="s"))][:2] == ["SW0515", "SW0515"]


def test_a_budget_that_hints_make_too_small_names_them_and_gives_no_advice_that_contradicts_them() -> None:
    (found,) = errors("private *.fc, *.c?", budget=900)
    assert found.code == "SW0601"
    assert "public" not in found.help
    assert "let layers share that `private` keeps out, and " in found.help
    assert "*.c?" in places(found)


def test_a_budget_too_small_lists_the_largest_owners_and_counts_several_others() -> None:
    (six,) = errors("private *.c1, *.c2", 10)
    (seven,) = errors("private *.c1, *.c2, a.c3", 10)
    assert "smaller" not in six.detail
    assert all(f"  {name}: " in six.detail for name in ("a.c1", "b.c1", "a.c2", "b.c2", "a.fc", "b.fc"))
    assert "  and 2 smaller ones" in seven.detail


def test_above_what_the_members_take_more_would_add_nothing() -> None:
    made = family("refine none", "300% of members")
    (note,) = [d for d in notes(made, plan_family(made, structure="s")) if d.code == "SW0602"]
    assert note.summary.endswith("every layer is on its own already, and more would add nothing")
