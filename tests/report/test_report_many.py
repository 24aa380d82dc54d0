"""Reports on families of very many clusters: short, with a way to see all, and nothing lost from the sums."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from report_families import many_shapes

from swc.compiler import compile_spec
from swc.plan.drawing import shape_graphs
from swc.report.graph_svg import graph_svg

ROOT = Path(__file__).resolve().parents[2]
Swc = Callable[..., Result]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    path = tmp_path / "many.sw"
    path.write_text(many_shapes("clusters depth bins 40"), encoding="utf-8")
    return path


def _rows(text: str) -> list[list[str]]:
    section = text.partition("Clusters, ")[2] or text.partition("Clusters\n")[2]
    lines = section.partition("\n\n")[0].splitlines()
    return [re.split(r"  +", line.strip()) for line in lines if line.startswith("conv") or " more " in line]


def test_the_table_lists_the_costliest_clusters_and_sums_up_the_others(swc: Swc, many: Path) -> None:
    plan = compile_spec(many).plan
    assert len(plan.clusters) > 60
    text = swc("plan", str(many)).output
    assert f"Clusters, 30 of {len(plan.clusters)}" in text
    rows = _rows(text)
    assert len(rows) == 31
    assert rows[-1][0] == f"{len(plan.clusters) - 30} more"
    assert sum(int(row[1].replace(",", "")) for row in rows) == sum(len(c.layers) for c in plan.clusters)
    assert sum(int(row[-3].replace(",", "")) for row in rows) == plan.parameters.templates
    assert sum(int(row[-2].replace(",", "")) for row in rows) == plan.parameters.coefficients
    assert "listed with --superweights" in text


def test_with_superweights_every_cluster_is_listed(swc: Swc, many: Path) -> None:
    plan = compile_spec(many).plan
    assert [row[0] for row in _rows(swc("plan", str(many), "--superweights").output)] == [c.name for c in plan.clusters]


def test_the_note_on_tiles_names_a_few_clusters(swc: Swc, many: Path) -> None:
    plan = compile_spec(many).plan
    folded = sum(cluster.fold is not None for cluster in plan.clusters)
    assert folded > 9
    note = swc("check", str(many)).output.partition("SW0603")[2]
    assert note.count("mixed from") == 9  # the summary, and eight clusters
    assert f"and {folded - 8} more" in note


def test_what_changes_counts_clusters_and_names_the_largest(swc: Swc, tmp_path: Path) -> None:
    path = tmp_path / "some.sw"
    path.write_text(many_shapes("clusters gradient"), encoding="utf-8")
    told = swc("plan", str(path)).output.partition("more or less")[2]
    told = " ".join(told.split())
    assert re.search(r"\d+ clusters are folded in another way \(the largest: conv", told)
    assert told.count("instead of") <= 2


def test_drawings_name_members_in_words_that_fit() -> None:
    plan = compile_spec(ROOT / "specs" / "fashion_mixed.sw").plan
    text = graph_svg(plan, shape_graphs(plan))
    assert "layers of thrifty alone" in text
    assert "layers by member: shallow 12, deep 18" in text
    assert "…" not in text
    plan = compile_spec(ROOT / "specs" / "fashion.sw").plan
    text = graph_svg(plan, shape_graphs(plan))
    assert ">deep, wide +1<" in text
    assert "…" not in text


def test_explaining_very_many_layers_is_a_line_for_each_of_the_first(swc: Swc, many: Path) -> None:
    result = swc("plan", str(many), "--explain", "*")
    lines = result.stdout.splitlines()
    kinds = int(lines[0].split()[0])
    assert lines[0] == f"{kinds} kinds of layers"
    assert kinds > 100
    assert len(lines) < 60
    assert f"and {kinds - 40} more kinds of layers. A narrower pattern" in " ".join(lines)
    plan = compile_spec(many).plan
    layers = {layer.name: layer for member in plan.members for layer in member.layers}
    shown = {words[0]: words for words in (re.split(r"  +", line.strip()) for line in lines) if words[0] in layers}
    assert len(shown) >= 30
    for name, words in shown.items():
        shape = layers[name].shape
        assert words[1] == "×".join(map(str, shape))
        made = "a weight of its own" if layers[name].cluster is None else f"of {layers[name].cluster}"
        assert words[3].endswith(made)


def test_a_narrow_pattern_is_explained_in_full_with_a_few_members_named(swc: Swc, many: Path) -> None:
    plan = compile_spec(many).plan
    used = max(plan.superweights, key=lambda item: len({name.partition(".")[0] for name in item.users}))
    output = " ".join(swc("plan", str(many), "--explain", used.users[0]).stdout.split())
    assert re.search(r"\d+ layers: (\d+ of \w+, ){3}\d+ of \w+ and \d+ more members", output)


def test_a_sweep_lists_a_few_folded_clusters_and_says_where_all_are(swc: Swc, many: Path) -> None:
    output = swc("plan", str(many), "--sweep", "30%,100%").stdout
    rows = [line for line in output.splitlines() if line.startswith("30% ")]
    assert len(rows) == 2
    assert re.search(r"(conv\S+: \d+ of \d+×\d+; ){3}and \d+ more", rows[1])
    assert "All of them are in --format json." in output
