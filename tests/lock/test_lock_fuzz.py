"""Locks, similarities and plans that were damaged anywhere: refused with a diagnostic or read as what they say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from locked_family import files

Swc = Callable[..., Result]
VALUES: list[Any] = [None, True, -1, 0, 7, 0.5, 1e300, float("nan"), "", "a.one", "../x", [], [1], {}, {"a": 1}, 10**30]


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    """A document with a value replaced, dropped or doubled somewhere, or cut off."""
    if draw(st.booleans()) and draw(st.booleans()):
        return text[: draw(st.integers(0, len(text) - 1))]
    document = json.loads(text)
    node, steps = document, draw(st.integers(0, 6))
    for _ in range(steps):
        inner = [v for v in (node.values() if isinstance(node, dict) else node) if isinstance(v, dict | list) and v]
        if not inner:
            break
        node = draw(st.sampled_from(inner))
    place = draw(st.sampled_from(sorted(node))) if isinstance(node, dict) else draw(st.integers(0, len(node) - 1))
    how = draw(st.sampled_from(["replace", "drop", "add"]))
    if how == "replace":
        node[place] = draw(st.sampled_from(VALUES))
    elif how == "drop":
        del node[place]
    elif isinstance(node, dict):
        node[draw(st.sampled_from(["more", "a.two", "conv3x3"]))] = node[place]
    else:
        node.append(node[place])
    return json.dumps(document)


def check(swc: Swc, folder: Path, path: Path, text: str, commands: tuple[tuple[str, ...], ...]) -> None:
    """Every command says what is wrong, or does its work; neither may leave a traceback or change a file."""
    kept = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    try:
        before = files(folder)
        for command in commands:
            result = swc(*command)
            assert isinstance(result.exception, SystemExit | None), result.exception
            assert result.exit_code in {0, 1, 2}
            assert result.exit_code == 0 or "SW" in result.output or command[0] == "diff"
            assert files(folder) == before
    finally:
        path.write_text(kept, encoding="utf-8")


fuzzed = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@fuzzed
@given(data=st.data())
def test_damaged_locks(swc: Swc, locked: Path, tmp_path: Path, data: st.DataObject) -> None:
    text = data.draw(damaged(locked.read_text(encoding="utf-8")))
    commands = (("lock", "show", "two.lock"), ("lock", "verify", "two.sw"), ("plan", "two.sw"))
    check(swc, tmp_path, locked, text, commands)


@fuzzed
@given(data=st.data())
def test_damaged_similarities(swc: Swc, locked: Path, tmp_path: Path, data: st.DataObject) -> None:
    path = locked.with_suffix(".similarities.json")
    text = data.draw(damaged(path.read_text(encoding="utf-8")))
    commands = (("lock", "verify", "two.sw"), ("lock", "apply", "two.sw", "--threshold", "0.1", "--dry-run"))
    check(swc, tmp_path, path, text, commands)


@fuzzed
@given(data=st.data())
def test_damaged_plans(swc: Swc, locked: Path, tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "two.json"
    if not path.exists():
        assert locked.exists()
        assert swc("plan", "two.sw", "-o", "two.json").exit_code == 0
    text = data.draw(damaged(path.read_text(encoding="utf-8")))
    check(swc, tmp_path, path, text, (("diff", "two.json", "two.sw"), ("diff", "two.json", "two.json")))


@pytest.mark.parametrize("name", ["two.similarities.json", "package.json"])
def test_a_plan_does_not_replace_what_it_is_not(swc: Swc, locked: Path, tmp_path: Path, name: str) -> None:
    assert locked.exists()
    (tmp_path / "package.json").write_text('{"name": "mine"}', encoding="utf-8")
    before = files(tmp_path)
    for extra in ((), ("--format", "json"), ("--sweep", "10%,20%")):
        assert swc("plan", "two.sw", "-o", name, *extra).exit_code in {1, 2}
        assert files(tmp_path) == before
    for extra in ((), ("--sweep", "10%,20%"), ()):
        assert swc("plan", "two.sw", "-o", "plan.json", *extra).exit_code == 0


def test_a_file_is_no_folder_to_compile_into(swc: Swc, locked: Path, tmp_path: Path) -> None:
    before = files(tmp_path)
    result = swc("compile", "two.sw", "-o", "model.py")
    assert result.exit_code == 2
    assert "give a folder" in result.output
    assert files(tmp_path) == before
    assert not (tmp_path / "model.py").exists()
    assert locked.exists()
