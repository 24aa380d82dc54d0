"""The architecture library against the sizes that its sources publish."""

import pytest

from swc.check import check_text
from swc.elaborate import elaborate
from swc.family import Family, Kind


def family(member: str, image: str = "3, 32, 32", classes: int = 100, extra: str = "") -> Family:
    text = f"sw 1\n{extra}\nfamily f {{ input image({image}) output classes({classes}) budget 1M member m = {member} }}"
    return elaborate(check_text(text, "f.sw"))


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        ("wrn(depth=34, widen=8)", 29_597_748),
        ("wrn(depth=28, widen=12)", 52_587_060),
        ("wrn(28, 10)", 36_536_884),
        ("wrn(28, widen=8)", 23_401_012),
    ],
)
def test_wide_residual_networks_have_the_published_sizes(call: str, parameters: int) -> None:
    assert family(call).members[0].parameters_alone == parameters


@pytest.mark.parametrize(
    ("depth", "parameters"), [(18, 11_689_512), (34, 21_797_672), (50, 25_557_032), (101, 44_549_160)]
)
def test_residual_networks_have_the_published_sizes(depth: int, parameters: int) -> None:
    assert family(f"resnet({depth})", "3, 224, 224", 1000).members[0].parameters_alone == parameters


def test_layers_are_named_by_their_labels_and_repeats() -> None:
    names = [layer.name for layer in family("wrn(10, 2)").layers]
    assert names == [
        "m.stem",
        "m.group1.0.conv1",
        "m.group1.0.conv2",
        "m.group1.0.shortcut",
        "m.group2.0.conv1",
        "m.group2.0.conv2",
        "m.group2.0.shortcut",
        "m.group3.0.conv1",
        "m.group3.0.conv2",
        "m.group3.0.shortcut",
        "m.fc",
    ]


def test_nested_repeats_count_outer_first() -> None:
    names = {layer.name for layer in family("resnet(18)", "3, 64, 64").layers}
    assert {"m.stages.0.1.conv2", "m.stages.3.0.shortcut"} <= names
    assert "m.stages.0.0.shortcut" not in names


def test_only_the_returned_layer_is_the_head_and_depth_rises_from_0_to_1() -> None:
    layers = family("wrn(16, 2)").layers
    assert [layer.name for layer in layers if layer.head] == ["m.fc"]
    depths = [layer.depth for layer in layers]
    assert depths == sorted(depths)
    assert (depths[0], depths[-1]) == (0.0, 1.0)


def test_grouped_convolutions_count_inputs_per_group() -> None:
    block = """arch grouped() {
        y = a: conv(x, 12, 1)
        y = b: conv(relu(y), 24, 5, groups=4, bias=true)
        y = c: conv(relu(y), 24, 3, groups=24, padding=0)
        return fc: linear(global_pool(y), classes)
    }"""
    layers = {layer.name: layer for layer in family("grouped()", extra=block).layers}
    assert layers["m.b"].shape == (24, 3, 5, 5)
    assert layers["m.b"].bias
    assert layers["m.c"].shape == (24, 1, 3, 3)
    assert layers["m.fc"].kind is Kind.LINEAR
    assert layers["m.fc"].inputs == 24


def test_no_repetition_and_concatenation() -> None:
    block = """arch dense(n: int) {
        y = a: conv(x, 4, 3)
        repeat n as i { y = concat(y, grow: conv(relu(y), 2 + i, 3)) }
        return fc: linear(global_pool(y), classes)
    }"""
    assert [layer.name for layer in family("dense(0)", extra=block).layers] == ["m.a", "m.fc"]
    grown = {layer.name: layer for layer in family("dense(3)", extra=block).layers}
    assert grown["m.grow.2"].inputs == 4 + 2 + 3
    assert grown["m.fc"].inputs == 4 + 2 + 3 + 4


def test_relative_budgets_are_exact() -> None:
    text = "sw 1 family f { input image(3, 32, 32) output classes(100) budget 0.3% of wrn(28, 10) member m = wrn(10) }"
    assert elaborate(check_text(text, "f.sw")).budget.parameters == 36_536_884 * 3 // 1000
    text = "sw 1 family f { input image(3, 32, 32) output classes(100) budget 250% of members member m = wrn(10) }"
    built = elaborate(check_text(text, "f.sw"))
    assert built.budget.parameters == built.parameters_independent * 5 // 2


def test_patterns_match_full_names_and_cross_dots() -> None:
    text = """sw 1 family f { input image(3, 32, 32) output classes(100) budget 1M member a = wrn(10) member b = wrn(16)
        share { private *.stem, b.*.conv1  apart a.*, b.group1* } }"""
    sharing = elaborate(check_text(text, "f.sw")).sharing
    assert sharing.private[0].layers[0] == ("a.stem", "b.stem")
    assert all(name.startswith("b.") and name.endswith(".conv1") for name in sharing.private[0].layers[1])
    assert len(sharing.private[0].layers[1]) == 6
    assert len(sharing.aparts[0].layers[1]) == 4
