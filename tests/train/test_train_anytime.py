"""The frontier: latencies are measured, sums and Pareto fronts are right, files and pictures are written."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Annotation
from test_train_evaluation import made_up
from train_families import Tiny, digits, tiny

from swc_runtime import anytime, plots
from swc_runtime.anytime import FrontierError, frontier, load_frontier, measure_latency, pareto, save_frontier
from swc_runtime.evaluation import evaluate
from swc_runtime.frontier import Frontier, FrontierPoint
from swc_runtime.plan import Plan

POINTS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=12)


@given(POINTS)
def test_pareto_against_brute_force(values):
    points = [FrontierPoint((f"m{n}",), 1, float(t), q / 10, float(nll), 0.0) for n, (t, q, nll) in enumerate(values)]
    beaten = [
        any(
            (other.latency_ms <= point.latency_ms and other.top1 >= point.top1)
            and (other.latency_ms < point.latency_ms or other.top1 > point.top1)
            for other in points
        )
        for point in points
    ]
    expected = {(p.latency_ms, p.top1) for p, lost in zip(points, beaten, strict=True) if not lost}
    found = pareto(points)
    assert [(p.latency_ms, p.top1) for p in found] == sorted(expected)
    for point in found:
        equals = [p for p in points if (p.latency_ms, p.top1) == (point.latency_ms, point.top1)]
        assert point.nll == min(p.nll for p in equals)


def test_every_subset_costs_the_sum_of_its_members():
    evaluation = made_up(3)
    latencies = {1: {"m0": 1.0, "m1": 2.0, "m2": 4.0}, 8: {"m0": 3.0, "m1": 5.0, "m2": 7.0}}
    measured = frontier(evaluation, latencies, "abacus")
    assert len(measured.entries) == 14
    for point in measured.entries:
        assert point.latency_ms == sum(latencies[point.batch][name] for name in point.members)
        assert point.top1 == evaluation.score(point.members).top1


def test_the_median_of_the_rounds_that_count(monkeypatch):
    """A clock that counts, and a family that takes a second per warm-up round and milliseconds afterwards."""
    clock = itertools.count()
    monkeypatch.setattr(anytime.time, "perf_counter", lambda: next(clock) / 1000)
    found = measure_latency(tiny(), [1, 4], repeats=3, warmup=1)
    assert {batch: {name: pytest.approx(ms) for name, ms in row.items()} for batch, row in found.items()} == {
        1: {"small": 1.0, "large": 1.0},
        4: {"small": 1.0, "large": 1.0},
    }


def test_warm_up_rounds_do_not_count(monkeypatch):
    times = iter([900.0, 900.0, 3.0, 30.0, 1.0, 10.0, 2.0, 20.0])
    asked = []

    def measured(_, images, member):
        asked.append((len(images), member))
        return next(times)

    monkeypatch.setattr(anytime, "_time", measured)
    assert measure_latency(tiny(), [5], repeats=3, warmup=1) == {5: {"small": 2.0, "large": 20.0}}
    assert asked == [(5, "small"), (5, "large")] * 4


def test_a_measured_family_chooses_by_budget(tmp_path):
    family = tiny()
    measured = frontier(evaluate(family, digits()), {1: {"small": 2.0, "large": 3.0}}, "abacus")
    save_frontier(measured, family, tmp_path / "f.json")
    family.frontier = load_frontier(tmp_path / "f.json", family)
    assert family.frontier == measured
    images = digits().normalise(digits().test.images[:1])
    assert family.predict(images, budget_ms=2.5).equal(family.predict(images, members=["small"]))


def test_a_frontier_that_does_not_fit_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "f.json"
    with pytest.raises(FrontierError, match="swc anytime"):
        load_frontier(path, tiny())
    save_frontier(Frontier("abacus", ()), tiny(), path)
    content = path.read_text()
    for broken in ("{", "[]", content.replace('"family"', '"x"'), content.replace('"entries"', '"x"'), "\ud800"):
        path.write_text(broken, errors="surrogateescape") if broken != "\ud800" else path.write_bytes(b"\xff\xff")
        with pytest.raises(FrontierError, match="no frontier"):
            load_frontier(path, tiny())
    path.write_text(content.replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(FrontierError, match="format 2"):
        load_frontier(path, tiny())
    path.write_text(content)
    monkeypatch.setattr(Tiny, "plan", Plan("tiny", "structure-2", 0, 0, Tiny.plan.clusters))
    with pytest.raises(FrontierError, match="structure-1"):
        load_frontier(path, tiny())


def test_the_plot_names_members_without_covering_anything(tmp_path, monkeypatch):
    evaluation = made_up(4)
    latencies = {1: {"m0": 21.0, "m1": 21.3, "m2": 20.5, "m3": 13.0}}
    placed = []
    original = plots._place

    def place(axes, point, text, colour, taken, *, required):
        box = original(axes, point, text, colour, taken, required=required)
        placed.append((text, box, [plots._overlap(box, other) for other in taken] if box else []))
        return box

    monkeypatch.setattr(plots, "_place", place)
    plots.plot_anytime(frontier(evaluation, latencies, "abacus"), tmp_path / "p.png", title="fam on digits")
    content = (tmp_path / "p.png").read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(content) > 10_000
    shown = {text for text, box, _ in placed if box is not None}
    assert {"m0", "m1", "m2", "m3", "all members"} <= shown
    assert all(not any(overlaps) for _, _, overlaps in placed)
    assert Annotation is not None
    with pytest.raises(ValueError, match="batches of 7"):
        plots.plot_anytime(frontier(evaluation, latencies, "abacus"), tmp_path / "p.png", title="", batch=7)


def test_a_family_of_one_and_a_wide_range_can_be_drawn(tmp_path):
    plots.plot_anytime(frontier(made_up(1), {8: {"m0": 1.0}}, "x"), tmp_path / "one.png", title="one")
    wide = frontier(made_up(2), {8: {"m0": 1.0, "m1": 90.0}}, "x")
    plots.plot_anytime(wide, tmp_path / "wide.png", title="wide")
    assert (tmp_path / "one.png").exists()
    assert (tmp_path / "wide.png").exists()


def test_the_device_has_a_name():
    import torch  # noqa: PLC0415 - only here

    assert "torch" in anytime.device_name(torch.device("cpu"))
