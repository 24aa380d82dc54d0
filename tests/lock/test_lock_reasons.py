"""What lock files that were edited, or whose spec was, are told: the true reason, and where."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve
from click.testing import Result
from locked_family import edit

from swc.compiler import LockChoice, load_spec
from swc.lock import outline, read_lock, structure_hash, write_lock
from swc.plan import shareable_layers

Swc = Callable[..., Result]


def told(result: Result) -> str:
    return " ".join(re.sub(r"^ *\|? *", "", result.output, flags=re.MULTILINE).split())


def test_an_edited_hash_is_not_blamed_on_the_spec(swc: Swc, locked: Path) -> None:
    text = locked.read_text(encoding="utf-8")
    locked.write_text(re.sub(r'("structure": ")[0-9a-f]{4}', r"\g<1>0000", text), encoding="utf-8")
    result = swc("lock", "verify", "two.sw")
    assert result.exit_code == 1
    assert "its `structure` was edited, or another swc wrote it" in told(result)
    assert "has changed since the search" not in result.output


@pytest.mark.parametrize("entry", [('"classes": 5', '"classes": 6'), ("[3, 8, 8]", "[3, 8, 9]"), ('"a": "', '"a": "0')])
@pytest.mark.parametrize("use", [("lock", "verify", "two.sw"), ("lock", "apply", "two.sw", "--threshold", "0.1")])
def test_an_edited_outline_is_found(swc: Swc, locked: Path, entry: tuple[str, str], use: tuple[str, ...]) -> None:
    edit(locked, entry)
    result = swc(*use)
    assert result.exit_code == 1
    assert "SW0706" in result.output
    assert "its `outline` does not say what its `structure` says" in told(result)


def test_advice_on_clusters_that_need_no_search_names_those_of_the_lock(swc: Swc, locked: Path, tmp_path: Path) -> None:
    assert locked.exists()
    edit(tmp_path / "two.sw", ("clusters gradient(threshold=0.5, epochs=1)", "clusters single"))
    result = swc("lock", "verify", "two.sw")
    assert "SW0704" in result.output
    assert "write `clusters gradient(threshold=0.5, epochs=1)`" in told(result)


def made_anew(lock: Path, spec: Path, hints: str) -> None:
    """Write hints into the spec, and have the lock say that it was made with them."""
    edit(spec, ("share { ", f"share {{ {hints} "))
    family = load_spec(spec, LockChoice(ignored=True)).family
    write_lock(lock, evolve(read_lock(lock, lock.name), structure=structure_hash(family), outline=outline(family)))


@pytest.mark.parametrize(
    ("needed", "idle", "code"),
    [
        ("apart a.one, b.three", "apart b.three, a.one", "SW0514"),
        ("apart a.one, b.*", "apart a.one, b.two", "SW0514"),
        ("apart a.one, b.three, b.two", "apart a.one, b.three  apart a.one, b.two", "SW0514"),
        ("apart a.one, b.three  apart a.one, b.two", "apart a.one, b.t*", "SW0514"),
        ("cluster late *.three", "apart *.three, *.two", "SW0515"),
        ("private a.one", "private a.o*", "SW0514"),
        ("tie a.one, b.one", "tie b.one, a.one", "SW0514"),
    ],
)
def test_a_lock_stays_valid_without_the_hints_that_are_said_to_say_nothing(
    swc: Swc, locked: Path, tmp_path: Path, needed: str, idle: str, code: str
) -> None:
    spec = tmp_path / "two.sw"
    made_anew(locked, spec, f"{needed}  {idle}")
    lock = locked.read_bytes()
    found = swc("check", "two.sw", "--no-lock").output
    assert code in found
    assert "leave it out" in found or "leave one of them out" in found
    edit(spec, (f"{needed}  {idle}", needed))
    assert "SW0703" not in swc("lock", "verify", "two.sw").output
    assert locked.read_bytes() == lock


@pytest.mark.parametrize(("hints", "code"), [("apart a.one, b.one", "SW0717"), ("tie a.three, b.three", "SW0716")])
def test_clusters_that_break_a_hint_are_shown_in_the_lock_too(
    swc: Swc, locked: Path, tmp_path: Path, hints: str, code: str
) -> None:
    made_anew(locked, tmp_path / "two.sw", hints)
    result = swc("lock", "verify", "two.sw")
    assert code in result.output
    assert "two.sw:6" in result.output
    assert re.search(r"two\.lock:\d+", result.output)


def test_kernels_that_are_mixed_are_shown_in_the_lock(swc: Swc, locked: Path, tmp_path: Path) -> None:
    edit(tmp_path / "net.sw", ("three: conv(relu(bn(y)), width, 3)", "three: conv(relu(bn(y)), width, 1)"))
    family = load_spec(tmp_path / "two.sw", LockChoice(ignored=True)).family
    clusters = {"conv3x3-mixed": {layer.name: layer.shape for layer in shareable_layers(family)}}
    lock = evolve(read_lock(locked, "two.lock"), structure=structure_hash(family), outline=outline(family))
    write_lock(locked, evolve(lock, clusters=clusters))
    result = swc("lock", "verify", "two.sw")
    assert "SW0715" in result.output
    assert re.search(r"two\.lock:\d+", result.output)
