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


def test_what_changes_names_two_clusters_and_counts_the_others(swc: Swc, tmp_path: Path) -> None:
    path = tmp_path / "some.sw"
    path.write_text(many_shapes("clusters gradient"), encoding="utf-8")
    told = swc("plan", str(path)).output.partition("more or less")[2]
    assert re.search(r"\d+\s+more\s+clusters\s+folded\s+in\s+another\s+way", told)
    assert told.count("instead of") <= 4


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
