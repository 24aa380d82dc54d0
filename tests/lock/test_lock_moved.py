"""Locks from before names of a spec were `moved`: they still fit, are spoken of, and can be written anew."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from swc.compiler import LockChoice, compile_spec, load_spec
from swc.diagnostics import SpecError
from swc.lock import Lock, outline, read_lock, structure_hash, write_lock

Swc = Callable[..., Result]

SPEC = """sw 1

family tiny {{
    input  image(1, 8, 8)
    output classes(10)
    budget 60% of members
    member big = wrn(depth=10, widen=2)
    member {name} = wrn(depth=10, widen=1)
{moved}
    share {{
        clusters gradient(threshold=0.1, epochs=1)
        private *.stem
        {hint}
    }}
}}
"""


def write(path: Path, name: str = "slim", moved: str = "", hint: str = "") -> Path:
    path.write_text(SPEC.format(name=name, moved=moved, hint=hint), encoding="utf-8")
    return path


def lock(path: Path) -> Path:
    """The lock of a search that left every kernel size together but for the layers of a first group."""
    family = compile_spec(path, LockChoice(ignored=True)).family
    made = {name for hint in family.sharing.hand_made for name in hint.all_layers}
    clusters: dict[str, dict[str, tuple[int, int, int, int]]] = {}
    for layer in family.layers:
        if not layer.head and not layer.name.endswith(".stem"):
            where = "-left" if layer.name in made else "-slim-group1" if ".group1." in layer.name else ""
            clusters.setdefault(f"conv{layer.kernel[0]}x{layer.kernel[1]}{where}", {})[layer.name] = layer.shape
    content = Lock("tiny", structure_hash(family), "digits", 1, 0, 0.1, 0.1, clusters, outline=outline(family))
    write_lock(path.with_suffix(".lock"), content)
    return path.with_suffix(".lock")


@pytest.fixture
def renamed(tmp_path: Path) -> Path:
    """A spec whose member was renamed since its lock was written."""
    path = write(tmp_path / "tiny.sw")
    lock(path)
    return write(path, "thin", "    moved slim -> thin")


def test_a_lock_of_old_names_is_read_by_those_of_now(renamed: Path) -> None:
    loaded = load_spec(renamed)
    assert loaded.warnings == ()
    assert loaded.lock is not None
    assert any(name.startswith("thin.") for name in loaded.lock.layers)
    assert not any(name.startswith("slim.") for name in loaded.lock.layers)
    assert set(loaded.lock.clusters) == {"conv3x3", "conv3x3-slim-group1", "conv1x1", "conv1x1-slim-group1"}


def test_without_moved_it_does_not_fit(renamed: Path) -> None:
    write(renamed, "thin")
    with pytest.raises(SpecError, match="SW0703"):
        load_spec(renamed)


def test_the_plan_is_that_of_the_old_names(renamed: Path) -> None:
    now = compile_spec(renamed).plan
    before = compile_spec(write(renamed)).plan
    assert now.parameters == before.parameters
    assert [(s.id, s.templates) for s in now.superweights] == [(s.id, s.templates) for s in before.superweights]


def test_a_cluster_made_by_hand_is_found_by_its_name_of_now(tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.sw", hint="cluster left *.group3.*.conv?")
    lock(path)
    write(path, hint="cluster right *.group3.*.conv?", moved="    moved cluster left -> right")
    plan = compile_spec(path).plan
    assert any(cluster.name == "conv3x3-right" for cluster in plan.clusters)


def test_verify_speaks_of_old_names_and_move_writes_those_of_now(swc: Swc, renamed: Path, tmp_path: Path) -> None:
    result = swc("lock", "verify", renamed)
    assert (result.exit_code, "swc lock move" in result.output) == (0, True)
    before = read_lock(tmp_path / "tiny.lock", "tiny.lock")
    moved = swc("lock", "move", renamed)
    assert moved.exit_code == 0, moved.output
    after = read_lock(tmp_path / "tiny.lock", "tiny.lock")
    assert after.structure == structure_hash(load_spec(renamed).family) != before.structure
    assert set(after.clusters) == set(before.clusters), "checkpoints know clusters by their names"
    assert after.outline == outline(load_spec(renamed).family)
    assert "swc lock move" not in swc("lock", "verify", renamed).output
    again = swc("lock", "move", renamed)
    assert "has the names of now" in again.output
    write(renamed, "thin")  # the line has done its work for the lock
    assert swc("lock", "verify", renamed).exit_code == 0


def test_what_was_searched_before_a_move_can_be_grouped_again(swc: Swc, tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.sw")
    quick = ("--data", "digits", "--quiet", "--accelerator", "cpu", "--limit", "128")
    assert swc("search", path, *quick).exit_code == 0
    locked = (tmp_path / "tiny.lock").read_bytes()
    similarities = (tmp_path / "tiny.similarities.json").read_bytes()
    write(path, "thin", "    moved slim -> thin")
    dry = swc("lock", "apply", path, "--threshold", "-1", "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert swc("lock", "move", path).exit_code == 0
    kept = json.loads((tmp_path / "tiny.similarities.json").read_text())
    assert any(layer.startswith("thin.") for pool in kept["search"]["pools"] for layer in pool["layers"])
    assert swc("lock", "apply", path, "--threshold", "-1").exit_code == 0
    (tmp_path / "tiny.lock").write_bytes(locked)
    (tmp_path / "tiny.similarities.json").write_bytes(similarities)
    applied = swc("lock", "apply", path, "--threshold", "-1")
    assert applied.exit_code == 0, applied.output
    assert any(name.startswith("thin.") for name in read_lock(tmp_path / "tiny.lock", "tiny.lock").layers)


def test_a_lock_that_was_edited_is_told_so_all_the_same(renamed: Path, tmp_path: Path) -> None:
    text = (tmp_path / "tiny.lock").read_text()
    (tmp_path / "tiny.lock").write_text(
        text.replace('"slim.group2.0.conv1": [32, 16, 3, 3]', '"slim.group2.0.conv1": [32, 17, 3, 3]')
    )
    assert (tmp_path / "tiny.lock").read_text() != text
    with pytest.raises(SpecError, match="SW0706"):
        load_spec(renamed)
