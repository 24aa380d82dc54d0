"""Random hints in other words: what comes to the same is no difference, and no difference means the same plan."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path

import pytest
from attrs import evolve
from diff_specs import SPEC
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from swc.diagnostics import SpecError
from swc.diff.compare import compare
from swc.diff.model import Category, Structural
from swc.diff.side import Side, load_side
from swc.diff.structure import structural

CLUSTERS = "clusters gradient(threshold=0.1, epochs=1)"
HINTS = "private  *.stem"
LAYERS = [
    *(
        f"{member}.{label}"
        for member in ("big", "small")
        for label in ("stem", "hidden", "cells.0.conv1", "cells.1.conv1")
    ),
    *(
        "big.cells.0.shortcut",
        "big.cells.1.shortcut",
        "big.cells.2.shortcut",
        "big.cells.2.conv1",
        "small.cells.1.shortcut",
    ),
]
PATTERNS = ["*.conv1", "*.shortcut", "big.*", "small.*", "*.0.*", "big.*.conv1", "small.*.conv1", "*.hidden", *LAYERS]
WORDS = [
    "private",
    "tie",
    "apart",
    "cluster z0",
    "cluster z1",
    "templates 1..2 for",
    "templates 2..4 for",
    "bins 2 for",
]
JOINED = {"private", "templates 1..2 for", "templates 2..4 for", "bins 2 for"}
"""Hints of which two with one pattern each say what one with both patterns says."""

Hint = tuple[str, list[str]]


@st.composite
def hints(draw: st.DrawFn) -> list[Hint]:
    found = []
    for _ in range(draw(st.integers(1, 3))):
        word = draw(st.sampled_from(WORDS))
        most = 3 if word == "apart" else 2
        found.append((word, draw(st.lists(st.sampled_from(PATTERNS), min_size=most - 1, max_size=most, unique=True))))
    return found


@st.composite
def reworded(draw: st.DrawFn, own: Sequence[Hint]) -> list[Hint]:
    """The same hints in another order, their patterns in another order, or layer by layer, or each in a hint."""
    found: list[Hint] = []
    for word, patterns in draw(st.permutations(own)):
        other = list(patterns) if word == "apart" else draw(st.permutations(patterns))
        if word != "apart" and draw(st.booleans()):
            every = [name for pattern in other for name in LAYERS if fnmatch.fnmatch(name, pattern)]
            if not any(pattern in {"big.*", "small.*"} for pattern in other):  # they match heads, too
                other = list(dict.fromkeys(every))
        if word in JOINED and draw(st.booleans()):
            found += [(word, [pattern]) for pattern in other]
        else:
            found.append((word, other))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hints")


def side(folder: Path, own: Sequence[Hint], clusters: str) -> Side:
    """The side of the spec with these hints; hints that contradict each other are not of interest here."""
    text = "\n        ".join(f"{word} {', '.join(patterns)}" for word, patterns in own)
    path = folder / "hints.sw"
    path.write_text(SPEC.replace(HINTS, text).replace(CLUSTERS, f"clusters {clusters}"), encoding="utf-8")
    try:
        return load_side(path, "hints.sw")
    except SpecError:
        assume(False)  # noqa: FBT003 - the argument's only name is condition
        raise


METHODS = st.sampled_from(["gradient(threshold=0.1, epochs=1)", "single", "depth"])


@settings(max_examples=120, deadline=None)
@given(st.data(), hints(), METHODS)
def test_other_words_are_no_difference(folder: Path, data: st.DataObject, own: list[Hint], clusters: str) -> None:
    before = side(folder, own, clusters)
    after = side(folder, data.draw(reworded(own)), clusters)
    difference = compare(before, after)
    if [word for word, _ in own].count("apart") < 2:  # two of them number what they part, one after the other
        assert difference.is_empty
        assert before.plan == after.plan


@settings(max_examples=120, deadline=None)
@given(hints(), hints(), METHODS)
def test_what_is_no_difference_plans_alike(folder: Path, one: list[Hint], other: list[Hint], clusters: str) -> None:
    before, after = side(folder, one, clusters), side(folder, [*one[1:], *other[:1]], clusters)
    difference = compare(before, after)
    assert Structural.UNKNOWN not in structural(difference)
    if difference.is_empty:
        assert before.plan == after.plan
    if Category.CHECKPOINT not in difference.categories:
        assert evolve(before.plan, budget=0) == evolve(after.plan, budget=0)
    assert compare(after, before).categories == difference.categories
