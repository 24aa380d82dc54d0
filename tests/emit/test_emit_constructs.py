"""Every construct of the language, generated, run and compared with an independent interpreter."""

from pathlib import Path

import pytest
from emit_compiled import check_structure, check_values, compiled, lint, typed
from emit_constructs import CONSTRUCTS


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_members_have_the_elaborated_layers_and_compute_what_the_spec_says(name: str) -> None:
    one = compiled(CONSTRUCTS[name], shared=False)
    check_structure(one)
    check_values(one)


def test_generated_code_is_clean(tmp_path: Path) -> None:
    sources = [compiled(text).source for text in CONSTRUCTS.values()]
    naming = "N803"  # the variable that is called like a class
    assert lint(sources, tmp_path, naming) == ""
    assert typed(tmp_path) == ""


def test_a_shared_family_has_the_parameters_of_its_plan() -> None:
    for text in CONSTRUCTS.values():
        one = compiled(text)
        family = one.load()()
        assert sum(p.numel() for p in family.parameters()) == one.plan.parameters.total <= one.plan.budget
