"""The plan's JSON as a contract: documented, and with ids that edits elsewhere leave alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Swc = Callable[..., Result]
ROOT = Path(__file__).resolve().parents[2]


def _plan(swc: Swc, spec: Path, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(swc("plan", spec, "--format", "json", *arguments).stdout)
    return found


def _paths(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{path}{key}"
            yield from _paths(inner, f"{path}{key}.")
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, path[:-1] + "[]." if path.endswith(".") else path)


def _documented(heading: str) -> set[str]:
    """The fields of the table under a heading of docs/plan.md."""
    text = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")
    section = text[text.index(f"\n## {heading}\n") :]
    section = section[: section.find("\n## ", 1)]
    return {field for line in section.splitlines() for field in re.findall(r"^\| `([^`]+)` \|", line)}


def test_every_field_is_documented_and_every_documented_field_is_there(swc: Swc, spec: Path) -> None:
    folded = _plan(swc, spec, "--budget", "12%")
    assert any(cluster["fold"] for cluster in folded["clusters"])
    found = set(_paths(_plan(swc, spec))) | set(_paths(folded))
    assert found == _documented("The plan as JSON")
    sweep = json.loads(swc("plan", spec, "--sweep", "1,12%,50%", "--format", "json").stdout)
    assert set(_paths(sweep)) == _documented("A sweep as JSON")


_FIVE = "member huge = five(width=24)"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("epochs 2  batch 64  sgd(lr=0.05)", "epochs 9  batch 32  sgd(lr=0.1, momentum=0.9)"),
        ("    share {", f"    {_FIVE}\n    share {{"),
        ("    member big ", f"    {_FIVE}\n    member big "),
        ("budget 400k", "budget 380k"),
        ("sw 1", "sw 1\n\n// a comment"),
    ],
)
def test_ids_are_stable_under_unrelated_edits(swc: Swc, spec: Path, old: str, new: str) -> None:
    def ids(plan: dict[str, Any]) -> dict[str, Any]:
        kept = [x for x in plan["superweights"] if x["cluster"] != "conv5x5"]
        return {x["id"]: (x["cluster"], x["at"], x["shape"], x["users"]) for x in kept}

    def layers(plan: dict[str, Any]) -> dict[str, Any]:
        found = (x for member in plan["members"] if member["name"] != "huge" for x in member["layers"])
        return {x["name"]: (x["cluster"], x["superweights"]) for x in found}

    before = _plan(swc, spec)
    text = spec.read_text()
    assert old in text
    spec.write_text(text.replace(old, new, 1))
    after = _plan(swc, spec)
    assert ids(before) == ids(after)
    assert layers(before) == layers(after)
    if "five" in new:
        assert {x["id"] for x in after["superweights"]} > {x["id"] for x in before["superweights"]}


def test_a_member_more_of_the_same_kernel_keeps_the_places_that_stay(swc: Swc, spec: Path) -> None:
    before = {x["id"]: x["at"] for x in _plan(swc, spec)["superweights"]}
    spec.write_text(spec.read_text().replace("    share {", "    member again = wrn(depth=16, widen=2)\n    share {"))
    after = {x["id"]: x["at"] for x in _plan(swc, spec)["superweights"]}
    assert before == after
