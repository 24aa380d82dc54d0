"""Comments that were meant as code are warned of, and comments that were meant as comments are not."""

from pathlib import Path

import pytest

from swc.check import check_text, load_program
from swc.diagnostics import SpecError

ROOT = Path(__file__).parents[2]
SPECS = sorted([*ROOT.glob("specs/**/*.sw"), *ROOT.glob("swc/**/*.sw")])

SPEC = """sw 1

block part(width: int, groups: int = 2, rate: float = 0.5, sizes: list = [3, 4], last: bool = false) {{
    wide = 2 * width
    y = stem: conv(x, width + wide + groups + len(sizes), 3)
    y = dropout(y, rate)
    {line}
    return if last then y else y
}}
arch net() {{ return fc: linear(global_pool(part: part(x, 8)), classes) }}

family f {{
    input image(3, 8, 8)
    output classes(10)
    budget 1M
    member one = net()
    train {{ epochs 20 {setting}
    }}
}}
"""


def warned(line: str = "", setting: str = "") -> list[str]:
    """The helps of the warnings on comments; other findings, such as unused values, do not matter here."""
    program = check_text(SPEC.format(line=line, setting=setting))
    return [found.help for found in program.warnings if found.code == "SW0109"]


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("k = width // 2", "div(width, 2)"),
        ("k = width//2", "div(width, 2)"),
        ("k = width  //  groups", "div(width, groups)"),
        ("k = 64 // width", "div(64, width)"),
        ("k = 2 * width // groups", "div(a, b)"),
        ("k = wide - width // 2 + 1", "div(width, 2)"),
        ("k = (width + 1) // 2", "div((width + 1), 2)"),
        ("k = width // (groups + 1)", "div(a, b)"),
        ("k = width // (2)", "div(a, b)"),
        ("k = sizes[0] // 2", "div(sizes[0], 2)"),
        ("k = len(sizes) // 2", "div(len(sizes), 2)"),
        ("k = channels(x) // 2", "div(channels(x), 2)"),
        ("k = max(width, 8) // 2", "div(max(width, 8), 2)"),
        ("k = width // max(groups, 2)", "div(a, b)"),
        ("k = width // sizes[0]", "div(a, b)"),
        ("k = rate // 2", "div(rate, 2)"),
        ("k = width // 2 == 0", "div(width, 2)"),
        ("k = width // 2  // half of it", "div(width, 2)"),
        ("k = width // 2  # half of it", "div(width, 2)"),
        ("k = width // sizes[0] + 1", "div(a, b)"),
        ("k = width // 2 ** 2", "div(a, b)"),
    ],
)
def test_a_division_is_told(line: str, advice: str) -> None:
    (found,) = warned(line)
    assert f"`{advice}`" in found


PROSE = [
    "two of them",
    "2 of them",
    "width",
    "stem",
    "3x3",
    "3x3 convolution",
    "(B, C, H, W)",
    "(B, width, H, W)",
    "16 channels",
    "as in the paper, sec. 2.2",
    "4.1",
    "see [3]",
    "[3]",
    "10%",
    "halves the size",
    "TODO",
    "why?",
    "1.",
    "1)",
    "",
    "/",
    "// 2",
    "/ 2",
    "=",
    "= 2 * width",
    "- 2",
    "...",
    "2 3",
    "width groups",
    "width and height",
    "groups, rates and sizes",
    "(see above)",
    "x",
    "y + x",
    "relu(y)",
    "conv(x, 3)",
    "2nd layer",
    "5e",
    "the width / 2",
    "width: twice",
    "width = 2",
    "{",
    "}",
    "true",
    "not 2",
    "if width",
    "éclair",
    '"text"',
    "2 -> 3",
    "1..8",
    "2,000",
    "$ 2",
    "2;",
]


@pytest.mark.parametrize("comment", PROSE)
@pytest.mark.parametrize("line", ["y = relu(y)", "y = last_one: conv(y, width, 3)", "z = y"])
def test_no_comment_after_a_tensor_is_a_division(line: str, comment: str) -> None:
    assert warned(f"{line}  // {comment}") == []


OF_VALUES = {"width", "4.1"}
"""What reads as a division after a number, because it is nothing but a value."""


@pytest.mark.parametrize("comment", [x for x in PROSE if x not in OF_VALUES])
@pytest.mark.parametrize("line", ["k = 2 * width", "k = 3", "k = div(width, 2)"])
def test_prose_after_a_number_is_no_division(line: str, comment: str) -> None:
    assert warned(f"{line}  // {comment}") == []


@pytest.mark.parametrize(
    "line", ["// 2", "    // width", "y = relu(y)  // 2", "k = sizes // 2", "k = [1, 2] // 2", "k = last // 2"]
)
def test_comments_that_have_nothing_to_divide(line: str) -> None:
    assert warned(line) == []


def test_settings_are_told_too() -> None:
    assert "the number itself" in warned(setting="// 2")[0]
    assert warned(setting="// as in the paper") == warned(setting="// two hours") == []


@pytest.mark.parametrize("name", ["int", "floor", "round"])
def test_rounding_from_elsewhere_is_answered(name: str) -> None:
    with pytest.raises(SpecError) as caught:
        check_text(SPEC.format(line=f"k = {name}(width / 2)", setting=""))
    assert "div(a, b)" in caught.value.diagnostics[0].help


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_committed_specs_have_no_such_comment(path: Path) -> None:
    try:
        found = load_program(path).warnings
    except SpecError as error:  # files of architectures have no family
        found = error.diagnostics
    assert [d for d in found if d.code == "SW0109"] == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("y = c: conv(y, width // 2, 3)", True),
        ("repeat width // 2 { y = relu(y) }", True),
        ("y = c: conv(y, width // 2)", True),
        ("y = c: conv(y, (width // 2), 3)", True),
        ("repeat width // 2 as i {\n y = relu(y) }", True),
        ('require width // 2 > 1, "wide enough"', True),
        ('require width // groups == 0, "they divide"', True),
        ("k = if width // 2 == 0 then 1 else 2", True),
        ("k = [width // 2, 3]", True),
        ("y = c: conv(y, width // 2, kernel=3)", True),
        ("y = c: conv(y, width, 3  // the last one", False),
        ("y = c: conv(y, width, 3  // stem", False),
        ("y = c: conv(y, width,  // 2 of them", False),
    ],
)
def test_a_comment_that_swallows_the_rest_is_named_as_the_cause(line: str, told: bool) -> None:  # noqa: FBT001 - a table
    with pytest.raises(SpecError) as caught:
        check_text(SPEC.format(line=line, setting=""))
    helps = [d.help for d in caught.value.diagnostics]
    assert any("`//` begins a comment" in text for text in helps) == told
