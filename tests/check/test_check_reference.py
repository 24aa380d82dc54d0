"""grammar/README.md against the tables that the compiler works with."""

import re
from pathlib import Path

import pytest

from swc.check import OPERATIONS, check_text
from swc.check.choices import AUGMENTS, CLUSTERS, INPUTS, OPTIMIZERS, OUTPUTS, REFINEMENTS, SCALARS, SCHEDULES
from swc.elaborate import elaborate

TEXT = (Path(__file__).parents[2] / "grammar" / "README.md").read_text(encoding="utf-8")


def test_every_operation_is_listed_with_its_signature() -> None:
    rows = re.findall(r"^\| `(\w+\(\w+: [^`]*)` \| (.*) \|$", TEXT, re.MULTILINE)
    assert rows == [(operation.signature, operation.summary) for operation in OPERATIONS.values()]


@pytest.mark.parametrize(
    "name", [*INPUTS, *OUTPUTS, *CLUSTERS, *REFINEMENTS, *OPTIMIZERS, *SCHEDULES, *AUGMENTS, *SCALARS]
)
def test_every_setting_is_listed(name: str) -> None:
    assert re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", TEXT)


@pytest.mark.parametrize("text", re.findall(r"```sw\n(.*?)```", TEXT, re.DOTALL))
def test_the_examples_compile_without_warnings(text: str) -> None:
    program = check_text(text)
    assert program.warnings == ()
    assert elaborate(program).members


SHARE = re.findall(r"^\| `((?:clusters|refine|templates|bins) [^`]*)` ", TEXT, re.MULTILINE)
TRAIN = re.findall(
    r"^\| `((?:epochs|batch|smoothing|sgd|constant|steps|cosine|onecycle|augment)[^`]*)` ", TEXT, re.MULTILINE
)


@pytest.mark.parametrize("section", [*(f"share {{ {x} }}" for x in SHARE), *(f"train {{ {x} }}" for x in TRAIN)])
def test_every_setting_is_accepted_as_it_is_written(section: str) -> None:
    check_text(
        f"sw 1 family f {{ input image(3, 32, 32) output classes(10) budget 1M member deep = wrn(10) {section} }}"
    )


def test_all_settings_were_found() -> None:
    assert (len(SHARE), len(TRAIN)) == (9, 9)
