"""What SW0601 advises so that less would do: followed, the smallest budget is the one that it names."""

from __future__ import annotations

import re

import pytest
from hint_specs import errors, family

from swc.plan import smallest_budget

WAYS = {
    "let heads share (`public *.fc`)": lambda hints: f"{hints} public *.fc",
    "let layers share that `private` keeps out": lambda hints: re.sub(r"private \S+", "", hints),
    "ask for fewer templates (`templates 1..8`)": lambda hints: re.sub(r"templates \d", "templates 1", hints),
    "ask for fewer templates (`templates 1..8 for *.c2`)": lambda hints: re.sub(r"templates \d", "templates 1", hints),
    "part layers into fewer bins": lambda hints: re.sub(r"clusters \w+|bins \d", "", hints) + " clusters single",
    "make fewer clusters by hand (`cluster`)": lambda hints: re.sub(r"cluster \w+ \S+", "", hints),
    "keep fewer layers apart (`apart`)": lambda hints: re.sub(r"apart \S+, \S+", "", hints),
    "reserve no coefficients for refinement (`refine none`)": lambda hints: f"{hints} refine none",
}


@pytest.mark.parametrize(
    ("hints", "expected"),
    [
        ("", 2),
        ("private *.c1", 3),
        ("templates 4..8", 3),
        ("templates 4..8 for *.c2", 2),
        ("clusters depth bins 3", 3),
        ("apart a.*, b.*", 3),
        ("cluster one *.c1 cluster two *.c2", 3),
        ("private *.c1 templates 2..8 apart *.c2, *.c3 refine none", 4),
    ],
)
def test_each_way_leads_to_the_budget_that_it_names(hints: str, expected: int) -> None:
    (found,) = errors(hints, 100)
    ways = re.findall(r"(?:to need less, |; or )([^;]+?), and ([\d,]+) will do", found.help)
    assert len(ways) == expected
    now = smallest_budget(family(hints))
    for way, budget in ways:
        then = smallest_budget(family(WAYS[way](hints)))
        assert then == int(budget.replace(",", "")) < now
    assert found.help.endswith("or use smaller members")


def test_a_number_that_lacks_its_sign_is_told() -> None:
    assert "written with %, such as `50% of members`; or write `budget " in errors("", 50)[0].help
    assert "%" not in errors("private *.c1", 401)[0].help


def test_the_clusters_and_the_hints_that_make_them_are_named() -> None:
    (found,) = errors("cluster one *.c1 cluster two *.c2", 100)
    lines = found.detail.splitlines()
    head = next(k for k, line in enumerate(lines) if line.endswith("folded as far as they can be"))
    costs = {name: int(cost) for name, cost in (line.strip().split(": ") for line in lines[head + 1 :])}
    assert costs.keys() == {"conv3x3", "conv3x3-one", "conv3x3-two", "conv1x1", "linear"}
    assert f"{sum(costs.values())} in templates" in lines[head]
    assert [r.label for r in found.related].count("makes a cluster of its own") == 2
