"""``swc plan`` as a person runs it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Swc = Callable[..., Result]


def test_the_report_answers_who_what_where_and_what_if(swc: Swc, spec: Path) -> None:
    output = swc("plan", spec).output
    plan = json.loads(swc("plan", spec, "--format", "json").stdout)
    assert f"trio: {plan['parameters']['total']:,} of 400,000 parameters" in output
    for part in ("wrn(depth=16, widen=2)", "have in common", "all members", "conv3x3", "unused", "With 40k parameters"):
        assert part in output
    diagonal = [line.split() for line in output.splitlines() if line.startswith(("big ", "small ", "broad "))]
    assert {"big", "small", "broad"} == {words[0] for words in diagonal}
    assert "gain" in output
    assert "lose" in output


def test_superweights_come_with_cost_and_service(swc: Swc, spec: Path) -> None:
    output = swc("plan", spec, "--superweights").output
    plan = json.loads(swc("plan", spec, "--format", "json").stdout)
    item = next(x for x in plan["superweights"] if x["id"] == "conv3x3@0,0")
    rows, columns, height, width = item["shape"]
    cost = item["templates"] * (rows * columns * height * width + item["coefficient_vectors"])
    words = next(line for line in output.splitlines() if line.startswith("conv3x3@0,0 ")).split()
    assert words[1:] == [
        f"0:{rows}",
        f"0:{columns}",
        str(item["templates"]),
        str(item["coefficient_vectors"]),
        f"{cost:,}",
        str(len(item["users"])),
        "3",
        f"{len(item['users']) * rows * columns * height * width:,}",
    ]


def test_explain_tells_where_weights_come_from(swc: Swc, spec: Path) -> None:
    output = swc("plan", spec, "--explain", "big.group2.0.conv1").output
    assert "64×32×3×3: 18,432 weights, fan-in 288" in output
    assert "cluster conv3x3" in output
    shares = [float(w.rstrip("%")) for line in output.splitlines() for w in line.split() if w.endswith("%")]
    assert abs(sum(shares) - 100) < 0.3
    assert "owns its weight: the hint `private *.stem` says so" in swc("plan", spec, "--explain", "big.stem").output
    assert "it is the head" in swc("plan", spec, "--explain", "*.fc").output


def test_explain_puts_layers_that_are_made_alike_together(swc: Swc, spec: Path) -> None:
    output = swc("plan", spec, "--explain", "big.group1.*.conv2").output
    assert "big.group1.0.conv2, big.group1.1.conv2\n" in output
    folded = swc("plan", spec, "--budget", "12%", "--explain", "big.group1.0.conv2").output
    assert "the cluster is folded: the weight is a grid of" in folded


def test_explaining_what_is_not_there_is_a_usage_error_with_near_names(swc: Swc, spec: Path) -> None:
    result = swc("plan", spec, "--explain", "big.group9.0.conv1")
    assert result.exit_code == 2
    assert "big.group1.0.conv1" in result.output
    for written, near in (("stem", "'*.stem'"), ("big.group1", "'big.group1.*'"), ("Big.stem", "'big.stem'")):
        assert f"write {near}" in swc("plan", spec, "--explain", written).output
    assert "the member and the labels" in swc("plan", spec, "--explain", "nothing.like.it").output


def test_another_budget(swc: Swc, spec: Path) -> None:
    for text, budget in (("300k", 300_000), ("450000", 450_000)):
        plan = json.loads(swc("plan", spec, "--budget", text, "--format", "json").stdout)
        assert plan["budget"] == budget
        assert 0.99 * budget <= plan["parameters"]["total"] <= budget
    plan = json.loads(swc("plan", spec, "--budget", "10%", "--format", "json").stdout)
    assert plan["budget"] == sum(member["parameters_alone"] for member in plan["members"]) // 10
    small = swc("plan", spec, "--budget", "100")
    assert small.exit_code == 1
    assert "SW0601" in small.output
    assert "the smallest that can be planned is" in small.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("--budget", "0"),
        ("--budget", "-5"),
        ("--budget", "lots"),
        ("--budget", "0.00001%"),
        ("--sweep", "0.00001%"),
        ("--sweep", "5%..1%"),
        ("--sweep", "1%..2%", "--budget", "1M"),
        ("--sweep", "1%..2%", "--explain", "*"),
        ("--sweep", "1%..2%", "--format", "dot"),
        ("--sweep", "1%..2%", "-o", "x.dot"),
        ("--explain", "*", "--superweights"),
        ("--explain", "*", "--format", "json"),
        ("--superweights", "--format", "svg"),
        ("-o", "trio.sw"),
        ("-o", "x.png"),
        ("-o", "missing/x.svg"),
        ("-o", "trio.sw/x.svg"),
        ("--format", "json", "-o", "x.svg"),
        ("--lock", "l", "--no-lock"),
    ],
)
def test_usage_errors_exit_with_2_and_write_nothing(
    swc: Swc, spec: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    before = spec.read_text()
    result = swc("plan", spec, *arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["trio.sw"]
    assert spec.read_text() == before


def test_a_sweep_is_a_table_and_a_curve(swc: Swc, spec: Path) -> None:
    output = swc("plan", spec, "--sweep", "0.1%,5%..200%/6").output
    assert "trio at 7 budgets" in output
    assert "too small: the least that can be planned is" in output
    assert "conv3x3: " in output
    curve = output[output.index("freedom: template parameters for each weight made") :]
    marks = curve[: curve.index("budget   ")]
    assert marks.count("●") + marks.count("○") + marks.count("×") == 7
    assert marks.count("×") == 1
    assert "A curve takes at least two budgets" in swc("plan", spec, "--sweep", "50%").output


def test_a_sweep_as_json_agrees_with_plans(swc: Swc, spec: Path) -> None:
    sweep = json.loads(swc("plan", spec, "--sweep", "10,100k,300k,1M", "--format", "json").stdout)
    assert sweep["format_version"] == 1
    assert [point["feasible"] for point in sweep["points"]] == [False, True, True, True]
    for point in sweep["points"][1:]:
        plan = json.loads(swc("plan", spec, "--budget", str(point["budget"]), "--format", "json").stdout)
        for key in ("total", "templates", "coefficients", "private"):
            assert point[key] == plan["parameters"][key]
        assert point["clusters"] == [{"name": c["name"], "fold": c["fold"]} for c in plan["clusters"]]
        assert point["fewest_templates"] == min(s["templates"] for s in plan["superweights"])
    smallest = sweep["smallest_budget"]
    assert swc("plan", spec, "--budget", str(smallest)).exit_code == 0
    assert swc("plan", spec, "--budget", str(smallest - 1)).exit_code == 1


def test_the_curve_as_svg_has_a_mark_for_each_plan(swc: Swc, spec: Path, tmp_path: Path) -> None:
    result = swc("plan", spec, "--sweep", "0.1%,5%..200%/6", "-o", "curve.svg")
    assert result.exit_code == 0
    assert "wrote curve.svg" in result.output
    root = ET.fromstring((tmp_path / "curve.svg").read_text())
    tips = [e.text or "" for e in root.iter("{http://www.w3.org/2000/svg}title")]
    assert sum("parameters: " in tip for tip in tips) == 6
    assert (
        swc("plan", spec, "--sweep", "0.1%,5%..200%/6", "--format", "svg").output
        == (tmp_path / "curve.svg").read_text()
    )


def test_nothing_but_budgets_that_are_too_small_can_still_be_drawn(swc: Swc, spec: Path, tmp_path: Path) -> None:
    result = swc("plan", spec, "--sweep", "1,2,3", "-o", "curve.svg")
    assert result.exit_code == 0
    ET.fromstring((tmp_path / "curve.svg").read_text())


@pytest.mark.parametrize("ending", ["json", "dot", "gv", "svg"])
def test_files_are_written_in_the_format_of_their_ending(swc: Swc, spec: Path, tmp_path: Path, ending: str) -> None:
    (tmp_path / "deeper").mkdir()
    result = swc("plan", spec, "-o", f"deeper/plan.{ending}")
    assert (result.exit_code, result.stdout) == (0, f"wrote deeper/plan.{ending}\n")
    name = "dot" if ending == "gv" else ending
    assert swc("plan", spec, "--format", name).stdout == (tmp_path / "deeper" / f"plan.{ending}").read_text()
    assert [path.name for path in (tmp_path / "deeper").iterdir()] == [f"plan.{ending}"]


def test_a_spec_whose_own_budget_is_too_small_can_be_swept(swc: Swc, spec: Path) -> None:
    spec.write_text(spec.read_text().replace("400k", "10"))
    assert swc("plan", spec).exit_code == 1
    assert "trio at 2 budgets" in swc("plan", spec, "--sweep", "50%,100%").output
    assert swc("plan", spec, "--budget", "400k").exit_code == 0


def test_errors_of_the_spec_are_not_hidden_by_a_sweep(swc: Swc, spec: Path) -> None:
    spec.write_text(spec.read_text().replace("private *.stem", "private *.stem  tie *.stem"))
    result = swc("plan", spec, "--sweep", "50%,100%")
    assert result.exit_code == 1
    assert "SW0502" in result.output


def test_many_members_are_listed_with_their_closest(swc: Swc, spec: Path) -> None:
    more = "\n".join(f"    member extra{k} = wrn(depth=10, widen={1 + k % 3})" for k in range(7))
    spec.write_text(spec.read_text().replace("    share {", f"{more}\n    share {{"))
    output = swc("plan", spec).output
    assert "most in common with" in output
    assert "all members" in output


def test_one_member_has_no_one_to_share_with(swc: Swc, spec: Path) -> None:
    lines = [x for x in spec.read_text().splitlines() if not x.startswith(("    member small", "    member broad"))]
    spec.write_text("\n".join(lines))
    output = swc("plan", spec, "--budget", "50%").output
    assert "in common" not in output
    assert "Where the budget goes" in output
    assert "layers" in swc("plan", spec, "--budget", "50%", "--explain", "big.group1.0.conv2").output


def test_warnings_stand_beside_the_json(swc: Swc, spec: Path) -> None:
    result = swc("plan", spec, "--budget", "400%", "--format", "json")
    assert json.loads(result.stdout)["budget"] > 0
    assert "SW0602" in result.stderr


def test_errors_are_json_where_json_is_asked_for(swc: Swc, spec: Path) -> None:
    result = swc("plan", spec, "--budget", "10", "--format", "json")
    assert result.exit_code == 1
    assert "SW0601" in json.dumps(json.loads(result.stdout))
    assert not (spec.parent / "plan.json").exists()
    kept = swc("plan", spec, "--budget", "10", "-o", "plan.json")
    assert "SW0601" in kept.stderr
    assert not (spec.parent / "plan.json").exists()
