"""The state dict that is listed without torch is the one that torch makes."""

from pathlib import Path

import pytest
import torch

from swc.compiler import compile_spec
from swc.diff.state import full_state, planned_state
from swc.pipeline.modules import load_family_class

ROOT = Path(__file__).parents[2]
SPECS = sorted(p for folder in ("specs", "specs/paper") for p in (ROOT / folder).glob("*.sw"))

# Norms with and without labels, under conditions, in loops within loops and in blocks of blocks; clusters in tiles.
TREES = {
    "norms": """sw 1
block inner(width: int, plain: bool = false) {
    y = a: conv(bn(relu(bn(x))), width, 3, bias=true)
    return relu(if plain then y else bn(y)) + (bn1: bn(y))
}
block outer(width: int) {
    y = first: inner(x, width)
    repeat 2 as j {
        y = again: inner(y, width, plain=j == 1)
    }
    return y + bn(y)
}
arch net(rounds: list, normed: bool) {
    y = stem: conv(x, 4, 3)
    repeat len(rounds) as i {
        repeat rounds[i] {
            y = stages: outer(y, 4 + 2 * i)
        }
        y = if i % 2 == 0 then y else norm: bn(y)
    }
    y = last: if normed then bn(y) else conv(y, channels(y), 1, groups=2)
    y = hidden: linear(bn(global_pool(y)), 6, bias=false)
    return fc: linear(bn(y), classes)
}
family f {
    input image(3, 8, 8) output classes(3) budget 70% of members
    member a = net([1, 2], true)
    member b = net([2], false)
    share { public *.fc, *.last  tie *.hidden, *.last }
}
""",
    "folded": """sw 1
family f { input image(3, 8, 8) output classes(3) budget 9% of members member a = wrn(10, 2) member b = wrn(16)
    share { refine none } }
""",
    "refined_tiles": """sw 1
family f { input image(3, 8, 8) output classes(3) budget 12% of members member a = wrn(10, 2) member b = resnet(18, 8) }
""",
}


def real_state(text: str, folder: Path, name: str) -> dict[str, tuple[int, ...]]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    with torch.device("meta"):
        family = load_family_class(path)()
    return {key: tuple(value.shape) for key, value in family.state_dict().items()}


@pytest.mark.parametrize("spec", SPECS, ids=lambda p: p.stem)
def test_committed_specs(spec: Path, tmp_path: Path) -> None:
    compiled = compile_spec(spec)
    listed = full_state(compiled.plan, compiled.family)
    assert listed == real_state(compiled.text(), tmp_path, compiled.file_name)


@pytest.mark.parametrize("name", TREES)
def test_norms_conditions_loops_and_tiles(name: str, tmp_path: Path) -> None:
    spec = tmp_path / "f.sw"
    spec.write_text(TREES[name], encoding="utf-8")
    compiled = compile_spec(spec)
    listed = full_state(compiled.plan, compiled.family)
    assert listed == real_state(compiled.text(), tmp_path, compiled.file_name)
    if name != "norms":
        assert any(cluster.fold for cluster in compiled.plan.clusters)


def test_a_plan_knows_banks_and_private_weights(tmp_path: Path) -> None:
    spec = tmp_path / "f.sw"
    spec.write_text(TREES["norms"], encoding="utf-8")
    compiled = compile_spec(spec)
    full = full_state(compiled.plan, compiled.family)
    known = planned_state(compiled.plan)
    assert known.keys() < full.keys()
    assert {name for name in full if name.startswith("bank.")} <= known.keys()
    for name, shape in known.items():
        assert torch.Size(shape).numel() == torch.Size(full[name]).numel(), name
