"""Every code is documented and tested, and every documented code exists."""

import json
import re
from pathlib import Path

import pytest

from swc.diagnostics import SpecError
from swc.lock import read_lock

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"\bSW\d{4}\b")


def codes_in(*folders: str, literal: bool = False) -> set[str]:
    pattern = re.compile(r'"(SW\d{4})"') if literal else CODE
    paths = [p for folder in folders for p in (ROOT / folder).rglob("*") if p.suffix in {".py", ".sw"}]
    return {code for path in paths for code in pattern.findall(path.read_text(encoding="utf-8"))}


def documented() -> list[str]:
    return re.findall(r"^\| (SW\d{4}) \|", (ROOT / "docs" / "diagnostics.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_code_is_documented_once_and_in_order() -> None:
    found = documented()
    assert found == sorted(set(found))
    assert codes_in("swc", "runtime", literal=True) == set(found)


def test_no_text_speaks_of_a_code_that_does_not_exist() -> None:
    assert codes_in("swc", "runtime") <= set(documented())


def test_every_code_has_a_test() -> None:
    assert set(documented()) - codes_in("tests") == set()


def test_locks_of_other_releases_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.write_text(json.dumps({"format_version": 99}))
    with pytest.raises(SpecError) as caught:
        read_lock(path, "a.lock")
    assert [d.code for d in caught.value.diagnostics] == ["SW0702"]
