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
