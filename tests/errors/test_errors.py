"""Bad specs: each states its diagnostics in comments, on the lines where they begin, and must give exactly those."""

import re
from pathlib import Path

import pytest

from swc.check import load_program
from swc.diagnostics import Diagnostic, SpecError
from swc.diagnostics.render import ordered, render_text
from swc.elaborate import elaborate
from swc.plan import initial_clusters
from swc.plan.idle import hint_warnings

FOLDER = Path(__file__).parent
SPECS = sorted(FOLDER.glob("*.sw"))
EXPECTED = re.compile(r"(ERROR|WARNING)\[(SW\d{4})\]: (.*?)(?= // (?:ERROR|WARNING)\[|$)")

Expectation = tuple[str, int, str, str, str]
"""File, line, severity, code, and part of the summary."""


def expectations(name: str, text: str) -> list[Expectation]:
    return [
        (name, number, match[1].lower(), match[2], match[3].strip())
        for number, line in enumerate(text.split("\n"), 1)
        for match in EXPECTED.finditer(line)
    ]


def diagnostics_of(path: Path) -> tuple[Diagnostic, ...]:
    try:
        program = load_program(path, display=path.name)
        family = elaborate(program)
        initial_clusters(family)
    except SpecError as error:
        return error.diagnostics
    return program.warnings + hint_warnings(family)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_bad_spec_gives_exactly_the_diagnostics_that_it_states(path: Path) -> None:
    found = diagnostics_of(path)
    texts = {path.name: path.read_text(encoding="utf-8")}
    texts |= {d.primary.source.name: d.primary.source.text for d in found if d.primary is not None}
    wanted = [e for name, text in texts.items() for e in expectations(name, text)]
    unmatched = list(wanted)
    unexpected = []
    for diagnostic in ordered(found):
        assert diagnostic.primary is not None
        place = (diagnostic.primary.source.name, diagnostic.primary.line, str(diagnostic.severity), diagnostic.code)
        match = next((e for e in unmatched if e[:4] == place and e[4] in diagnostic.summary), None)
        if match is None:
            unexpected.append(diagnostic)
        else:
            unmatched.remove(match)
    assert not unexpected, render_text(unexpected)
    assert not unmatched
    assert wanted, "the spec states no diagnostic"


def test_there_are_plenty_of_bad_specs() -> None:
    assert len(SPECS) >= 45
