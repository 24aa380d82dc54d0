"""Contradictions between hints: each is found, with both places."""

from __future__ import annotations

import pytest
from attrs import evolve
from plan_families import codes, family, hint, member, wrn

from swc.diagnostics import Diagnostic, SpecError
from swc.family import Family, Hint, Sharing
from swc.plan import initial_clusters, plan_family

LAYERS = [("c1", 8, 8, 3), ("c2", 8, 8, 3), ("c3", 8, 8, 3), ("s", 8, 8, 1)]


def made(**hints: tuple[Hint, ...]) -> Family:
    return family([member("a", LAYERS), member("b", LAYERS)], 10**6, evolve(Sharing(), **hints))


def only(made_family: Family) -> Diagnostic:
    with pytest.raises(SpecError) as error:
        initial_clusters(made_family)
    (found,) = error.value.diagnostics
    return found


def test_private_and_public() -> None:
    found = only(made(private=(hint(["a.*"], [["a.c1", "a.c2"]]),), public=(hint(["*.c2"], [["a.c2", "b.c2"]]),)))
    assert found.code == "SW0501"
    assert "`a.c2`" in found.summary
    assert found.primary is not None
    assert found.primary.text == "*.c2"
    assert [r.span.text for r in found.related] == ["a.*"]


def test_private_and_tied() -> None:
    tie = hint(["b.c1", "a.c2"], [["b.c1"], ["a.c2"]])
    found = only(made(private=(hint(["a.*"], [["a.c1", "a.c2"]]),), ties=(tie,)))
    assert found.code == "SW0502"
    assert found.primary is not None
    assert found.primary.text == "a.c2"
    assert [r.span.text for r in found.related] == ["a.*"]


def test_tied_head() -> None:
    tie = hint(["*.fc"], [["m.fc", "n.fc"]])
    members = [wrn("m", 10, 1), wrn("n", 10, 1)]
    found = only(family(members, 10**6, Sharing(ties=(tie,))))
    assert found.code == "SW0503"
    assert "public m.fc" in found.help
    public = Sharing(ties=(tie,), public=(tie,), bins=1)
    assert initial_clusters(family(members, 10**6, public))["linear"] == ("m.fc", "n.fc")


def test_tie_of_different_kernels() -> None:
    found = only(made(ties=(hint(["a.c1", "b.s"], [["a.c1"], ["b.s"]]),)))
    assert found.code == "SW0504"
    assert "3x3" in found.summary
    assert "1x1" in found.summary
    assert found.primary is not None
    assert found.primary.text == "b.s"
    assert [r.span.text for r in found.related] == ["a.c1"]


def test_apart_from_itself() -> None:
    found = only(made(aparts=(hint(["a.*", "*.c1"], [["a.c1", "a.c2"], ["a.c1", "b.c1"]]),)))
    assert found.code == "SW0505"
    assert found.primary is not None
    assert found.primary.text == "*.c1"
    assert [r.span.text for r in found.related] == ["a.*"]


def test_tied_through_others_and_apart() -> None:
    ties = (hint(["a.c1", "a.c2"], [["a.c1"], ["a.c2"]]), hint(["a.c2", "b.c3"], [["a.c2"], ["b.c3"]]))
    found = only(made(ties=ties, aparts=(hint(["b.c3", "a.c1"], [["b.c3"], ["a.c1"]]),)))
    assert found.code == "SW0506"
    assert found.summary == "`b.c3` and `a.c1` are tied together and kept apart"
    assert [r.label for r in found.related] == [
        "matches `b.c3`",
        "`b.c3` and `a.c2` are tied here",
        "`a.c2` and `a.c1` are tied here",
    ]
    assert [r.span.text for r in found.related] == ["b.c3", "b.c3", "a.c2"]


def test_all_contradictions_at_once() -> None:
    private = (hint(["a.c1"], [["a.c1"]]),)
    broken = made(
        private=private, public=private, ties=(hint(["b.c1", "b.s"], [["b.c1"], ["b.s"]]),), aparts=private * 2
    )
    with pytest.raises(SpecError) as error:
        plan_family(broken, structure="s")
    assert codes(error.value) == ["SW0501", "SW0504"]


def test_compatible_hints_pass() -> None:
    fine = made(
        private=(hint(["*.s"], [["a.s", "b.s"]]),),
        ties=(hint(["*.c1"], [["a.c1", "b.c1"]]),),
        aparts=(hint(["*.c1", "*.c2", "*.s"], [["a.c1", "b.c1"], ["a.c2", "b.c2"], ["a.s"]]),),
    )
    assert initial_clusters(fine) == {
        "conv3x3-part1": ("a.c1", "a.c3", "b.c1", "b.c3"),
        "conv3x3-part2": ("a.c2", "b.c2"),
    }
