"""Lock files: read back as written, and refused with a reason when they do not belong."""

import json
from pathlib import Path

import pytest
from attrs import evolve

from swc.check import check_text
from swc.diagnostics import SpecError
from swc.elaborate import elaborate
from swc.family import Family
from swc.lock import Lock, lock_text, outline, read_lock, structure_hash, verify_lock, write_lock

SPEC = """sw 1 // a comment
family f {{ input image(3, 16, 16) output classes(10) budget {budget} member a = wrn({depth}, {widen})
    member b = wrn(10) share {{ {hints} }} }}"""


def family(*, budget: str = "1M", depth: int = 10, widen: int = 1, hints: str = "") -> Family:
    return elaborate(check_text(SPEC.format(budget=budget, depth=depth, widen=widen, hints=hints), "f.sw"))


def shareable(built: Family) -> list[str]:
    return [layer.name for layer in built.layers if not layer.head]


def locked(built: Family) -> Lock:
    shapes = {layer.name: layer.shape for layer in built.layers if not layer.head}
    clusters = {"conv": shapes}
    return Lock("f", structure_hash(built), "digits", 3, 0, 0.1, 0.05, clusters, outline=outline(built))


def test_a_lock_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "f.lock"
    for lock in (locked(family()), locked(family(hints="private *.stem  tie *.conv1"))):
        write_lock(path, lock)
        assert read_lock(path, "f.lock") == lock
        assert read_lock(path, "f.lock").outline == lock.outline


def test_the_text_is_sorted_with_one_layer_a_line() -> None:
    lock = locked(family())
    lines = lock_text(lock).splitlines()
    layers = [line.strip() for line in lines if line.startswith("      ") and "[" in line]
    assert len(layers) == len(lock.layers)
    assert layers == sorted(layers)
    entries = list(json.loads(lock_text(lock)))
    assert entries == [*sorted(entries[:-2]), "clusters", "outline"]


def test_layout_budget_and_recipe_keep_the_structure() -> None:
    assert structure_hash(family()) == structure_hash(family(budget="2M"))


@pytest.mark.parametrize("change", [{"depth": 16}, {"widen": 2}, {"hints": "private *.stem"}])
def test_members_and_hints_change_the_structure(change: dict[str, object]) -> None:
    assert structure_hash(family()) != structure_hash(family(**change))  # type: ignore[arg-type]


def test_a_lock_of_another_version_is_explained_layer_by_layer() -> None:
    lock = locked(family(depth=16))
    now = family(widen=2)
    with pytest.raises(SpecError) as error:
        verify_lock(lock, now, shareable(now), "f.lock")
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == "SW0703"
    lines = diagnostic.detail.splitlines()
    assert "a.group1.0.conv1: 16×16×3×3 in the lock, 32×16×3×3 in the spec" in lines
    assert "a.group1.1.conv1: locked, but the spec has no such layer that shares" in lines
    assert any(line.startswith("a.group1.0.shortcut: in the spec, but not") for line in lines)


def test_a_lock_of_this_version_passes() -> None:
    built = family()
    verify_lock(locked(built), family(budget="3M"), shareable(built), "f.lock")


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda text: text[: len(text) // 2], "no valid JSON"),
        (lambda _: "", "no valid JSON"),
        (lambda _: "[]", "no object"),
        (lambda _: "[" * 100_000, "no valid JSON"),
        (lambda text: text.replace('"seed": 0', '"seed": "zero"'), "`seed`"),
        (lambda text: text.replace('"data"', '"date"'), "`data`"),
        (lambda text: text.replace("[16, 16, 3, 3]", "[16, 16, 3]"), "four whole numbers"),
        (lambda text: text.replace('"seed"', '"sead": 1,\n  "seed"'), "`sead`"),
        (lambda text: text.replace('"outline": {', '"outline": 7, "x": {'), "`outline` is not an object"),
        (lambda text: text.replace('"classes": 10', '"classes": "ten"'), "outline.classes is text"),
        (lambda text: text.replace('"classes": 10', '"class": 10'), "outline.classes is missing"),
        (lambda text: text.replace('"hints": []', '"hints": [], "more": 1'), "outline.more is not known"),
        (lambda text: text.replace('"input": [3, 16, 16]', '"input": [3, 16]'), "outline.input has 2 entries, not 3"),
    ],
)
def test_damaged_locks_are_refused_with_a_reason(tmp_path: Path, damage, why: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "f.lock"
    path.write_text(damage(lock_text(locked(family()))), encoding="utf-8")
    with pytest.raises(SpecError) as error:
        read_lock(path, "f.lock")
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == "SW0701"
    assert why in diagnostic.summary


def test_a_layer_in_two_clusters_is_refused(tmp_path: Path) -> None:
    lock = locked(family())
    twice = evolve(lock, clusters={"one": lock.clusters["conv"], "two": dict(list(lock.clusters["conv"].items())[:1])})
    path = tmp_path / "f.lock"
    write_lock(path, twice)
    with pytest.raises(SpecError, match="is in cluster `one` and in `two`"):
        read_lock(path, "f.lock")


def test_a_newer_format_is_named(tmp_path: Path) -> None:
    path = tmp_path / "f.lock"
    path.write_text(lock_text(evolve(locked(family()), format_version=2)), encoding="utf-8")
    with pytest.raises(SpecError, match="format version 2"):
        read_lock(path, "f.lock")
