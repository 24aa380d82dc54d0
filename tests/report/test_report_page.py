"""The page of a drawing: words apart, axes that can be read, one scale of colours, and what is missing is said."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_families import many_shapes

from swc.compiler import compile_spec
from swc.plan.drawing import shape_graphs
from swc.plan.model import Plan
from swc.report.graph_svg import graph_svg
from swc.report.scale import scaled
from swc.report.shading import Shading
from swc.report.svg import shade

ROOT = Path(__file__).resolve().parents[2]
_SVG = "{http://www.w3.org/2000/svg}"


def _drawn(plan: Plan) -> ET.Element:
    return ET.fromstring(graph_svg(plan, shape_graphs(plan)))


@pytest.fixture(params=["fashion_mixed", "wrn_hetero", "single", "bins", "gradient"])
def plan(request: pytest.FixtureRequest, tmp_path: Path) -> Plan:
    many = {"single": "clusters single", "bins": "clusters depth bins 40", "gradient": "clusters gradient"}
    path = ROOT / "specs" / f"{request.param}.sw"
    if request.param in many:
        path = tmp_path / "many.sw"
        path.write_text(many_shapes(many[request.param]), encoding="utf-8")
    return compile_spec(path).plan


def _extents(root: ET.Element) -> list[tuple[float, float, float, float, str]]:
    """Left, top, right and bottom of every text that is not turned, by an estimate of its width."""
    found = []
    for e in root.iter(f"{_SVG}text"):
        if "transform" in e.attrib:
            continue
        x, y, size = (float(e.attrib[key]) for key in ("x", "y", "font-size"))
        width = 0.52 * size * len(e.text or "")
        left = x - width * {"middle": 0.5, "end": 1.0}.get(e.attrib.get("text-anchor", ""), 0.0)
        found.append((left, y - 0.7 * size, left + width, y, e.text or ""))
    return found


def test_no_words_overlap_or_leave_the_page(plan: Plan) -> None:
    root = _drawn(plan)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    texts = _extents(root)
    assert len(texts) > 20
    for left, top, right, bottom, text in texts:
        assert left >= 0, text
        assert top >= 0, text
        assert right <= width, text
        assert bottom <= height, text
    for a, b in combinations(texts, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (a[4], b[4])


@given(st.sets(st.integers(1, 5000), min_size=1, max_size=60), st.floats(48, 440))
def test_axes_rise_end_where_they_should_and_keep_what_is_wide_in_proportion(edges: set[int], length: float) -> None:
    scale = scaled(edges, length)
    least = min(16.0, length / 2 / len(edges))
    sizes = [high - low for low, high in pairwise(scale.edges)]
    widths = [high - low for low, high in pairwise(scale.places)]
    assert scale.length == pytest.approx(length)
    assert min(widths) >= least - 1e-6
    assert scale.even == all(w == pytest.approx(length * s / max(edges)) for s, w in zip(sizes, widths, strict=True))
    units = [w / s for s, w in zip(sizes, widths, strict=True) if w > least + 1e-6]
    assert max(units) == pytest.approx(min(units))
    assert [scale.at(edge) for edge in scale.edges] == pytest.approx(list(scale.places))
    places = [scale.at(size) for size in range(0, max(edges) + 1, max(1, max(edges) // 50))]
    assert places == sorted(places)


def test_narrow_superweights_have_their_number_and_the_note_says_that_they_are_widened() -> None:
    plan = compile_spec(ROOT / "specs" / "fashion_mixed.sw").plan
    assert "widened" not in "".join(_drawn(plan).itertext())
    plan = compile_spec(ROOT / "specs" / "wrn_hetero.sw").plan
    root = _drawn(plan)
    assert "narrow parts widened" in "".join(root.itertext())
    numbers = [e for e in root.iter(f"{_SVG}text") if e.attrib["font-size"] == "11" and (e.text or "").isdigit()]
    assert len([e for e in numbers if "pointer-events" in e.attrib]) == len(plan.superweights)


def test_a_colour_means_the_same_number_of_layers_in_every_cluster() -> None:
    plan = compile_spec(ROOT / "specs" / "wrn_hetero.sw").plan
    colours: dict[int, set[str]] = {}
    for e in _drawn(plan).iter(f"{_SVG}rect"):
        tip = e.findtext(f"{_SVG}title", "")
        if ", used by " in tip:
            colours.setdefault(int(tip.rpartition("used by ")[2].split()[0]), set()).add(e.attrib["fill"])
    assert colours[1] == {shade(0)}
    assert colours[102] == {shade(1)}
    assert all(len(found) == 1 for found in colours.values())
    assert Shading(102).steps == [1, 3, 10, 32, 102]
    legend = [e.text for e in _drawn(plan).iter(f"{_SVG}text")]
    assert [text for text in legend if text in {"1", "3", "10", "32", "102"}][:5] == ["1", "3", "10", "32", "102"]


def test_what_no_layer_shares_is_lightest() -> None:
    assert Shading(1).depth(1) == 0
    assert Shading(1).steps == [1]


def test_layers_that_are_not_drawn_are_counted() -> None:
    plan = compile_spec(ROOT / "specs" / "wrn_hetero.sw").plan
    said = "\n".join(e.text or "" for e in _drawn(plan).iter(f"{_SVG}text"))
    assert "114 layers made from SuperWeights; 8 own their weights and are not drawn." in said


def test_boxes_without_text_have_their_sizes_on_axes(tmp_path: Path) -> None:
    path = tmp_path / "many.sw"
    path.write_text(many_shapes("clusters single"), encoding="utf-8")
    plan = compile_spec(path).plan
    root = _drawn(plan)
    assert not [e for e in root.iter(f"{_SVG}text") if "layers" in (e.text or "") and "pointer-events" in e.attrib]
    largest = max(layer.shape[0] for m in plan.members for layer in m.layers if layer.cluster == "conv1x1")
    assert len([e for e in root.iter(f"{_SVG}text") if e.text == str(largest)]) >= 2
    assert float(root.attrib["height"]) <= 1600


def test_of_a_plane_with_very_many_parts_the_largest_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = compile_spec(ROOT / "specs" / "wrn_hetero.sw").plan
    monkeypatch.setattr("swc.report.graph_svg._SUPERWEIGHTS", 20)
    root = _drawn(plan)
    tips = [e.findtext(f"{_SVG}title", "") for e in root.iter(f"{_SVG}rect")]
    drawn = {tip.partition(":")[0] for tip in tips if ", used by " in tip and tip.startswith("conv3x3@")}
    items = [item for item in plan.superweights if item.cluster == "conv3x3"]
    assert len(drawn) == 20
    left_out = [item for item in items if item.id not in drawn]
    assert max(x.rectangle.cells for x in left_out) <= min(x.rectangle.cells for x in items if x.id in drawn)
    assert f"{len(items) - 20} smaller parts of the plane left out" in "".join(root.itertext())


def test_boxes_with_one_line_are_low(tmp_path: Path) -> None:
    members = "\n".join(f"    member m{k} = wrn(depth=10, widen={k})" for k in range(1, 8))
    path = tmp_path / "seven.sw"
    path.write_text(
        "sw 1\nfamily seven {\n    input image(3, 32, 32)\n    output classes(10)\n    budget 20% of members\n"
        f"{members}\n    share {{ }}\n}}\n",
        encoding="utf-8",
    )
    plan = compile_spec(path).plan
    root = _drawn(plan)
    assert float(root.attrib["height"]) <= 1600
    assert "448×224" in {e.text for e in root.iter(f"{_SVG}text")}
    assert all(float(e.attrib["height"]) <= 24 for e in root.iter(f"{_SVG}rect") if "rx" in e.attrib)
