"""What the side after says was renamed (`moved`) is a move, and no removal with an addition."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Swc = Callable[..., Result]

SPEC = """sw 1

block part(width: int) {{
    y = {label}: conv(relu(bn(x)), width, 3)
    return conv2: conv(relu(bn(y)), width, 3)
}}
arch net(width: int) {{
    y = part: part(stem: conv(x, 8, 3), width)
    return fc: linear(global_pool(y), classes)
}}
family tiny {{
    input  image(1, 8, 8)
    output classes(10)
    budget {budget}% of members
    member big = net(24)
    member {name} = net(12)
{moved}
    share {{ private {name}.stem  {hint} }}
}}
"""


def write(path: Path, **values: object) -> Path:
    given = {"label": "conv1", "name": "slim", "budget": 60, "moved": "", "hint": "", **values}
    path.write_text(SPEC.format(**given), encoding="utf-8")
    return path


def difference(swc: Swc, *sides: Path) -> dict[str, object]:
    result = swc("diff", *sides, "--format", "json")
    assert result.exit_code == 1, result.output
    content = json.loads(result.output)
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize(
    "values",
    [
        {"name": "thin", "moved": "    moved slim -> thin"},
        {
            "label": "first",
            "moved": "    moved big.part.conv1 -> big.part.first\n    moved slim.part.conv1 -> slim.part.first",
        },
        {"name": "thin", "moved": "    moved slim -> small\n    moved small -> thin"},
    ],
    ids=["member", "label", "chain"],
)
@pytest.mark.parametrize("as_plan", [False, True], ids=["spec", "plan"])
def test_a_move_is_told_and_checkpoints_load(
    swc: Swc,
    tmp_path: Path,
    values: dict[str, str],
    as_plan: bool,  # noqa: FBT001 - a table
) -> None:
    old, new = write(tmp_path / "old.sw"), write(tmp_path / "new.sw", **values)
    if as_plan:
        plan = tmp_path / "old.json"
        plan.write_text(swc("plan", old, "--format", "json").output)
        old = plan
    found = difference(swc, old, new)
    moved = found["moved"]
    assert isinstance(moved, list)
    assert len(moved) == values["moved"].count("moved ")
    checkpoint = found["checkpoint"]
    assert isinstance(checkpoint, dict)
    assert (checkpoint["loads"], checkpoint["reasons"]) == (True, [])
    for part in (
        "members",
        "layers",
        "norms",
        "forward",
        "settings",
        "parameters",
        "renamed_members",
        "renamed_layers",
    ):
        assert found[part] == [], part
    text = swc("diff", old, new).output
    assert "old checkpoints load, by the names that their tensors have now" in text


def test_code_that_uses_a_member_has_to_change(swc: Swc, tmp_path: Path) -> None:
    new = write(tmp_path / "new.sw", name="thin", moved="    moved slim -> thin")
    text = swc("diff", write(tmp_path / "old.sw"), new).output
    assert "> slim -> thin" in text
    assert "member slim is called thin" in text
    assert "- slim" not in text


def test_a_cluster_made_by_hand_moves(swc: Swc, tmp_path: Path) -> None:
    old = write(tmp_path / "old.sw", hint="cluster left *.conv1")
    new = write(tmp_path / "new.sw", hint="cluster right *.conv1", moved="    moved cluster left -> right")
    found = difference(swc, old, new)
    assert found["moved"] == [{"before": "left", "after": "right", "cluster": True}]
    assert found["categories"] == []


def test_what_changed_besides_is_told_by_the_names_of_now(swc: Swc, tmp_path: Path) -> None:
    new = write(tmp_path / "new.sw", name="thin", moved="    moved slim -> thin", budget=50)
    found = difference(swc, write(tmp_path / "old.sw"), new)
    assert found["budget"] != []
    assert found["layers"] == []
    checkpoint = found["checkpoint"]
    assert isinstance(checkpoint, dict)
    assert (checkpoint["loads"], "structure" in checkpoint["reasons"]) == (False, False)


def test_moves_that_both_sides_know_are_no_difference(swc: Swc, tmp_path: Path) -> None:
    values = {"name": "thin", "moved": "    moved slim -> thin"}
    result = swc("diff", write(tmp_path / "old.sw", **values), write(tmp_path / "new.sw", **values))
    assert (result.exit_code, "no difference" in result.output) == (0, True)
    gone = write(tmp_path / "later.sw", name="thin")
    assert swc("diff", tmp_path / "new.sw", gone).exit_code == 0
    assert swc("diff", gone, tmp_path / "new.sw").exit_code == 0
