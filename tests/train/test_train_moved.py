"""Checkpoints from before names of a spec were `moved`: they load, and compute what they did."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import Result
from torch import Tensor

from swc.compiler import LockChoice, compile_spec
from swc.lock import Lock, outline, structure_hash, write_lock
from swc.pipeline.modules import load_family_class
from swc_runtime import Family
from swc_runtime.moved import Moved, formers
from swc_runtime.problems import CheckpointError
from swc_runtime.training import load_family
from swc_runtime.training.state import save_family

Swc = Callable[..., Result]

SPEC = """sw 1

block part(width: int) {{
    y = {first}: conv(relu(norm: bn(x)), width, 3)
    return {second}: conv(relu(bn(y)), width, 3)
}}

arch net(width: int) {{
    y = stem: conv(x, 8, 3)
    repeat 2 {{ y = {group}: part(y, width) }}
    return fc: linear(global_pool(relu(last: bn(y))), classes)
}}

family tiny {{
    input  image(1, 8, 8)
    output classes(10)
    budget {budget}% of members
    member big = net(24)
    member {thin} = net(12)
{moved}
    share {{
        clusters {clusters}
        refine gradient(threshold=0.9, after=1)
        private *.stem
        {hint}
    }}
    train {{ epochs 1  batch 32 }}
}}
"""
OLD = {"first": "conv1", "second": "conv2", "group": "group", "thin": "slim", "moved": "", "hint": "", "budget": 60}
GRADIENT = {"clusters": "gradient(threshold=0.1, epochs=1)"}


def spec(folder: Path, **values: object) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "tiny.sw"
    path.write_text(SPEC.format(**{**OLD, **GRADIENT, **values}), encoding="utf-8")
    return path


def family(path: Path) -> Family:
    compiled = compile_spec(path)
    file = path.parent / compiled.file_name
    file.write_text(compiled.text(path.parent), encoding="utf-8")
    return load_family_class(file)()


def lock(path: Path, groups: dict[str, tuple[str, ...]]) -> Path:
    """A lock file with the clusters that are named, beside a spec."""
    found = compile_spec(path, LockChoice(ignored=True)).family
    shapes = {layer.name: layer.shape for layer in found.layers}
    clusters = {name: {layer: shapes[layer] for layer in layers} for name, layers in groups.items()}
    content = Lock("tiny", structure_hash(found), "digits", 1, 0, 0.1, 0.1, clusters, outline=outline(found))
    write_lock(path.with_suffix(".lock"), content)
    return path.with_suffix(".lock")


def old_groups(name: str = "slim") -> dict[str, tuple[str, ...]]:
    layers = [f"{m}.group.{k}.conv{c}" for m in ("big", name) for k in (0, 1) for c in (1, 2)]
    return {
        f"conv3x3-{layers[0].replace('.', '-')}": tuple(layers[:6]),
        f"conv3x3-{name}-group-1-conv1": tuple(layers[6:]),
    }


def settled(model: Family) -> Family:
    """Every parameter and buffer of its own value, so that nothing that is swapped goes unseen."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point() and not name.endswith(".rows"):
                value.copy_(torch.rand(value.shape, generator=generator) * 0.2 + 0.1)
    return model.eval()


def outputs(model: Family) -> Tensor:
    images = torch.rand(4, *model.input, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        return model.eval()(images)


ALL = "    moved slim -> thin\n" + "\n".join(
    f"    moved {member}.{old} -> {member}.{new}"
    for member in ("big", "thin")
    for old, new in (("group", "stage"), ("stage.0.conv1", "stage.0.first"), ("stage.1.conv1", "stage.1.first"))
)
CASES = {
    "member": {"thin": "thin", "moved": "    moved slim -> thin"},
    "block": {"group": "stage", "moved": "    moved big.group -> big.stage\n    moved slim.group -> slim.stage"},
    "all": {"thin": "thin", "group": "stage", "first": "first", "moved": ALL},
    "chain": {"thin": "thin", "moved": "    moved slim -> small\n    moved small -> thin"},
}


@pytest.mark.parametrize("budget", [60, 8], ids=["whole", "folded"])
@pytest.mark.parametrize("case", CASES)
def test_a_checkpoint_of_old_names_loads_and_computes_the_same(case: str, budget: int, tmp_path: Path) -> None:
    before = settled(family(spec(tmp_path / "old", budget=budget)))
    save_family(before, tmp_path / "family.safetensors", {})
    after = family(spec(tmp_path / "new", budget=budget, **CASES[case]))
    assert after.state_dict().keys() != before.state_dict().keys()
    metadata = load_family(after, tmp_path / "family.safetensors")
    assert metadata["structure"] == after.plan.structure
    assert torch.equal(outputs(after), outputs(before))


def test_a_checkpoint_from_between_two_moves_loads_too(tmp_path: Path) -> None:
    between = settled(family(spec(tmp_path / "between", thin="small", moved="    moved slim -> small")))
    save_family(between, tmp_path / "family.safetensors", {})
    after = family(spec(tmp_path / "new", **CASES["chain"]))
    load_family(after, tmp_path / "family.safetensors")
    assert torch.equal(outputs(after), outputs(between))


def test_a_cluster_made_by_hand_moves(tmp_path: Path) -> None:
    hints = [f"cluster {name} *.group.1.conv?" for name in ("left", "right")]
    before = settled(family(spec(tmp_path / "old", hint=hints[0])))
    save_family(before, tmp_path / "family.safetensors", {})
    after = family(spec(tmp_path / "new", hint=hints[1], moved="    moved cluster left -> right"))
    assert any("conv3x3-right" in name for name in after.state_dict())
    load_family(after, tmp_path / "family.safetensors")
    assert torch.equal(outputs(after), outputs(before))


@pytest.mark.parametrize("rewritten", [False, True], ids=["lock kept", "searched anew"])
def test_locked_families_move_with_their_lock(rewritten: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a table
    old = spec(tmp_path / "old")
    file = lock(old, old_groups())
    before = settled(family(old))
    save_family(before, tmp_path / "family.safetensors", {})
    new = spec(tmp_path / "new", **CASES["member"])
    if rewritten:  # clusters are named after what layers are called now
        lock(new, old_groups("thin"))
    else:
        (tmp_path / "new" / "tiny.lock").write_bytes(file.read_bytes())
    after = family(new)
    load_family(after, tmp_path / "family.safetensors")
    assert torch.equal(outputs(after), outputs(before))


def test_other_changes_are_refused_as_ever(tmp_path: Path) -> None:
    before = family(spec(tmp_path / "old", budget=50))
    save_family(before, tmp_path / "family.safetensors", {})
    with pytest.raises(CheckpointError, match="other clusters or templates"):
        load_family(family(spec(tmp_path / "more", thin="slim")), tmp_path / "family.safetensors")
    with pytest.raises(CheckpointError, match="another version"):
        load_family(family(spec(tmp_path / "unsaid", thin="thin")), tmp_path / "family.safetensors")
    with pytest.raises(CheckpointError):
        load_family(family(spec(tmp_path / "both", **CASES["member"])), tmp_path / "family.safetensors")


def test_a_family_says_how_it_was_called(tmp_path: Path) -> None:
    after = family(spec(tmp_path / "new", **CASES["chain"]))
    old = family(spec(tmp_path / "old"))
    assert [move.before for move in after.moved] == ["slim", "small"]
    assert after.moved[0] == Moved("slim", "small", structure=old.plan.structure)
    latest, first = list(formers(after))
    assert "members.thin.fc.weight" == latest.now("members.small.fc.weight") == first.now("members.slim.fc.weight")
    assert first.now("members.slimmer.fc.weight") == "members.slimmer.fc.weight"
    assert first.plan.clusters == old.plan.clusters
    assert old.moved == ()


def test_from_training_to_scores_under_another_name(swc: Swc, tmp_path: Path) -> None:
    """Trained, renamed, compiled and scored on the command line."""
    look = ("--data", "digits", "--quiet", "--accelerator", "cpu")
    path = spec(tmp_path / "specs")
    trained = swc("train", path, *look, "--limit", "256", "--run", tmp_path / "run")
    assert trained.exit_code == 0, trained.output
    scores = swc("eval", tmp_path / "run" / "tiny.py", *look, "--format", "json").output
    locked = (tmp_path / "specs" / "tiny.lock").read_bytes()
    spec(tmp_path / "specs", **CASES["all"])
    told = swc("eval", path, "--run", tmp_path / "run", *look)
    assert (told.exit_code, "only names were `moved`" in " ".join(told.output.split())) == (1, True)
    assert swc("compile", path, "-o", tmp_path / "out").exit_code == 0
    assert (tmp_path / "specs" / "tiny.lock").read_bytes() == locked
    checkpoint = ("--checkpoint", tmp_path / "run" / "family.safetensors")
    renamed = swc("eval", tmp_path / "out" / "tiny.py", *checkpoint, *look, "--format", "json")
    assert renamed.exit_code == 0, renamed.output
    assert renamed.output == scores.replace('"slim"', '"thin"')
