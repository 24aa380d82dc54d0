"""The fingerprint of what members compute: it tells apart what shapes do not, and leaves out what means nothing."""

from pathlib import Path

import pytest

from swc.check import check_text, load_program
from swc.elaborate import elaborate
from swc.lock import structure_hash

SPEC = """sw 1
block unit(stride: int = 1) {
    y = conv1: conv(relu(bn(x)), 8, 3, stride=stride)
    return y
}
block spare(w: int) { return a: conv(x, w, 3) }
arch net(n: int) {
    y = stem: conv(x, 8, 3)
    repeat n as i { y = units: unit(y, stride=1) }
    return fc: linear(global_pool(y), classes)
}
arch other() { return fc: linear(global_pool(part: spare(x, 8)), classes) }
family f { input image(3, 8, 8) output classes(5) budget 90% of other() member m = net(2) }
"""


def fingerprint(old: str = "", new: str = "") -> tuple[str, str]:
    assert old in SPEC
    family = elaborate(check_text(SPEC.replace(old, new)))
    return family.members[0].computes, structure_hash(family)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("unit(y, stride=1)", "unit(y, stride=2)"),
        ("stride=stride)", "stride=2 * stride)"),
        ("relu(bn(x))", "silu(bn(x))"),
        ("units: unit(y, stride=1)", "units: unit(y, 2)"),
        ("8, 3, stride=stride)", "8, [3, 1], stride=stride, padding=1)"),
        ("return y\n", "return dropout(y)\n"),
    ],
)
def test_another_body_is_another_structure(old: str, new: str) -> None:
    for one, other in zip(fingerprint(), fingerprint(old, new), strict=True):
        assert one != other


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("block unit", "// words\n\n\nblock   unit"),
        ("spare(", "unused("),
        ("part: spare(x, 8)", "part: spare(x, 9)"),
        ("return a: conv(x, w, 3)", "return a: conv(x, w, 5)"),
        ("arch net(n: int) {\n", "arch net( n : int ) { // here\n"),
        ("stride: int = 1", "stride: int = 2"),  # the one call gives it
        ("    return y\n", "    z = y\n    return z\n"),
        ("8, 3, stride=stride)", "kernel=[3, 3], channels=4 + 4, stride=[stride, stride], padding=1)"),
        ("repeat n as i {", "repeat 2 * n - n {"),
        ("unit(", "piece("),
    ],
)
def test_what_computes_the_same_from_the_same_weights_is_the_same(old: str, new: str) -> None:
    assert fingerprint(old, new) == fingerprint()


def test_a_block_may_move_to_another_file_but_not_become_another(tmp_path: Path) -> None:
    start, end = SPEC.index("block unit"), SPEC.index("block spare")
    block, rest = SPEC[start:end], SPEC[:start] + "use unit from units\n" + SPEC[end:]
    (tmp_path / "spec.sw").write_text(rest, encoding="utf-8")
    (tmp_path / "units.sw").write_text("sw 1\n" + block, encoding="utf-8")
    assert elaborate(load_program(tmp_path / "spec.sw")).members[0].computes == fingerprint()[0]
    (tmp_path / "units.sw").write_text("sw 1\n" + block.replace("relu", "gelu"), encoding="utf-8")
    assert elaborate(load_program(tmp_path / "spec.sw")).members[0].computes != fingerprint()[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("y = (a: conv(x, 8, 3)) + (b: conv(x, 8, 3))", "y = (b: conv(x, 8, 3)) + (a: conv(x, 8, 3))"),
        (
            "p = a: conv(x, 8, 3)\n q = b: conv(x, 8, 3)\n y = p + q",
            "q = b: conv(x, 8, 3)\n p = a: conv(x, 8, 3)\n y = p + q",
        ),
    ],
)
def test_layers_met_in_another_order_compute_the_same_and_are_another_structure(one: str, other: str) -> None:
    """Their order is their depth, which bins go by."""
    first = fingerprint("y = stem: conv(x, 8, 3)", one)
    second = fingerprint("y = stem: conv(x, 8, 3)", other)
    assert first[0] == second[0]
    assert first[1] != second[1]


def test_members_in_another_order_are_another_structure() -> None:
    first = fingerprint("member m = net(2)", "member m = net(2) member n = other()")
    second = fingerprint("member m = net(2)", "member n = other() member m = net(2)")
    assert first[1] != second[1]
