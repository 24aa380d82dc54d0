"""The drawings: complete, to scale, deterministic, and without lines that run through boxes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_families import many_shapes, plans

from swc.compiler import compile_spec
from swc.plan.drawing import shape_graphs
from swc.plan.model import Plan
from swc.report.dot import dot
from swc.report.graph_svg import graph_svg
from swc.report.sections import placed
from swc.report.svg import Drawing, number, shade

_SVG = "{http://www.w3.org/2000/svg}"


def _below(first: tuple[int, int], second: tuple[int, int]) -> bool:
    return first != second and first[0] <= second[0] and first[1] <= second[1]


@settings(deadline=None, max_examples=30)
@given(plans())
def test_graphs_are_the_cover_relation_of_the_closed_shapes(plan: Plan) -> None:
    for graph in shape_graphs(plan):
        layers = [x for m in plan.members for x in m.layers if x.cluster == graph.cluster.name]
        shapes = {x.shape[:2] for x in layers}
        while True:
            more = {(min(a[0], b[0]), min(a[1], b[1])) for a in shapes for b in shapes}
            if more == shapes:
                break
            shapes = more
        assert [node.shape for node in graph.nodes] == sorted(shapes)
        covers = {
            (a, b)
            for a in shapes
            for b in shapes
            if _below(a, b) and not any(_below(a, c) and _below(c, b) for c in shapes)
        }
        assert Counter(graph.edges) == Counter(covers)
        for node in graph.nodes:
            assert list(node.layers) == [x.name for x in layers if x.shape[:2] == node.shape]
            assert node.users == sum(x.shape[0] >= node.shape[0] and x.shape[1] >= node.shape[1] for x in layers)
            assert all(len(item.users) == node.users for item in node.adds)
        added = [item for node in graph.nodes for item in node.adds]
        assert Counter(added) == Counter(() if graph.cluster.fold else graph.superweights)


@settings(deadline=None, max_examples=30)
@given(plans())
def test_the_svg_shows_every_superweight_to_scale_and_every_shape(plan: Plan) -> None:
    graphs = shape_graphs(plan)
    root = ET.fromstring(graph_svg(plan, graphs))
    tips = {e.findtext(f"{_SVG}title", ""): e for e in root.iter(f"{_SVG}rect")}
    for section in placed([(graph, graph) for graph in graphs], 0):
        down, right = section.scales
        longer = 440 if len(graphs) <= 3 else 240
        assert max(down.length, right.length) == pytest.approx(longer)
        assert min(down.length, right.length) == pytest.approx(
            max(48, longer * min(section.extent) / max(section.extent))
        )
        for item in section.graph.superweights:
            rect = next(e for tip, e in tips.items() if tip.startswith(f"{item.id}: "))
            r = item.rectangle
            assert abs(float(rect.attrib["width"]) - right.at(r.column + r.columns) + right.at(r.column)) < 0.01
            assert abs(float(rect.attrib["height"]) - down.at(r.row + r.rows) + down.at(r.row)) < 0.01
    boxes = [e for e in root.iter(f"{_SVG}rect") if "rx" in e.attrib]
    assert len(boxes) == sum(len(graph.nodes) for graph in graphs)
    lines = [e for e in root.iter(f"{_SVG}line") if "stroke-width" in e.attrib]
    assert len(lines) == sum(len(graph.edges) for graph in graphs)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for e in root.iter(f"{_SVG}rect"):
        x, y = float(e.attrib.get("x", 0)), float(e.attrib.get("y", 0))
        assert 0 <= x <= x + float(e.attrib["width"]) <= width + 0.01
        assert 0 <= y <= y + float(e.attrib["height"]) <= height + 0.01


@settings(deadline=None, max_examples=30)
@given(plans())
def test_no_line_of_the_graph_runs_through_a_box(plan: Plan) -> None:
    root = ET.fromstring(graph_svg(plan, shape_graphs(plan)))
    boxes = [
        tuple(float(e.attrib[k]) for k in ("x", "y", "width", "height"))
        for e in root.iter(f"{_SVG}rect")
        if "rx" in e.attrib
    ]
    for e in root.iter(f"{_SVG}line"):
        if "stroke-width" not in e.attrib:
            continue
        x1, y1, x2, y2 = (float(e.attrib[k]) for k in ("x1", "y1", "x2", "y2"))
        for x, y, width, height in boxes:
            for k in range(1, 50):
                at = (x1 + (x2 - x1) * k / 50, y1 + (y2 - y1) * k / 50)
                assert not (x + 0.1 < at[0] < x + width - 0.1 and y + 0.1 < at[1] < y + height - 0.1)


@settings(deadline=None, max_examples=20)
@given(plans())
def test_dot_has_every_shape_and_edge(plan: Plan) -> None:
    graphs = shape_graphs(plan)
    text = dot(plan, graphs)
    assert text.count(" -> ") == sum(len(graph.edges) for graph in graphs)
    assert len(re.findall(r'^    "[^"]+" \[label=', text, re.MULTILINE)) == sum(len(graph.nodes) for graph in graphs)
    assert text.count("subgraph") == len(plan.clusters)
    assert text.count("{") == text.count("}") == 1 + len(plan.clusters)
    for graph in graphs:
        for node in graph.nodes:
            for item in node.adds:
                assert f"{item.id.partition('@')[2]} adds {item.rectangle.rows}×{item.rectangle.columns}, " in text


def test_same_bytes_for_any_hash_seed(spec: Path) -> None:
    script = (
        "import sys; from swc.cli import main\n"
        "for arguments in ('--format svg', '--format dot', '--sweep 5%..200%/5 --format svg', '--superweights'):\n"
        "    main(['plan', sys.argv[1], *arguments.split()], standalone_mode=False)\n"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", script, str(spec)],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1")
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0].count(b"</svg>") == 2


def test_names_are_escaped() -> None:
    drawing = Drawing(10, 10, "a < b & c")
    drawing.words(1, 2, 'x < "y" & z', tip_='<&">')
    drawing.add("rect", tip="<script>", width=1)
    root = ET.fromstring(drawing.text())
    assert root.findtext(f"{_SVG}title") == "a < b & c"
    assert root.findtext(f"{_SVG}text") == 'x < "y" & z'
    assert root.find(f"{_SVG}text").attrib["tip"] == '<&">'  # type: ignore[union-attr]  # just found
    assert "script" not in {e.tag for e in root.iter()}


@pytest.mark.parametrize(
    ("value", "text"), [(1, "1"), (1.5, "1.5"), (1.2345, "1.23"), (2.999, "3"), (0.0, "0"), (-0.5, "-0.5")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text


@given(st.floats(-1, 2))
def test_shades_are_colours_that_grow_darker(share: float) -> None:
    def lightness(color: str) -> int:
        return sum(int(color[k : k + 2], 16) for k in (1, 3, 5))

    assert re.fullmatch("#[0-9a-f]{6}", shade(share))
    assert lightness(shade(share)) >= lightness(shade(min(2.0, share + 0.1)))


def test_a_family_that_shares_nothing_can_be_drawn(spec: Path) -> None:
    spec.write_text(spec.read_text().replace("private *.stem", "private *").replace("400k", "100% of members"))
    plan = compile_spec(spec).plan
    assert not plan.clusters
    assert "No layer shares" in "".join(ET.fromstring(graph_svg(plan, ())).itertext())


@pytest.mark.parametrize("share", ["clusters single", "clusters depth bins 40", "clusters gradient"])
def test_a_drawing_of_many_shapes_stays_of_a_size_to_look_at(tmp_path: Path, share: str) -> None:
    path = tmp_path / "many.sw"
    path.write_text(many_shapes(share), encoding="utf-8")
    plan = compile_spec(path).plan
    text = graph_svg(plan, shape_graphs(plan))
    root = ET.fromstring(text)
    assert float(root.attrib["width"]) <= 1600
    assert float(root.attrib["height"]) <= 6000
    assert len(text) < 2_000_000
    said = "\n".join(e.text or "" for e in root.iter(f"{_SVG}text"))
    drawn = [cluster for cluster in plan.clusters if f"{cluster.name}: " in said]
    others = len(plan.clusters) - len(drawn)
    assert len(drawn) == min(len(plan.clusters), 24)
    assert (f"{others} more cluster" in said) == (others > 0)
    assert ("plane stretched" in said) == any(
        cluster.kernel == (3, 3) for cluster in plan.clusters if f"{cluster.name}: " in said
    )
    assert min(float(e.attrib["width"]) for e in root.iter(f"{_SVG}rect") if "rx" in e.attrib) > 1


def test_what_a_very_large_graph_leaves_out_is_said(tmp_path: Path) -> None:
    """Outputs fall as inputs rise, so that every pair of shapes has a common part of its own."""
    layers = "\n".join(f"    y = l{k}: conv(a{k}: conv(y, {10 + k}, 3), {200 - 3 * k}, 1)" for k in range(48))
    path = tmp_path / "cross.sw"
    path.write_text(
        "sw 1\narch cross() {\n    y = x\n"
        + layers
        + "\n    return fc: linear(global_pool(y), classes)\n}\nfamily crossed {\n    input image(3, 8, 8)\n"
        "    output classes(10)\n    budget 50% of members\n    member a = cross()\n    share { clusters single }\n}\n",
        encoding="utf-8",
    )
    plan = compile_spec(path).plan
    graphs = shape_graphs(plan)
    assert max(len(graph.nodes) for graph in graphs) > 1000
    root = ET.fromstring(graph_svg(plan, graphs))
    said = "\n".join(e.text or "" for e in root.iter(f"{_SVG}text"))
    assert "common parts and all lines left out" in said
    boxes = [e for e in root.iter(f"{_SVG}rect") if "rx" in e.attrib]
    assert len(boxes) == sum(
        len([n for n in graph.nodes if n.layers]) if len(graph.nodes) > 1000 else len(graph.nodes) for graph in graphs
    )
