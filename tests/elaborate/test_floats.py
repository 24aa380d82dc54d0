"""Numbers follow static types, as in generated code: an int that stands for a float divides as one."""

import pytest

from swc.check import check_text
from swc.diagnostics import SpecError
from swc.elaborate import elaborate

FAMILY = "family f {{ input image(3, 8, 8) output classes(5) budget 1M member m = net({}) }}"


def build(parameters: str, body: str, arguments: str = "") -> list[tuple[str, object]]:
    text = f"""sw 1
        block drop(p: float = 3) {{ require p / 5 < 1, "too much" return dropout(x, p / 5) }}
        arch net({parameters}) {{
            y = stem: conv(x, 8, 3)
            {body}
            return fc: linear(global_pool(y), classes)
        }}
        {FAMILY.format(arguments)}"""
    return list(elaborate(check_text(text)).members[0].arguments)


@pytest.mark.parametrize(
    ("parameters", "body", "arguments"),
    [
        ("f: float", 'require f / 5 == 0.4, "no" y = dropout(y, f / 5)', "2"),
        ("f: float", 'require f / 5 == 0.4, "no" y = dropout(y, f / 5)', "f=2"),
        ("f: float = 2", 'require f / 5 == 0.4, "no" y = dropout(y, f / 5)', ""),
        ("", "y = part: drop(y, 2)", ""),
        ("", "y = part: drop(y)", ""),
        ("", "f = 0.5 f = 2 y = dropout(y, f / 5)", ""),
        ("n: int", "y = dropout(y, (if n > 1 then n else 0.5) / 5)", "2"),
        ("n: int", "f = if n > 1 then n else n / 2.0 y = dropout(y, f / 5)", "2"),
        ("", "repeat 0 { f = 0.5 y = dropout(y, f) } f = 2 y = dropout(y, f / 5)", ""),
    ],
)
def test_ints_that_stand_for_floats_divide_as_floats(parameters: str, body: str, arguments: str) -> None:
    values = [value for _, value in build(parameters, body, arguments)]
    assert all(type(value) is float for value in values) or parameters.startswith("n: int")


@pytest.mark.parametrize(
    ("parameters", "body", "arguments"),
    [
        ("n: int", "y = dropout(y, n / 5)", "2"),
        ("n: int", "y = dropout(y, (if n > 1 then n else 3) / 5)", "2"),
        ("", "f = 2 y = dropout(y, f / 5)", ""),
    ],
)
def test_ints_among_themselves_divide_exactly(parameters: str, body: str, arguments: str) -> None:
    with pytest.raises(SpecError, match="SW0403"):
        build(parameters, body, arguments)


def test_a_member_keeps_the_float() -> None:
    ((name, value),) = build("f: float", "y = dropout(y, f / 5)", "2")
    assert (name, value, type(value)) == ("f", 2.0, float)
