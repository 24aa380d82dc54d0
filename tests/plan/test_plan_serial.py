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
        "refined",
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
    assert from_json(to_json(plan)) == plan
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
        (change(lambda d: d.update(parameter=d.pop("parameters"))), "parameters is missing"),
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


def test_fields_of_a_later_swc_are_passed_over() -> None:
    plan = plan_family(hetero(), structure="s")
    found = json.loads(to_json(plan))
    for part in (found, found["parameters"], found["members"][0], found["members"][0]["layers"][0]):
        part["later"] = [1]
    for part in (found["clusters"][0], found["superweights"][0]):
        part["later"] = {"more": None}
    assert from_json(json.dumps(found)) == plan


def layer(found: Any, k: int = 1) -> Any:
    return found["members"][0]["layers"][k]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (
            lambda d: d["superweights"][3].update(templates=-8),
            r"superweights\[3\].templates: it is -8, and not 1 or mo",
        ),
        (lambda d: d["superweights"][3].update(templates=1), "parameters.templates: it is .*, and the SuperWeights co"),
        (
            lambda d: d["superweights"][3].update(coefficient_vectors=2),
            r"\[3\].coefficient_vectors: it is not one for each user",
        ),
        (
            lambda d: d["superweights"][3].update(id="conv1x1@9,9"),
            r"superweights\[3\].id: it is conv1x1@9,9, and clust",
        ),
        (lambda d: d["superweights"][3].update(cluster="conv7x7"), r"\[3\].cluster: there is no cluster conv7x7"),
        (lambda d: d["superweights"][3]["shape"].__setitem__(2, 3), r"superweights\[3\].shape: its kernel size is not"),
        (lambda d: d["superweights"][3]["shape"].__setitem__(0, 0), r"superweights\[3\].shape: a size is below 1"),
        (
            lambda d: d["superweights"][3]["users"].append("deep.stem"),
            r"superweights\[3\].* not one for each user",
        ),
        (
            lambda d: d["superweights"][0]["users"].__setitem__(0, "deep.none"),
            r"\.users\[0\]: there is no layer deep.no",
        ),
        (lambda d: d["superweights"][0]["users"].__setitem__(0, "deep.stem"), r"\.users\[0\]: deep.stem "),
        (lambda d: d["superweights"].append(d["superweights"][0]), "superweights: the id conv1x1@0,0 is there twice"),
        (lambda d: d["superweights"].pop(), "there is no SuperWeight conv3x3@"),
        (lambda d: d["clusters"].append(d["clusters"][0]), "clusters: the name conv1x1 is there twice"),
        (lambda d: d["clusters"].pop(0), "clusters: no cluster names the layer deep.group1.0.shortcut"),
        (
            lambda d: d["clusters"][0]["layers"].append("wide.no"),
            r"clusters\[0\].layers\[12\]: the members have no lay",
        ),
        (lambda d: d["clusters"][0].update(kernel=[3, 3]), "kernel size"),
        (lambda d: d["clusters"][0].update(fan_in=0), r"clusters\[0\].fan_in: it is 0, and not 1 or more"),
        (lambda d: d["clusters"][0].update(fold={"rows": 1, "columns": 1, "templates": 8}), "fold|tiles"),
        (lambda d: d["members"].append(d["members"][0]), "members: the name deep is there twice"),
        (lambda d: layer(d).update(name="wide.new"), r"members\[0\].layers\[1\]: wide.new is no layer of deep"),
        (lambda d: layer(d).update(name=layer(d, 2)["name"]), "there is another layer"),
        (lambda d: layer(d).update(cluster="conv1x1"), "in this cluster"),
        (lambda d: layer(d).update(cluster=None, superweights=[]), "in this cluster"),
        (lambda d: layer(d)["superweights"].append(layer(d)["superweights"][0]), "is there twice"),
        (lambda d: layer(d)["superweights"].pop(), "they do not cover the layer just once|there twice"),
        (lambda d: layer(d)["shape"].__setitem__(0, 9), "reaches beyond the layer"),
        (lambda d: layer(d)["shape"].__setitem__(0, 999), "they do not cover the layer just once"),
        (lambda d: layer(d, 0)["shape"].__setitem__(0, 9), "parameters.weights: it is .*, and layers without a cluste"),
        (lambda d: layer(d, 0).update(superweights=["conv3x3@0,0"]), "a layer without a cluster has none"),
        (lambda d: d["parameters"].update(total=5), "parameters.total: it is 5, and its parts come to"),
        (lambda d: d["parameters"].update(norms=5), "parameters.private: it is .*, and norms, biases and weights com"),
        (lambda d: d.update(family="\ud800"), r"characters that cannot be shown, in '.ud800'"),
        (lambda d: layer(d).update(name="deep.\x1b[31m"), r"characters that cannot be shown, in 'deep\..x1b\[31m'"),
        (lambda d: d.update(budget=5), "parameters.total: it is above the budget of 5"),
    ],
)
def test_plans_that_contradict_themselves_are_refused(edit: Callable[[Any], object], words: str) -> None:
    with pytest.raises(SpecError, match=words) as error:
        from_json(change(edit))
    assert [d.code for d in error.value.diagnostics] == ["SW0610"]


def test_cut_off_documents_are_refused() -> None:
    text = to_json(plan_family(hetero(), structure="s"))
    for length in range(0, len(text) - 2, 997):
        with pytest.raises(SpecError):
            from_json(text[:length])
