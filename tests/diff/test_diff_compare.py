"""What a change breaks, held against real families: checkpoints that are saved and loaded, networks that are run."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from swc.compiler import compile_spec
from swc.diff.compare import compare
from swc.diff.model import Category, Difference, Edit, Reason, Structural
from swc.diff.report import report
from swc.diff.side import Side, load_side
from swc.diff.structure import structural
from swc.lock import Lock, structure_hash, write_lock
from swc.lock.moves import Move
from swc.pipeline.modules import load_family_class
from swc.plan import shareable_layers
from swc.plan.serial import to_json
from swc_runtime.problems import CheckpointError
from swc_runtime.training.state import load_family, save_family

Compare = Callable[..., Difference]

CHECKPOINT, API, NUMERIC = Category
NOTHING: tuple[Category, ...] = ()

SAME = "channels(x) == width and stride == 1"
SHORTCUT = "shortcut: conv(x, width, 1, stride=stride)"

# What is replaced in the spec, and what that breaks.
EDITS: dict[str, tuple[tuple[tuple[str, str], ...], tuple[Category, ...]]] = {
    "comments": ((("sw 1\n", "sw 1\n\n// Other words.\n"),), NOTHING),
    "variables": ((("    y = conv1:", "    z = conv1:"), ("return y +", "return z +")), NOTHING),
    "sides of a sum": ((("return y + (if", "return (if"), ("stride=stride))\n}", "stride=stride)) + y\n}")), NOTHING),
    "arguments by name": ((("3, stride=stride)", "kernel=3, stride=stride, padding=1)"),), NOTHING),
    "budget in other words": ((("60% of members", "60.0% of members"),), NOTHING),
    "a block by another name": ((("cell(", "unit("),), NOTHING),
    "epochs": ((("epochs 2", "epochs 3"),), (NUMERIC,)),
    "learning rate": ((("lr=0.05", "lr=0.1"),), (NUMERIC,)),
    "augmentation": ((("crop(1), flip", "crop(1)"),), (NUMERIC,)),
    "search": ((("threshold=0.1", "threshold=0.2"),), (NUMERIC,)),
    "refinement": ((("threshold=0.9", "threshold=0.8"),), (NUMERIC,)),
    "refinement off": ((("refine   gradient(threshold=0.9, after=1)", "refine none"),), (CHECKPOINT, NUMERIC)),
    "a hint": ((("private  *.stem", "private  *.stem, *.shortcut"),), (CHECKPOINT, NUMERIC)),
    "a hint that changes nothing": ((("private  *.stem", "private  *.stem, *.fc"),), NOTHING),
    "a hint that the plan follows anyway": (
        (("private  *.stem", "private  *.stem  tie *.conv1"),),
        (CHECKPOINT, NUMERIC),
    ),
    "budget": ((("60% of members", "70% of members"),), (CHECKPOINT,)),
    "activation": ((("conv(relu(bn(x))", "conv(silu(bn(x))"),), (CHECKPOINT, NUMERIC)),
    "dropout": ((("dropout(y, 0.1)", "dropout(y, 0.2)"),), (CHECKPOINT, NUMERIC)),
    "stride": ((("if i == 0 then 1 else 2", "if i < 2 then 1 else 2"),), (CHECKPOINT, NUMERIC)),
    "stride of one layer": (
        (("stem: conv(x, width, 3, bias=true)", "stem: conv(x, width, 3, 2, bias=true)"),),
        (CHECKPOINT, NUMERIC),
    ),
    "layers in another order": (
        (
            ("    y = conv1:", f"    z = if {SAME} then x else {SHORTCUT}\n    y = conv1:"),
            (f"(if {SAME} then x else {SHORTCUT})\n}}", "z\n}"),
        ),
        (CHECKPOINT,),
    ),
    "norm of another kind": (
        (("global_pool(relu(norm: bn(y)))", "norm: ln(global_pool(relu(y)))"),),
        (CHECKPOINT, NUMERIC),
    ),
    "label of a norm": ((("norm: bn(y)", "last: bn(y)"),), (CHECKPOINT,)),
    "label of a layer": ((("hidden: ", "inside: "),), (CHECKPOINT,)),
    "bias": ((("3, bias=true", "3, bias=false"),), (CHECKPOINT,)),
    "width": ((("net(depth=3)", "net(depth=3, width=6)"),), (CHECKPOINT, NUMERIC)),
    "depth": ((("net(depth=3)", "net(depth=4)"),), (CHECKPOINT, NUMERIC)),
    "a member's name": ((("member big ", "member huge "),), (CHECKPOINT, API)),
    "a member more": ((("    share {", "    member third = net(depth=1)\n    share {"),), (CHECKPOINT, API)),
    "order of members": (
        (("member big   =", "member SWAP ="), ("member small =", "member big ="), ("member SWAP =", "member small =")),
        (CHECKPOINT, API),
    ),
    "family": ((("family pair", "family couple"),), (CHECKPOINT, API)),
    "classes": ((("classes(5)", "classes(6)"),), (CHECKPOINT, API)),
    "image size": ((("image(3, 8, 8)", "image(3, 12, 12)"),), (CHECKPOINT, API)),
}

# Those whose old weights fit, though checkpoints are only for the function that they were made for.
BODIES = {"activation", "stride", "stride of one layer"}
RUN = [name for name, (_, found) in EDITS.items() if (CHECKPOINT not in found or name in BODIES) and name != "dropout"]


def family_of(text: str, folder: Path):
    folder.mkdir()
    spec = folder / "spec.sw"
    spec.write_text(text, encoding="utf-8")
    compiled = compile_spec(spec)
    module = folder / compiled.file_name
    module.write_text(compiled.text(), encoding="utf-8")
    torch.manual_seed(0)
    return load_family_class(module)()


def replaced(text: str, edits: tuple[tuple[str, str], ...]) -> str:
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("name", EDITS)
def test_what_an_edit_breaks(name: str, edited: Compare) -> None:
    edits, expected = EDITS[name]
    difference = edited(*edits)
    assert difference.categories == expected
    assert difference.is_empty == (expected == NOTHING)


@pytest.mark.parametrize("name", EDITS)
def test_a_checkpoint_is_never_refused_without_a_reason(name: str, edited: Compare) -> None:
    edits, expected = EDITS[name]
    difference = edited(*edits)
    told = report(difference)
    assert ("old checkpoints load\n" in f"{told}\n") == (CHECKPOINT not in expected and expected != NOTHING)
    # What is said when nothing that the hash is over was found to differ.
    assert Structural.UNKNOWN not in structural(difference)
    assert bool(difference.reasons) == (CHECKPOINT in expected)


def test_layers_in_another_order_are_named(edited: Compare) -> None:
    edits, _ = EDITS["layers in another order"]
    difference = edited(*edits)
    told = report(difference)
    assert (
        "big: layers come in another order: cells.1.conv1, cells.1.shortcut, cells.2.conv1, cells.2.shortcut → "
        "cells.1.shortcut, cells.1.conv1, cells.2.shortcut, cells.2.conv1" in told
    )
    assert "all tensors fit, but layers of members big and small come in another order" in told
    assert [order.member for order in difference.orders] == ["big", "small"]
    assert not difference.forward


@pytest.mark.parametrize("name", EDITS)
def test_checkpoints_load_if_and_only_if_it_says_so(name: str, edited: Compare, spec_text: str, tmp_path: Path) -> None:
    edits, _ = EDITS[name]
    difference = edited(*edits)
    old, new = family_of(spec_text, tmp_path / "a"), family_of(replaced(spec_text, edits), tmp_path / "b")
    save_family(old, tmp_path / "old.safetensors", {})
    try:
        load_family(new, tmp_path / "old.safetensors")
        loads = True
    except CheckpointError:
        loads = False
    assert loads == (Category.CHECKPOINT not in difference.categories)
    one, other = ({key: tuple(value.shape) for key, value in x.state_dict().items()} for x in (old, new))
    assert {edit.name for edit in difference.state} == {
        k for k in one.keys() | other.keys() if one.get(k) != other.get(k)
    }


@pytest.mark.parametrize("name", RUN)
def test_the_forward_pass_changes_if_and_only_if_it_says_so(
    name: str, edited: Compare, spec_text: str, tmp_path: Path
) -> None:
    edits, _ = EDITS[name]
    old, new = family_of(spec_text, tmp_path / "a"), family_of(replaced(spec_text, edits), tmp_path / "b")
    for parameter in old.parameters():
        torch.nn.init.normal_(parameter, 0.3, 0.5)
    new.load_state_dict(old.state_dict())
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    same = torch.allclose(old.eval()(x), new.eval()(x), atol=1e-4)
    assert same == (not edited(*edits).forward)


def test_a_forward_pass_is_named_by_the_first_layer_that_changes(edited: Compare) -> None:
    forward = edited(("global_pool(relu(norm: bn(y)))", "global_pool(silu(norm: bn(y)))")).forward
    assert [(f.member, f.at) for f in forward] == [("big", "big.hidden"), ("small", "small.hidden")]
    assert [f.at for f in edited(("dropout(y, 0.1)", "relu(y)")).forward] == ["big.fc", "small.fc"]


def test_reshaped_added_and_removed_layers(edited: Compare) -> None:
    difference = edited(("net(depth=3)", "net(depth=2)"), ("net(depth=2, width=4)", "net(depth=2, width=6)"))
    layers = {edit.name: (edit.before, edit.after) for edit in difference.layers}
    assert layers["big.cells.2.conv1"] == ((32, 16, 3, 3), None)
    assert layers["small.cells.1.conv1"] == ((8, 4, 3, 3), (12, 6, 3, 3))
    assert "big.cells.0.conv1" not in layers
    assert Edit("big", "net(depth=3, width=8)", "net(depth=2, width=8)") in difference.members


def test_numbers_are_those_of_the_plans(side: Callable[[str, str], Side], spec_text: str) -> None:
    one, other = side(spec_text, "a"), side(spec_text.replace("60%", "90%"), "b")
    difference = compare(one, other)
    for edit in difference.parameters:
        assert edit.before == getattr(one.plan.parameters, edit.name)
        assert edit.after == getattr(other.plan.parameters, edit.name)
    assert difference.budget == (Edit("budget", one.plan.budget, other.plan.budget),)
    assert Reason.SHAPES in difference.reasons


def test_a_difference_backwards_is_the_same_with_sides_exchanged(
    side: Callable[[str, str], Side], spec_text: str
) -> None:
    text = spec_text.replace("net(depth=3)", "net(depth=4, width=6)").replace("member small", "member tiny")
    one, other = side(spec_text, "a"), side(text, "b")
    there, back = compare(one, other), compare(other, one)
    assert there.categories == back.categories
    for field in ("layers", "members", "state", "parameters", "norms", "settings"):
        exchanged = {(e.name, e.after, e.before) for e in getattr(back, field)}
        assert {(e.name, e.before, e.after) for e in getattr(there, field)} == exchanged
    assert {(m.layer, m.before, m.after) for m in there.moves} == {(m.layer, m.after, m.before) for m in back.moves}


def locked(spec: Path, parted: tuple[str, ...]) -> None:
    """A lock file beside a spec that puts some layers into a cluster of their own."""
    family = compile_spec(spec).family
    shapes = {layer.name: layer.shape for layer in shareable_layers(family)}
    clusters: dict[str, dict[str, tuple[int, int, int, int]]] = {}
    for name, shape in shapes.items():
        kernel = "linear" if name.endswith("hidden") else f"conv{shape[2]}x{shape[3]}"
        clusters.setdefault("mine" if name in parted else kernel, {})[name] = shape
    write_lock(spec.with_suffix(".lock"), Lock(family.name, structure_hash(family), "digits", 1, 0, 0.1, 0.1, clusters))


def test_layers_that_move_between_clusters(tmp_path: Path, spec_text: str) -> None:
    sides = []
    for name, parted in (("a", ()), ("b", ("big.cells.0.conv1", "small.cells.0.conv1"))):
        spec = tmp_path / f"{name}.sw"
        spec.write_text(spec_text, encoding="utf-8")
        locked(spec, parted)
        sides.append(load_side(spec, spec.name))
    difference = compare(*sides)
    assert difference.moves == (
        Move("big.cells.0.conv1", "conv3x3", "mine"),
        Move("small.cells.0.conv1", "conv3x3", "mine"),
    )
    assert difference.categories[0] is Category.CHECKPOINT
    assert not difference.layers
    unlocked = [load_side(tmp_path / f"{name}.sw", name, no_lock=True) for name in ("a", "b")]
    assert compare(*unlocked).is_empty


def test_equal_tensors_of_other_layers_are_no_checkpoint(tmp_path: Path, spec_text: str) -> None:
    """Two layers of one shape exchange their clusters: every tensor fits, and belongs to another layer."""
    text = spec_text.replace("net(depth=2, width=4)", "net(depth=3)")
    sides = []
    for name, parted in (("a", "big.cells.2.conv1"), ("b", "small.cells.2.conv1")):
        spec = tmp_path / f"{name}.sw"
        spec.write_text(text, encoding="utf-8")
        locked(spec, (parted,))
        sides.append(load_side(spec, spec.name))
    difference = compare(*sides)
    assert difference.state == ()
    assert difference.reasons == (Reason.SHARING,)


def test_plans_are_compared_as_far_as_they_know(
    tmp_path: Path, side: Callable[[str, str], Side], spec_text: str
) -> None:
    edits = EDITS["width"][0]
    one, other = side(spec_text, "a"), side(replaced(spec_text, edits), "b")
    plans = []
    for name, found in (("a", one), ("b", other)):
        path = tmp_path / f"{name}.json"
        path.write_text(to_json(found.plan), encoding="utf-8")
        plans.append(load_side(path, path.name))
    assert compare(plans[0], one).is_empty
    assert compare(plans[0], one).unknown
    assert not compare(one, other).unknown
    whole = compare(one, other)
    for pair in ((plans[0], plans[1]), (plans[0], other), (one, plans[1])):
        difference = compare(*pair)
        assert difference.categories == whole.categories
        assert (difference.layers, difference.superweights) == (whole.layers, whole.superweights)
        assert {edit.name for edit in difference.state} <= {edit.name for edit in whole.state}
        assert difference.norms == difference.settings == ()


def test_plans_that_differ_in_what_they_do_not_hold_say_so(
    tmp_path: Path, side: Callable[[str, str], Side], spec_text: str
) -> None:
    plans = []
    for name, edits in (("a", ()), ("b", EDITS["activation"][0])):
        path = tmp_path / f"{name}.json"
        path.write_text(to_json(side(replaced(spec_text, edits), name).plan), encoding="utf-8")
        plans.append(load_side(path, path.name))
    difference = compare(*plans)
    assert structural(difference) == (Structural.UNKNOWN,)
    assert "something has changed that plans do not hold (input and classes, " in report(difference)


def test_plans_tell_whether_tiles_are_refined(side: Callable[[str, str], Side], tmp_path: Path) -> None:
    """Every tile has one user here, so that nothing else in the plans differs."""
    text = """sw 1
arch net(w: int) { y = stem: conv(x, 16, 3)  y = big: conv(relu(bn(y)), w, 3)
  return fc: linear(global_pool(relu(norm: bn(y))), classes) }
family fam { input image(1, 8, 8) output classes(10) budget 2000 member a = net(32) share { private *.stem } }
"""
    refined, plain = side(text, "refined"), side(text.replace("private *.stem", "private *.stem refine none"), "plain")
    assert compare(refined, plain).categories == (Category.CHECKPOINT, Category.NUMERIC)
    plans = []
    for each in (refined, plain):
        path = tmp_path / f"{each.name}.json"
        path.write_text(to_json(each.plan), encoding="utf-8")
        plans.append(load_side(path, path.name))
    for before, after in ((refined, plans[1]), (plans[0], plain), (plans[0], plans[1])):
        difference = compare(before, after)
        assert difference.reasons == (Reason.SHARING,)
        assert "tiles are refined on one side only" in report(difference)
        assert not difference.is_empty
    assert compare(plans[0], refined).is_empty
