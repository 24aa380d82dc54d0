"""The types of expressions, as the emitter asks for them."""

import pytest

from swc.check import Type, check_text
from swc.check.environment import Environment
from swc.check.types import type_of
from swc.diagnostics import Diagnostics, Source
from swc.syntax import parse
from swc.syntax import tree as t

VARIABLES = {
    "x": Type.TENSOR,
    "n": Type.INT,
    "p": Type.FLOAT,
    "flag": Type.BOOL,
    "counts": Type.LIST,
    "broken": None,
}


def typed(text: str, *, in_body: bool = True) -> tuple[Type | None, list[str]]:
    file = parse(
        Source("t.sw", f"sw 1\nblock part(width: int, half: bool = true) {{ return x }}\nblock b() {{ y = {text} }}")
    )
    block = file.items[1]
    assert isinstance(block, t.Block)
    statement = block.body[0]
    assert isinstance(statement, t.Assign)
    program = check_text("sw 1\n" + PART + FAMILY)
    found = Diagnostics()
    result = type_of(statement.value, Environment(VARIABLES, program.modules[""].names, in_body=in_body), found)
    return result, [d.code for d in found.found]


PART = "block part(width: int, half: bool = true) { return conv1: conv(x, width, if half then 1 else 3) }\n"
FAMILY = "family f { input image(1, 8, 8) output classes(2) budget 1k member m = wrn(10) }"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1", Type.INT),
        ("1.0", Type.FLOAT),
        ("true", Type.BOOL),
        ("[1, n]", Type.LIST),
        ("[]", Type.LIST),
        ("n / 2", Type.INT),
        ("n / 2.0", Type.FLOAT),
        ("n % 2 ** n", Type.INT),
        ("2 ** p", Type.FLOAT),
        ("-n", Type.INT),
        ("-p", Type.FLOAT),
        ("n == p", Type.BOOL),
        ("flag != true", Type.BOOL),
        ("n < 3 and not flag or p >= 1", Type.BOOL),
        ("counts[n]", Type.INT),
        ("if flag then n else p", Type.FLOAT),
        ("if flag then x else relu(x)", Type.TENSOR),
        ("if flag then counts else [1]", Type.LIST),
        ("x + relu(x)", Type.TENSOR),
        ("concat(x, x, x)", Type.TENSOR),
        ("channels(x)", Type.INT),
        ("max(n, 3, len(counts))", Type.INT),
        ("one: conv(x, n, 3, bias=true)", Type.TENSOR),
        ("part(x, n)", Type.TENSOR),
        ("part(x, half=flag, width=2)", Type.TENSOR),
        ("dropout(x, 1)", Type.TENSOR),
        ("one: if flag then part(x, n) else conv(x, n, 3)", Type.TENSOR),
    ],
)
def test_types(text: str, kind: Type) -> None:
    assert typed(text) == (kind, [])


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("x * x", ["SW0301"]),
        ("2 * x", ["SW0301"]),
        ("flag + 1", ["SW0301"]),
        ("flag < true", ["SW0301"]),
        ("x == x", ["SW0301"]),
        ("counts + counts", ["SW0301"]),
        ("n[0]", ["SW0301"]),
        ("counts[p]", ["SW0301"]),
        ("[true]", ["SW0301"]),
        ("-flag", ["SW0301"]),
        ("not n", ["SW0301"]),
        ("n and flag", ["SW0301"]),
        ("if n then 1 else 2", ["SW0302"]),
        ("if flag then x else n", ["SW0303"]),
        ("relu(n)", ["SW0304"]),
        ("conv(x, p, 3)", ["SW0304"]),
        ("conv(x)", ["SW0305"]),
        ("conv(x, 3, 3, strides=2)", ["SW0306"]),
        ("conv(x, 3, 3, kernel=2)", ["SW0307"]),
        ("relu(x, x)", ["SW0308"]),
        ("conv(x, kernel=3, 3)", ["SW0309"]),
        ("nowhere", ["SW0201"]),
        ("nowhere(x)", ["SW0202"]),
        ("wrn(10)", ["SW0204"]),
        ("n(x)", ["SW0204"]),
        ("part", ["SW0204"]),
        ("min(1)", ["SW0305"]),
    ],
)
def test_wrong_types(text: str, codes: list[str]) -> None:
    assert typed(text)[1] == codes


@pytest.mark.parametrize(
    "text", ["broken + 1", "conv(broken, n, 3)", "if broken then n else 1", "counts[broken]", "-broken"]
)
def test_one_mistake_is_reported_once(text: str) -> None:
    assert typed(text)[1] == []


def test_every_mistake_of_an_expression_is_reported() -> None:
    assert typed("conv(nowhere, flag, 3, bias=1, padding=true) + missing")[1] == [
        "SW0201",
        "SW0304",
        "SW0304",
        "SW0304",
        "SW0201",
    ]


def test_a_family_has_constants_only() -> None:
    assert typed("max(2, 3) * 2", in_body=False) == (Type.INT, [])
    assert typed("channels(x)", in_body=False)[1] == ["SW0204"]
    assert typed("relu(x)", in_body=False)[1] == ["SW0204"]
