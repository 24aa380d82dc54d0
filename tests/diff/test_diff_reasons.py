"""Many small edits of a few specs: no refusal of a checkpoint without a named reason, and what loads means the same.

The edits are made by rule: numbers one up and one down, words for their like, neighbouring lines and sides of sums that
change places, lines that go. Those that are no valid spec are left out.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from swc.compiler import compile_spec
from swc.diagnostics import SpecError
from swc.diff.compare import compare
from swc.diff.model import Category, Reason, Structural
from swc.diff.report import report
from swc.diff.side import Side
from swc.diff.structure import structural
from swc.pipeline.modules import load_family_class

SPECS = {
    "sums": """sw 1
arch net(width: int = 4, wide: bool = false) {
    y = stem: conv(x, width, 3)
    a = one: conv(relu(bn(y)), width, 3)
    b = two: conv(relu(bn(y)), width, 3)
    y = (three: conv(a, width, 1)) + (four: conv(b, width, 1))
    y = concat(a, maxpool(y, 3, 1, 1), b)
    y = five: conv(y, width, 1, groups=1, bias=true)
    y = if wide then (more: conv(y, 2 * width, 3)) else y
    return fc: linear(dropout(global_pool(relu(norm: bn(y))), 0.1), classes)
}
family f {
    input image(3, 8, 8)
    output classes(5)
    budget 90% of members
    member first = net()
    member second = net(width=6)
    share {
        private *.stem
        private *.five
        tie *.one, *.two
    }
    train { epochs 2  batch 8  sgd(lr=0.05, momentum=0.9)  steps(1, gamma=0.2)  augment crop(1), flip }
}
""",
    "tokens": """sw 1
block mix(width: int, heads: int = 2) {
    q = query: linear(ln(x), width)
    k = key: linear(ln(x), width)
    v = value: linear(ln(x), width)
    y = x + (out: linear(attention(q, k, v, heads=heads), width))
    return y + (down: linear(gelu(up: linear(ln(y), 2 * width)), width))
}
arch net(depth: int, width: int = 8) {
    y = tokens(positions(patches: conv(x, width, 4, stride=4, padding=0)))
    repeat depth as i {
        y = blocks: mix(y, width)
    }
    return fc: linear(global_pool(ln(y)), classes)
}
family f {
    input image(3, 8, 8)
    output classes(5)
    budget 70% of members
    member deep = net(3)
    member flat = net(1)
    share {
        apart *.query, *.key
        cluster downs *.down
        templates 1..4 for *.up
        public *.fc
        bins 2
    }
}
""",
    "tiles": """sw 1
block cell(width: int, stride: int = 1) {
    y = conv1: conv(relu(bn(x)), width, 3, stride=stride)
    skip = if channels(x) == width and stride == 1 then x else shortcut: conv(x, width, 1, stride=stride)
    return y + skip
}
arch net(depth: int, width: int = 8) {
    y = stem: conv(x, width, 3)
    repeat depth as i {
        y = cells: cell(y, width * 2 ** i, stride=if i == 0 then 1 else 2)
    }
    return fc: linear(global_pool(avgpool(relu(bn(y)), 1)), classes)
}
family f {
    input image(3, 8, 8)
    output classes(5)
    budget 15% of members
    member big = net(3)
    member small = net(2)
    share { refine gradient(threshold=0.9, after=1) }
}
""",
}
WORDS = {
    "relu": "silu",
    "gelu": "relu",
    "maxpool": "avgpool",
    "avgpool": "maxpool",
    "true": "false",
    "false": "true",
    "query": "asked",
    "one": "uno",
    "mix": "mixed",
    "first": "former",
    "norm": "last",
    "q": "k",
    "a": "b",
    "*.stem": "*.five",
    "gradient(threshold=0.9, after=1)": "none",
}
# Edits that no rule makes, in those of the specs that have such a piece.
PIECES = {
    "(three: conv(a, width, 1)) + (four: conv(b, width, 1))": "(three: conv(b, width, 1)) + (four: conv(a, width, 1))",
    "concat(a, maxpool(y, 3, 1, 1), b)": "concat(b, maxpool(y, 3, 1, 1), a)",
    "attention(q, k, v, heads=heads)": "attention(q, v, k, heads=heads)",
    "ln(y), 2 * width)), width))": "ln(y), 2 * width)), width, bias=false))",
    "width, 3, stride=stride)": "width, [3, 3], stride=[stride, 1])",
    "return y + skip": "return relu(y) + skip",
}


def edits(text: str) -> Iterator[str]:
    """The spec with one small thing changed."""
    for found in re.finditer(r"(?<![\w.*])\d+(?![\w.]*\w)", text):
        for number in (int(found[0]) + 1, int(found[0]) - 1):
            yield f"{text[: found.start()]}{number}{text[found.end() :]}"
    for old, new in WORDS.items():
        for found in re.finditer(rf"(?<!\w){re.escape(old)}(?!\w)", text):
            yield f"{text[: found.start()]}{new}{text[found.end() :]}"
        yield re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", new, text)
    lines = text.splitlines(keepends=True)
    for i in range(1, len(lines) - 1):
        yield "".join([*lines[:i], lines[i + 1], lines[i], *lines[i + 2 :]])
        yield "".join([*lines[:i], *lines[i + 1 :]])
    for found in re.finditer(r"(= |return )(\w+|\(.*\)) \+ (\w+|\(.*\))$", text, re.MULTILINE):
        yield f"{text[: found.start()]}{found[1]}{found[3]} + {found[2]}{text[found.end() :]}"
    for old, new in PIECES.items():
        yield text.replace(old, new)


def model(text: str, folder: Path) -> torch.nn.Module:
    folder.mkdir()  # one for each: Python keeps compiled modules by size and time
    spec = folder / "spec.sw"
    spec.write_text(text, encoding="utf-8")
    compiled = compile_spec(spec)
    module = folder / compiled.file_name
    module.write_text(compiled.text(), encoding="utf-8")
    return load_family_class(module)().eval()


def filled(family: torch.nn.Module) -> torch.nn.Module:
    """The family with all weights and running statistics unlike those that any other begins with."""
    random = torch.Generator().manual_seed(7)
    for name, value in family.state_dict().items():
        if value.is_floating_point():
            value.copy_(torch.rand(value.shape, generator=random) + (0.5 if "running_var" in name else -0.5))
    return family


@pytest.mark.parametrize("name", SPECS)
def test_refusals_have_reasons_and_what_loads_means_the_same(
    name: str, side: Callable[[str, str], Side], tmp_path: Path
) -> None:
    text = SPECS[name]
    before = side(text, "before")
    old = filled(model(text, tmp_path / "0"))
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    refused, loaded = 0, 0
    for edited in dict.fromkeys(edits(text)):
        try:
            after = side(edited, "after")
        except SpecError:
            continue
        difference = compare(before, after)
        told = report(difference)
        assert (before.plan.structure != after.plan.structure) == (Reason.STRUCTURE in difference.reasons)
        assert bool(structural(difference)) == (Reason.STRUCTURE in difference.reasons)
        assert Structural.UNKNOWN not in structural(difference), edited
        assert bool(difference.written) == bool(difference.settings), edited
        if Category.CHECKPOINT in difference.categories:
            refused += 1
            assert difference.reasons
            assert re.search(r"do not load: \w.*\w", told), edited
            assert re.search(r"^  [~+-] |^  \S+: ", told.partition("checkpoints and code")[0], re.MULTILINE), told
            continue
        loaded += 1
        assert difference.is_empty or "  old checkpoints load\n" in f"{told}\n"
        new = model(edited, tmp_path / str(loaded))
        new.load_state_dict(old.state_dict())
        assert torch.allclose(old(x), new(x), atol=1e-5), edited
    assert refused > 20
    assert loaded > 5


@pytest.mark.parametrize(
    ("spec", "old", "new", "line"),
    [
        (
            "sums",
            "(three: conv(a, width, 1)) + (four: conv(b, width, 1))",
            "(four: conv(b, width, 1)) + (three: conv(a, width, 1))",
            "first: layers come in another order: three, four → four, three",
        ),
        (
            "tokens",
            "    q = query: linear(ln(x), width)\n    k = key: linear(ln(x), width)\n",
            "    k = key: linear(ln(x), width)\n    q = query: linear(ln(x), width)\n",
            "flat: layers come in another order: blocks.0.query, blocks.0.key → blocks.0.key, blocks.0.query",
        ),
        (
            "tiles",
            "    member big = net(3)\n    member small = net(2)\n",
            "    member small = net(2)\n    member big = net(3)\n",
            "~ order of members  big, small → small, big",
        ),
    ],
)
def test_another_order_is_named_exactly(
    spec: str, old: str, new: str, line: str, side: Callable[[str, str], Side]
) -> None:
    assert old in SPECS[spec]
    difference = compare(side(SPECS[spec], "a"), side(SPECS[spec].replace(old, new), "b"))
    assert f"  {line}\n" in report(difference)
    named = {Structural.LAYER_ORDER, Structural.MEMBER_ORDER} & set(structural(difference))
    assert len(named) == 1
    assert "come in another order" in report(difference).partition("checkpoints and code")[2]
