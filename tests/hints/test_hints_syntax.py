"""How hints are written, and what people read who write them a little differently."""

from __future__ import annotations

import pytest

from swc.diagnostics import Source, SpecError
from swc.syntax import parse
from swc.syntax import tree as t

SPEC = "sw 1\nfamily f {{\n    share {{ {} }}\n}}\n"


def items(text: str) -> tuple[t.Node, ...]:
    (family,) = parse(Source("t.sw", SPEC.format(text))).items
    assert isinstance(family, t.Family)
    (share,) = family.items
    assert isinstance(share, t.Share)
    return share.items


def test_bins_with_and_without_patterns() -> None:
    first, second = items("bins 4 bins 2 for a.*, bins")
    assert isinstance(first, t.Bins)
    assert isinstance(second, t.Bins)
    assert (first.count, first.patterns) == (4, ())
    assert (second.count, [p.text for p in second.patterns]) == (2, ["a.*", "bins"])


def test_bounds_with_patterns_and_clusters_by_hand() -> None:
    first, second, third, fourth = items("templates 2..4 for a.*, for templates 3 cluster b_1 a.b, refine refine none")
    assert isinstance(first, t.Templates)
    assert (first.low, first.high, [p.text for p in first.patterns]) == (2, 4, ["a.*", "for"])
    assert first.span.text == "templates 2..4 for a.*, for"
    assert isinstance(second, t.Templates)
    assert (second.low, second.high, second.patterns) == (1, 3, ())
    assert isinstance(third, t.Cluster)
    assert (third.name.text, third.name.span.text) == ("b_1", "b_1")
    assert [p.span.text for p in third.patterns] == ["a.b", "refine"]
    assert isinstance(fourth, t.Refine)


@pytest.mark.parametrize(
    ("text", "underlined", "words"),
    [
        ("cluster single", "single", "write `clusters single`"),
        ("cluster gradient(0.1)", "gradient", "write `clusters gradient`"),
        ("clusters back *.group3", "*", "write `cluster back *.group3`"),
        ("clusters back a.group3", "a", "write `cluster back a.group3`"),
        ("cluster *.group3", "*.group3", "has a name first"),
        ("cluster a.group3", "a", "has a name first"),
        ("cluster back: *.group3", ":", "write `cluster back *.group3`"),
        ("cluster back", "}", "a layer pattern"),
        ("templates 2..4 of *.conv1", "of", "write `templates 2..4 for *.conv1`"),
        ("templates 4 *.conv1", "*.conv1", "write `templates 4 for *.conv1`"),
        ("templates 4 for", "}", "name layers by patterns"),
        ("templates for *.conv1", "for", "as `templates 4 for *.conv1`"),
        ("bins 4 *.conv1", "*.conv1", "write `bins 4 for *.conv1`"),
        ("bins 4 for", "}", "as `bins 4 for *.conv1`"),
        ("clusters single tie", "}", "a layer pattern"),
    ],
)
def test_slips(text: str, underlined: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        items(text)
    (found,) = caught.value.diagnostics
    assert found.primary is not None
    assert (found.code, found.primary.text, found.primary.line) == ("SW0106", underlined, 3)
    assert words in f"{found.summary} {found.label} {found.help}"


def test_what_belongs_to_another_section_gets_no_advice_about_hints() -> None:
    with pytest.raises(SpecError) as caught:
        items("templates 3 budget 4M")
    assert "templates 2..4" not in caught.value.diagnostics[0].help
