"""The plan as JSON: the documented keys, and documents that are no plans."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from plan_families import family, hetero, wrn

from swc.diagnostics import SpecError
from swc.plan import from_json, plan_family, to_json


def document(budget: int = 36_500_000) -> Any:
    return json.loads(to_json(plan_family(hetero(budget), structure="s")))


def test_documented_keys() -> None:
    found = document()
    assert list(found) == [
        "format_version",
        "family",
        "structure",
        "budget",
        "parameters",
        "members",
        "clusters",
        "superweights",
    ]
    assert found["format_version"] == 1
    assert list(found["parameters"]) == [
        "total",
        "templates",
        "coefficients",
        "private",
        "norms",
        "biases",
        "weights",
    ]
    assert list(found["members"][0]) == ["name", "parameters_alone", "layers"]
    assert found["members"][0]["layers"][0] == {
        "name": "deep.stem",
        "shape": [16, 3, 3, 3],
        "cluster": None,
        "superweights": [],
    }
    assert found["clusters"][0]["fold"] is None
    first = found["superweights"][0]
    assert list(first) == ["id", "cluster", "at", "shape", "templates", "coefficient_vectors", "users"]
    assert first["id"] == "conv1x1@0,0"
    assert first["shape"] == [128, 16, 1, 1]


@pytest.mark.parametrize("budget", [1_400_000, 36_500_000])
def test_round_trip(budget: int) -> None:
    plan = plan_family(hetero(budget), structure="s")
    assert from_json(to_json(plan)) == plan
    assert to_json(from_json(to_json(plan))) == to_json(plan)


def test_a_plan_without_sharing_round_trips() -> None:
    made = family([wrn("m", 10, 1)], 10**6)
    plan = plan_family(made, structure="s")
    bare = from_json(to_json(plan).replace('"m.stem"', '"m.first"'))
    assert bare.members[0].layers[0].name == "m.first"


def change(edit: Callable[[Any], object]) -> str:
    found = document()
    edit(found)
    return json.dumps(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("[1]", "a list where an object belongs"),
        ('{"a": 1, "a": 2}', "a is there twice"),
        ("[" * 100_000, "JSON|nested"),
        (change(lambda d: d.update(format_version=2)), "format_version is 2, and this swc knows 1"),
        (change(lambda d: d.pop("budget")), "budget is missing"),
        (change(lambda d: d.update(extra=1)), "extra is not known"),
        (change(lambda d: d["parameters"].update(total=True)), "parameters.total is true or false"),
        (change(lambda d: d["superweights"][3].update(templates="8")), r"superweights\[3\].templates is text"),
        (change(lambda d: d["clusters"][0].update(kernel=[3])), r"clusters\[0\].kernel has 1 entries, not 2"),
        (change(lambda d: d["members"][0]["layers"][1].update(cluster=3)), r"members\[0\].layers\[1\].cluster is a n"),
        (change(lambda d: d.update(members={})), "members is an object where a list belongs"),
        (change(lambda d: d["superweights"].append(None)), r"superweights\[47\] is null where an object belongs"),
    ],
)
def test_other_documents_are_refused(text: str, words: str) -> None:
    with pytest.raises(SpecError, match=words) as error:
        from_json(text)
    assert [d.code for d in error.value.diagnostics] == ["SW0610"]


def test_cut_off_documents_are_refused() -> None:
    text = to_json(plan_family(hetero(), structure="s"))
    for length in range(0, len(text) - 2, 997):
        with pytest.raises(SpecError):
            from_json(text[:length])
