"""What the checker lets pass in a body, and the warnings it gives."""

import pytest

from swc.check import check_text
from swc.diagnostics import SpecError

FAMILY = "family f { input image(3, 8, 8) output classes(2) budget 1k member m = wrn(10) }\n"
PART = "block part(width: int) { return conv1: conv(x, width, 3) }\n"


def codes(body: str, parameters: str = "width: int") -> list[str]:
    try:
        program = check_text(f"sw 1\n{PART}block b({parameters}) {{\n{body}\n}}\n{FAMILY}")
    except SpecError as error:
        return [d.code for d in error.diagnostics]
    return [d.code for d in program.warnings]


@pytest.mark.parametrize(
    "body",
    [
        "return a: part(x, width)",
        "x = relu(x) return a: part(x, width)",
        "y = x repeat width as i { y = a: part(y, i + 1) } return y",
        "y = x repeat 2 { z = a: part(y, width) y = relu(z) } return y",
        "y = x n = 1 repeat 3 { y = a: part(y, n) n = n * width } return y",
        "y = x repeat 2 as i { repeat i as j { y = a: part(y, width * j) } } return y",
        "y = x repeat 2 as i { y = a: part(y, i + 1) } repeat width as i { y = b: part(y, i + 1) } return y",
        "y = a: part(x, width) y = y + x return y",
        'y = a: part(x, channels(x)) require channels(y) == width, "same" return y',
        "y = x z = x repeat width { w = y y = a: part(z, 3) z = w } return y",
        "return if width > 3 then a: part(x, width) else x",
        "y = bn(relu(named: bn(x))) return a: part(y, width)",
        "return a: if width > 3 then part(x, width) else if width > 2 then conv(x, width, 1) else bn(x)",
        "return a: if width > 3 then part(relu(x), width) else conv(relu(x), width, 1)",
        "conv1 = x return conv1: conv(conv1, width, 3)",
    ],
)
def test_sound_bodies(body: str) -> None:
    assert codes(body) == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("return relu(x)", ["SW0214"]),
        ("n = width return relu(x)", ["SW0214"]),
        ("n = width m = n return relu(x)", ["SW0214"]),
        ("y = relu(x) y = a: part(x, width) return y", ["SW0214"]),
        ("y = a: part(x, width) y = b: part(x, width) return y", ["SW0215"]),
        ("y = a: part(x, width) return b: part(x, channels(y))", ["SW0215"]),
        ("y = a: part(x, width) z = relu(y) return b: part(x, width)", ["SW0215", "SW0214"]),
        ("y = x repeat 2 { y = a: part(y, width) y = b: part(x, width) } return y", ["SW0215"]),
        ("y = x repeat 2 { y = a: part(y, width) } return b: part(x, width)", ["SW0215"]),
        ("y = x repeat 2 { y = a: part(y, width) y = x } return y", ["SW0215"]),
        ("y = bn(x) return a: part(x, width)", ["SW0215"]),
    ],
)
def test_what_is_computed_for_nothing(body: str, found: list[str]) -> None:
    assert sorted(codes(body)) == sorted(found)


def test_the_last_round_of_a_loop_counts_as_used() -> None:
    # `z` of the one round is what the next begins with, and the last one is what is returned.
    assert codes("z = x repeat 2 { y = a: part(z, width) z = b: part(y, width) } return z") == []
    # Nobody reads the `y` of the last round, but every other round does.
    assert codes("y = x z = x repeat 2 { z = a: part(y, width) y = b: part(z, width) } return z") == []


def test_parameters_of_every_type() -> None:
    body = "y = dropout(x, p) return a: part(y, if wide then counts[0] else width)"
    assert codes(body, "width: int, p: float = 1, wide: bool = false, counts: list = [1, -2]") == []


def test_int_parameters_take_no_floats_and_no_bools() -> None:
    assert codes("return a: part(x, width * 1.0)") == ["SW0304"]
    assert codes("return a: part(x, width > 1)") == ["SW0304"]
