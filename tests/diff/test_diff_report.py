"""The reports: text that a person can read, JSON as documented, exit codes, and no torch."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from swc.diff.compare import compare
from swc.diff.model import Category, Difference, Reason, Structural
from swc.diff.patterns import patterns
from swc.diff.report import report
from swc.diff.serial import to_json
from swc.diff.side import Side

Swc = Callable[..., Result]
Compare = Callable[..., Difference]
ROOT = Path(__file__).parents[2]

# A sum whose sides hold layers.
SUM = """sw 1
arch net() {
    y = (a: conv(x, 4, 3)) + (b: conv(x, 4, 3))
    return fc: linear(global_pool(y), classes)
}
family f { input image(3, 8, 8) output classes(5) budget 90% of members member deep = net() }
"""
SWAPPED = "(b: conv(x, 4, 3)) + (a: conv(x, 4, 3))"

KNOWN = [f"a.g.{i}.{name}" for i in range(5) for name in ("c1", "c2")] + ["a.stem", "a.fc", "b.g.0.c1", "b.g.1.c1"]


@pytest.mark.parametrize(
    ("names", "texts"),
    [
        (["a.stem"], ["a.stem"]),
        (["a.g.0.c1"], ["a.g.0.c1"]),
        ([n for n in KNOWN if n.startswith("a.g")], ["a.g.* (10)"]),
        (["a.g.0.c1", "a.g.0.c2", "a.g.1.c1", "a.g.1.c2"], ["a.g.0-1.* (4)"]),
        (["a.g.0.c1", "a.g.2.c1", "a.g.3.c1"], ["a.g.{0, 2-3}.c1 (3)"]),
        (["a.g.0.c1", "a.g.1.c2"], ["a.g.0-1.* (2)"]),
        ([n for n in KNOWN if n.startswith("a.")], ["a.* (12)"]),
        (["b.g.0.c1", "b.g.1.c1", "a.fc"], ["b.g.* (2)", "a.fc"]),
        ([], []),
    ],
)
def test_many_names_in_few_words(names: list[str], texts: list[str]) -> None:
    found = patterns(names, KNOWN)
    assert [str(pattern) for pattern in found] == texts
    assert sorted(name for pattern in found for name in pattern.names) == sorted(names)


def test_the_text_of_a_difference(edited: Compare) -> None:
    difference = edited(
        ("member small = net(depth=2, width=4)", "member small = net(depth=2, width=6)"),
        ("net(depth=3)", "net(depth=4)"),
        ("epochs 2", "epochs 3"),
        ("classes(5)", "classes(6)"),
    )
    text = report(difference)
    lines = text.splitlines()
    assert lines[0] == "old.sw → new.sw"
    for line in (
        "  ~ classes  5 → 6",
        "  big: 2 layers added",
        "    big.cells.3.* (2)",
        "    big.hidden: 32→64",
        "  small: 6 layers reshaped",
        "    small.* (6): 4→6, 5→6, 8→12",
        "  ~ train.epochs  2 → 3",
    ):
        assert line in lines, text
    assert re.search(
        r"^  ~ big  net\(depth=3, width=8\) → net\(depth=4, width=8\)  \([\d,]+ → [\d,]+ parameters", text, re.MULTILINE
    )
    assert re.search(r"^  total +[\d,]+ → +[\d,]+ +\+[\d,]+$", text, re.MULTILINE)
    assert re.search(r"^  CHECKPOINT  old checkpoints do not load: tensors differ: ", text, re.MULTILINE)
    assert re.search(r"^  API .*: number of classes$", text, re.MULTILINE)
    assert re.search(r"^  NUMERIC .*: settings \(train.epochs\); scale", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("hint", "name", "value"),
    [
        ("tie *.conv1", "share.tie", "*.conv1"),
        ("tie *.cells.0.conv1 tie *.cells.1.conv1", "share.tie", "*.cells.0.conv1; *.cells.1.conv1"),
        ("apart big.*, small.*", "share.apart", "big.*, small.*"),
        ("templates 2..4 for big.*", "share.templates_for", "2..4 for big.*"),
        ("cluster first *.cells.0.conv1", "share.cluster", "first *.cells.0.conv1"),
        ("bins 2", "share.bins", "2"),
        ("bins 2 for big.*", "share.bins_for", "2 for big.*"),
    ],
)
def test_hints_are_told_in_the_words_of_the_language(edited: Compare, hint: str, name: str, value: str) -> None:
    difference = edited(("private  *.stem", f"private  *.stem {hint}"))
    assert [(e.name, e.before, e.after) for e in difference.settings] == [(name, "none", value)]
    assert Category.NUMERIC in difference.categories


def test_bounds_read_as_in_the_language(edited: Compare) -> None:
    told = report(edited(("private  *.stem", "private  *.stem  templates 1..4")))
    assert "~ share.templates  1..8 → 1..4" in told


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("lr=0.05", "lr=0.1", "~ train.optimizer  sgd(lr=0.05, momentum=0.9) → sgd(lr=0.1, momentum=0.9)"),
        (
            "momentum=0.9)",
            "momentum=0.9, nesterov, decay=5e-5)",
            "~ train.optimizer  sgd(lr=0.05, momentum=0.9) → sgd(lr=0.05, momentum=0.9, nesterov, decay=5e-5)",
        ),
        ("cosine(warmup=1)", "steps(1, gamma=0.2)", "~ train.schedule  cosine(warmup=1) → steps(1, gamma=0.2)"),
        ("cosine(warmup=1)", "constant", "~ train.schedule  cosine(warmup=1) → constant"),
        ("crop(1), flip", "crop(2), cutout(3)", "~ train.augment  crop(1), flip → crop(2), cutout(3)"),
        ("  augment crop(1), flip", "", "- train.augment  crop(1), flip"),
        ("epochs 2  batch 8", "epochs 2  batch 8  smoothing 0.1", "~ train.smoothing  0 → 0.1"),
        (
            "threshold=0.1, epochs=1",
            "threshold=0.1234567, epochs=1",
            "~ share.clusters  gradient(threshold=0.1, epochs=1) → gradient(threshold=0.1234567, epochs=1)",
        ),
        (
            "clusters gradient(threshold=0.1, epochs=1)",
            "clusters single",
            "~ share.clusters  gradient(threshold=0.1, epochs=1) → single",
        ),
        (
            "refine   gradient(threshold=0.9, after=1)",
            "refine none",
            "~ share.refine  gradient(threshold=0.9, after=1) → none",
        ),
        ("private  *.stem", "private  *.stem  bins 2", "+ share.bins  2"),
        ("private  *.stem", "private  *.stem  bins 2 for big.*", "+ share.bins  2 for big.*"),
        ("private  *.stem", "private  *.stem  templates 2..4 for big.*", "+ share.templates  2..4 for big.*"),
        ("private  *.stem", "private  *.stem  cluster first *.cells.0.conv1", "+ share.cluster  first *.cells.0.conv1"),
        ("private  *.stem", "private  *.stem, *.shortcut", "~ share.private  *.stem → *.stem, *.shortcut"),
        ("private  *.stem", "private  *.stem  private *.shortcut", "+ share.private  *.shortcut"),
        ("        private  *.stem\n", "", "- share.private  *.stem"),
    ],
)
def test_settings_read_as_in_the_spec(edited: Compare, old: str, new: str, line: str) -> None:
    told = report(edited((old, new))).splitlines()
    at = told.index("settings")
    assert told[at + 1 : at + 3] == [f"  {line}", ""]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("private *.stem  private *.hidden", "private *.hidden  private *.stem"),
        ("private *.stem, *.hidden", "private *.hidden  private *.stem"),
        ("private *.stem", "private small.stem, big.stem, *.fc"),
        ("tie *.cells.0.conv1, *.cells.1.conv1", "tie *.cells.1.conv1, *.cells.0.conv1"),
        ("tie big.*.conv1  tie big.*.conv1, small.*.conv1", "tie *.conv1"),
        ("cluster early *.cells.0.conv1", "cluster early small.cells.0.conv1, big.cells.0.conv1"),
        ("templates 2..4 for *.conv1", "templates 2..4 for small.*.conv1, big.*.conv1"),
        (
            "templates 2..4 for big.*.conv1, small.*.conv1",
            "templates 2..4 for small.*.conv1  templates 2..4 for *.conv1",
        ),
        (
            "templates 2..4 for *.conv1  templates 3..6 for big.*.conv1",
            "templates 3..4 for big.*.conv1  templates 2..4 for *.conv1",
        ),
        ("bins 2 for big.*.conv1, small.*.conv1", "bins 2 for small.*.conv1  bins 2 for big.*.conv1"),
        ("apart big.*.conv1, small.*.conv1", "apart big.cells.*.conv1, small.cells.*.conv1"),
        (
            "apart big.*.conv1, small.*.conv1",
            "apart big.*.conv1, small.*.conv1  apart big.cells.0.conv1, small.cells.0.conv1",
        ),
        ("apart big.*.conv1, small.*.conv1", "apart big.*.conv1, small.*.conv1  apart *.conv1, *.shortcut"),
        (
            "apart *.0.conv1, *.1.conv1, *.2.conv1",
            "apart *.0.conv1, *.1.conv1  apart *.0.conv1, *.2.conv1  apart *.1.conv1, *.2.conv1",
        ),
        ("cluster first *.0.conv1", "cluster first *.0.conv1  apart *.0.conv1, *.1.conv1"),
        ("private *.stem", "private *.stem  templates 1..8 for *.conv1"),
        ("private *.stem", "private *.stem  templates 2..4 for *.stem"),
    ],
)
def test_hints_in_other_words_are_no_difference(
    side: Callable[[str, str], Side], spec_text: str, one: str, other: str
) -> None:
    texts = (spec_text.replace("private  *.stem", hints) for hints in (one, other))
    old, new = (side(text, name) for text, name in zip(texts, "ab", strict=True))
    assert compare(old, new).is_empty
    assert "no difference" in report(compare(old, new))


def test_the_bins_that_depth_has_anyway_are_no_difference(side: Callable[[str, str], Side], spec_text: str) -> None:
    texts = (spec_text.replace("gradient(threshold=0.1, epochs=1)", method) for method in ("depth", "depth bins 4"))
    assert compare(*(side(text, name) for text, name in zip(texts, "ab", strict=True))).is_empty


def test_sides_of_an_apart_that_change_places_give_clusters_other_names(
    side: Callable[[str, str], Side], spec_text: str
) -> None:
    hints = ("apart big.*.conv1, small.*.conv1", "apart small.*.conv1, big.*.conv1")
    texts = (spec_text.replace("private  *.stem", hint) for hint in hints)
    difference = compare(*(side(text, name) for text, name in zip(texts, "ab", strict=True)))
    assert difference.reasons == (Reason.SHAPES, Reason.SHARING)
    assert f"~ share.apart  {hints[0][6:]} → {hints[1][6:]}" in report(difference)


def test_hints_that_come_to_something_else_are_shown(side: Callable[[str, str], Side], spec_text: str) -> None:
    one = spec_text.replace("private  *.stem", "tie big.*.conv1  tie small.*.conv1")
    other = spec_text.replace("private  *.stem", "tie small.*.conv1, big.*.conv1")
    told = report(compare(side(one, "a"), side(other, "b")))
    assert "- share.tie  big.*.conv1\n  - share.tie  small.*.conv1\n  + share.tie  small.*.conv1, big.*.conv1" in told
    assert "hints have changed" in told


def test_numbers_that_differ_in_late_digits_differ(side: Callable[[str, str], Side], spec_text: str) -> None:
    texts = (spec_text.replace("lr=0.05", f"lr={lr}") for lr in ("0.05000001", "0.05000002"))
    difference = compare(*(side(text, name) for text, name in zip(texts, "ab", strict=True)))
    assert [(e.name, e.before, e.after) for e in difference.settings] == [
        ("train.optimizer.lr", "0.05000001", "0.05000002")
    ]


def test_a_budget_is_told_in_numbers_and_as_the_spec_says_it(edited: Compare) -> None:
    relative = edited(("60% of members", "70% of members"))
    assert re.search(r"^  budget .*  \(60% of members → 70% of members\)$", report(relative), re.MULTILINE)
    grown = edited(("net(depth=3)", "net(depth=3, width=10)"))
    assert re.search(r"^  budget .*  \(60% of members\)$", report(grown), re.MULTILINE)
    assert json.loads(to_json(relative))["budget_text"] == [
        {"name": "budget", "before": "60% of members", "after": "70% of members"}
    ]


def test_other_names_are_told_as_such(edited: Compare) -> None:
    member = report(edited(("member small", "member tiny")))
    assert (
        "\n\nmembers\n  ~ small is called tiny  net(depth=2, width=4) (what it computes is not compared)\n\n" in member
    )
    assert "member small gone, member tiny new" in member
    assert "\nlayers\n" not in member
    layer = report(edited(("hidden: ", "inside: ")))
    assert "  big: 1 layer by another name\n    big.hidden → big.inside\n" in layer
    assert "added" not in layer
    block = edited(("cells: ", "units: "))
    assert "  big: 5 layers by other names\n    big.cells.* (5) → big.units.* (5)\n" in report(block)
    assert len(block.renamed_layers) == 8
    for changed in (("member small = net(depth=2, width=4)", "member tiny = net(depth=2, width=5)"),):
        told = report(edited(changed))
        assert "- small  net(depth=2, width=4)" in told
        assert "+ tiny  net(depth=2, width=5)" in told
    # The two names change places: nothing is renamed.
    assert not edited(("hidden: ", "SWAP: "), ("fc: ", "hidden: "), ("SWAP: ", "fc: ")).renamed_layers


def test_clusters_that_come_and_go_are_one_line_each(edited: Compare) -> None:
    told = report(edited(("private  *.stem", "private  *.stem  bins 2")))
    assert re.search(r"^  conv3x3: \d+ SuperWeights removed$", told, re.MULTILINE)
    assert re.search(r"^  conv3x3-bin1: \d+ SuperWeights added$", told, re.MULTILINE)
    assert "conv3x3-bin1@" not in told.partition("checkpoints")[0]


def test_what_still_loads_is_said_to_load(edited: Compare) -> None:
    assert "  old checkpoints load\n" in report(edited(("epochs 2", "epochs 3")))
    told = report(edited(("private  *.stem", "private  *.stem  tie *.conv1")))
    assert "all tensors fit, but hints have changed\n" in told
    renamed = report(edited(("family pair", "family couple")))
    assert "all tensors fit, but the family has another name\n" in renamed
    assert "big: computes something else with the same layers, from big.cells.0.conv1 on" in report(
        edited(("conv(relu(bn(x))", "conv(silu(bn(x))"))
    )


def test_a_member_that_comes_is_one_line(edited: Compare) -> None:
    text = report(edited(("    share {", "    member third = net(depth=1)\n    share {")))
    assert "  third: 4 layers added\n" in text
    assert "third.cells" not in text.partition("sharing")[0]


def test_long_lists_are_cut_and_the_json_is_not(side: Callable[[str, str], Side], spec_text: str) -> None:
    large = spec_text.replace("60%", "400%").replace("net(depth=3)", "net(depth=5)")
    difference = compare(side(large, "a"), side(large.replace("net(depth=5)", "net(depth=5, width=12)"), "b"))
    assert "(all of them: --format json)" in report(difference)
    content = json.loads(to_json(difference))
    assert len(content["sharing"]["superweights"]) == len(difference.superweights) > 8


def test_the_json_has_the_keys_that_are_documented(edited: Compare) -> None:
    content = json.loads(to_json(edited(("epochs 2", "epochs 3"), ("net(depth=3)", "net(depth=3, width=6)"))))
    assert content["format_version"] == 1
    _, _, page = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8").partition("## As JSON")
    documented = re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE)
    keys = [*content, *(f"{k}.{x}" for k in ("sharing", "checkpoint") for x in content[k])]
    assert sorted(documented) == sorted(keys)
    assert content["settings"] == [{"name": "train.epochs", "before": "2", "after": "3"}]
    assert content["categories"] == ["CHECKPOINT", "NUMERIC"]
    checkpoint = content["checkpoint"]
    assert checkpoint["loads"] is False
    assert {"name", "before", "after"} == set(checkpoint["reshaped"][0])
    assert set(content["sharing"]["superweights"][0]) == {"id", "cluster", "before", "after"}


def test_the_words_of_the_json_are_those_that_are_documented() -> None:
    page = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
    for title, words in (("category", Category), ("reason", Reason), ("what", Structural)):
        _, _, table = page.partition(f"\n| {title} |")
        rows = table.partition("\n\n")[0].splitlines()[2:]
        assert [row.split("|")[1].strip(" `") for row in rows] == list(words)


# Edits that fill every list of the JSON at least once.
FILLING = (
    (("member small", "moved small -> tiny  member tiny"),),
    (("member small", "member tiny"), ("60% of members", "50% of members")),
    (("hidden: ", "inside: "), ("dropout(y, 0.1)", "y")),
    (("stem: conv(x, width, 3, bias=true)", "stem: conv(x, width, 5)"), ("*.stem", "*.stem, *.shortcut")),
    (("conv(relu(bn(x))", "conv(silu(bn(x))"), ("classes(5)", "classes(6)")),
    (("60% of members", "12% of members"), ("norm: bn(y)", "last: bn(y)")),
    (("conv(relu(bn(x))", "conv(silu(bn(x))"),),
    (
        ("return y + (if", "return (if"),
        ("stride=stride))\n}", "stride=stride)) + (second: conv(y, width, 1))\n}"),
        ("relu(bn(x)), width, 3", "relu(bn(x)), width, 5"),
    ),
)


def test_every_list_of_the_json_is_as_documented(edited: Compare, side: Callable[[str, str], Side]) -> None:
    _, _, page = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8").partition("## As JSON")
    filled: set[str] = set()
    orders = side(SUM, "a"), side(SUM.replace("(a: conv(x, 4, 3)) + (b: conv(x, 4, 3))", SWAPPED), "b")
    contents = [json.loads(to_json(edited(*edits))) for edits in FILLING] + [json.loads(to_json(compare(*orders)))]
    for key, value in re.findall(r"^\| `([\w.]+)` \| (.*) \|$", page, re.MULTILINE):
        for content in contents:
            found = content
            for part in key.split("."):
                found = found[part]
            if not isinstance(found, list) or not found:
                continue
            filled.add(key)
            for each in found:
                if value.startswith("edits"):
                    assert set(each) == {"name", "before", "after"}, key
                elif value.startswith("`{"):
                    assert set(each) == set(re.findall(r'"(\w+)":', value.partition("}")[0])), key
                elif value.startswith("a list"):
                    assert isinstance(each, str), key
    documented = re.findall(r"^\| `([\w.]+)` \| (?:edits|`\{|a list|the same for)", page, re.MULTILINE)
    assert set(documented) - filled == {"not_compared"}


def test_exit_codes(swc: Swc, tmp_path: Path, spec_text: str) -> None:
    (tmp_path / "a.sw").write_text(spec_text, encoding="utf-8")
    (tmp_path / "b.sw").write_text(spec_text.replace("epochs 2", "epochs 3"), encoding="utf-8")
    (tmp_path / "c.sw").write_text("sw 1\n", encoding="utf-8")
    (tmp_path / "d.json").write_text("{}", encoding="utf-8")
    (tmp_path / "e.txt").write_text("", encoding="utf-8")
    assert swc("diff", "a.sw", "a.sw").exit_code == 0
    assert swc("diff", "a.sw", "b.sw").exit_code == 1
    for wrong, code in (
        ("c.sw", "SW0005"),
        ("d.json", "SW0610"),
        ("e.txt", "SW0904"),
        ("f.json", "SW0001"),
        (".", "SW0904"),
    ):
        result = swc("diff", "a.sw", wrong)
        assert result.exit_code == 2
        assert code in result.output
    for usage in (
        ("a.sw",),
        (),
        ("a.sw", "b.sw", "c.sw"),
        ("HEAD", "--"),
        ("--", "a.sw"),
        ("HEAD", "--", "a.sw", "b.sw"),
    ):
        assert swc("diff", *usage).exit_code == 2


def test_a_plan_against_the_spec_it_came_from(swc: Swc, tmp_path: Path, spec_text: str) -> None:
    (tmp_path / "a.sw").write_text(spec_text, encoding="utf-8")
    (tmp_path / "a.json").write_text(swc("plan", "a.sw", "--format", "json").output, encoding="utf-8")
    result = swc("diff", "a.json", "a.sw")
    assert result.exit_code == 0
    assert "no difference" in result.output
    assert "not compared: input and classes, arguments, norms, forward pass, settings" in result.output


def test_comparing_loads_no_torch(tmp_path: Path, spec_text: str) -> None:
    for name, text in (("a.sw", spec_text), ("b.sw", spec_text.replace("depth=3", "depth=4"))):
        (tmp_path / name).write_text(text, encoding="utf-8")
    script = (
        "import sys; from swc.cli import main\n"
        "main(['diff', 'a.sw', 'b.sw'], standalone_mode=False)\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True)


def test_two_hash_seeds_give_the_same_bytes(tmp_path: Path, spec_text: str) -> None:
    for name, text in (("a.sw", spec_text), ("b.sw", spec_text.replace("depth=3", "depth=4"))):
        (tmp_path / name).write_text(text, encoding="utf-8")
    script = (
        "from swc.cli import main\n"
        "for f in ('json', 'text'): main(['diff', 'a.sw', 'b.sw', '--format', f], standalone_mode=False)"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) > 1000
