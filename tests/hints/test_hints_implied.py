"""Hints that others imply, and bins that stay empty: what is said, and that leaving them out changes nothing."""

from __future__ import annotations

import re

import pytest
from hint_specs import errors, family, places
from hypothesis import given
from hypothesis import strategies as st

from swc.diagnostics import Diagnostic
from swc.plan import initial_clusters
from swc.plan.hints import apart_sides, tied_groups
from swc.plan.idle import hint_warnings


def warnings(hints: str) -> list[Diagnostic]:
    made = family(hints)
    initial_clusters(made)
    return list(hint_warnings(made))


def test_a_circle_of_ties_is_shown_link_by_link() -> None:
    (found,) = warnings("tie a.c1, a.c2 tie a.c2, b.c3 tie b.c3, a.c1")
    assert found.code == "SW0514"
    assert places(found) == ["b.c3", "b.c3", "a.c2"]
    assert [r.label for r in found.related] == [
        "`b.c3` and `a.c2` are tied here",
        "`a.c2` and `a.c1` are tied here",
    ]
    assert found.help == "leave it out"


def test_the_narrower_of_two_ties_is_the_one_to_leave_out() -> None:
    for order in ("tie a.c1, a.c2 tie *.c?", "tie *.c? tie a.c1, a.c2"):
        (found,) = warnings(order)
        assert places(found)[0] == "a.c1"


def test_hints_that_say_something_of_their_own_are_left_alone() -> None:
    assert not warnings("tie a.c1, a.c2 tie a.c2, a.c3 tie b.c1, b.c2")
    assert not warnings("apart a.c1, a.c2 apart a.c2, a.c3 apart a.c1, a.c3")
    assert not warnings("apart a.c1, b.c1 apart a.c1, b.c2")
    assert not warnings("apart *.c1, *.s1, *.c2")
    assert not warnings("cluster own *.c1 tie *.c1, *.c2")


def test_a_repeated_hint_is_reported_once() -> None:
    assert [d.code for d in warnings("tie a.c1, a.c2 tie a.c2, a.c1")] == ["SW0514"]
    assert [d.code for d in warnings("apart a.c1, b.c1 apart b.c1, a.c1")] == ["SW0514"]
    assert [d.code for d in warnings("apart a.c1, b.c1 apart a.c1, b.c1, a.c2 apart b.c1, a.c1")] == ["SW0514"] * 2


NAMES = [f"{member}.c{k}" for member in "ab" for k in (1, 2, 3)]
LISTS = st.lists(st.lists(st.sampled_from(NAMES), min_size=2, max_size=3, unique=True), min_size=1, max_size=5)


@given(LISTS)
def test_without_the_ties_that_are_reported_the_same_layers_are_held_together(ties: list[list[str]]) -> None:
    hints = [f"tie {', '.join(names)}" for names in ties]
    kept = without_the_reported(hints, [hint.spans[0].line for hint in family("\n".join(hints)).sharing.ties])
    assert held(kept) == held("\n".join(hints))
    assert not [d for d in hint_warnings(family(kept)) if d.code == "SW0514"]


def without_the_reported(hints: list[str], lines: list[int]) -> str:
    """The hints, one a line, but for those that SW0514 is about; ``lines`` are where they stand in the spec."""
    found = hint_warnings(family("\n".join(hints)))
    reported = {d.primary.line for d in found if d.code == "SW0514" and d.primary}
    return "\n".join(hint for hint, line in zip(hints, lines, strict=True) if line not in reported)


def held(hints: str) -> set[frozenset[str]]:
    return {frozenset(layer.name for layer in group) for group in tied_groups(family(hints))}


def separated(hints: str) -> set[frozenset[str]]:
    sides = apart_sides(family(hints))
    return {
        frozenset((one, other))
        for one in sides
        for other in sides
        if any(a is not None and b is not None and a != b for a, b in zip(sides[one], sides[other], strict=True))
    }


@given(LISTS)
def test_without_the_aparts_that_are_reported_the_same_layers_are_kept_apart(aparts: list[list[str]]) -> None:
    hints = [f"apart {', '.join(names)}" for names in aparts]
    text = "\n".join(hints)
    kept = without_the_reported(hints, [hint.spans[0].line for hint in family(text).sharing.aparts])
    assert separated(kept) == separated(text)


@pytest.mark.parametrize(
    ("hints", "most"),
    [
        ("bins 999", 12),
        ("bins 13", 12),
        ("tie *.c? bins 999", 7),
        ("bins 99 for *.c?", 6),
        ("cluster own *.c? bins 9", 6),
    ],
)
def test_more_bins_than_layers(hints: str, most: int) -> None:
    (found,) = warnings(hints)
    assert found.code == "SW0515"
    assert f"only {most} layers" in found.summary
    fewer = re.sub(r"bins [0-9]+", f"bins {most}", hints)
    assert re.findall(r"`(.*)`", found.help)[0] in fewer
    assert not warnings(fewer)


def test_a_chain_of_patterns_that_ends_in_a_contradiction_is_shown_link_by_link() -> None:
    (found,) = errors("tie *.c1, *.c2 tie b.c2, *.c3 apart a.c1, a.c3")
    assert found.code == "SW0506"
    assert places(found) == ["a.c3", "a.c1", "*.c1", "b.c2"]
    assert [r.label for r in found.related][1:] == [
        "`a.c1` and `b.c2` are tied here",
        "`b.c2` and `a.c3` are tied here",
    ]


def test_all_heads_of_a_tie_are_to_be_public() -> None:
    (found,) = errors("tie *.fc")
    assert found.help == "add `public a.fc, b.fc`, or take them out of the tie"
    assert not [d for d in warnings("tie *.fc public a.fc, b.fc") if d.code == "SW0503"]
