"""Measuring a frontier: percentiles of what predict really takes, the subsets that are worth it, and the picture."""

from __future__ import annotations

import itertools
import threading
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from test_train_evaluation import made_up
from train_families import digits, tiny

from swc_runtime import plots
from swc_runtime.evaluation import Score, evaluate
from swc_runtime.memory import BatchMemoryError
from swc_runtime.serving import anytime
from swc_runtime.serving.anytime import SLACK, Measuring, Scored, candidates, measure, percentile
from swc_runtime.serving.frontier import Frontier, FrontierPoint
from swc_runtime.serving.frontier_file import load_frontier, save_frontier

CLASSES = tuple("0123456789")


def scored(family, split="test"):
    return Scored(evaluate(family, digits().held_out(0.1), split=split), CLASSES, "0123456789abcdef")


@given(st.lists(st.floats(0, 100), min_size=1, max_size=300), st.sampled_from([50, 95, 99]))
def test_percentiles_are_the_smallest_values_that_are_enough(values, share):
    found = percentile(values, share)
    enough = [v for v in values if sum(w <= v for w in values) >= share / 100 * len(values) - 1e-9]
    assert found == min(enough)
    if share == 99 and len(values) < 100:
        assert found == max(values)


def test_every_subset_is_called_as_it_will_be(monkeypatch):
    """A clock that each call moves on by what its members take, and by ten times that once in fifty calls."""
    family, now, calls = tiny(), [0.0], []
    takes = {"small": 1.0, "large": 2.0}

    def predict(images, *, members):
        calls.append((len(images), members))
        slow = calls.count(calls[-1]) % 50 == 0
        now[0] += sum(takes[name] for name in members) * (10 if slow else 1) / 1000

    monkeypatch.setattr(family, "predict", predict)
    monkeypatch.setattr(anytime.time, "perf_counter", lambda: now[0])
    found = measure(family, scored(tiny()), Measuring(batches=(1, 4), repeats=100))
    table = {(p.members, p.batch): (p.p50_ms, p.p95_ms, p.p99_ms, p.timings) for p in found.entries}
    assert table == {
        (members, batch): (pytest.approx(ms), pytest.approx(ms), pytest.approx(10 * ms), 100)
        for members, ms in ((("small",), 1), (("large",), 2), (("small", "large"), 3))
        for batch in (1, 4)
    }
    for batch in (1, 4):
        turns = [members for size, members in calls if size == batch]
        assert turns[::5][:6] == [("small",), ("large",), ("small", "large")] * 2  # they take turns, five calls each


def test_the_conditions_and_scores_are_kept():
    family = tiny()
    before = torch.get_num_threads()
    found = measure(family, scored(family, "val"), Measuring(repeats=1))
    evaluation = evaluate(family, digits().held_out(0.1), split="val")
    assert (found.threads, found.callers, found.scored_on, found.classes) == (before, 1, "val", CLASSES)
    assert (found.data, found.identity, found.images) == ("digits", "0123456789abcdef", evaluation.images)
    for point in found.entries:
        score = evaluation.score(point.members)
        assert (point.top1, point.nll, point.ece) == (score.top1, score.nll, score.ece)
        assert 0 < point.p50_ms <= point.p95_ms <= point.p99_ms


def test_callers_call_at_the_same_time(monkeypatch):
    """Each call waits until there is another one: with callers that took turns, none would ever end."""
    family, threads = tiny(), set()
    meeting = threading.Barrier(3)

    def predict(images, *, members):  # noqa: ARG001 - as Family.predict is called
        threads.add(threading.get_ident())
        meeting.wait(timeout=60)

    monkeypatch.setattr(family, "predict", predict)
    found = measure(family, scored(tiny()), Measuring(callers=3, repeats=20))
    assert len(threads) == 3
    assert found.callers == 3
    assert {p.timings for p in found.entries} == {30}  # three callers, five calls, two turns


def test_slow_subsets_get_fewer_calls(monkeypatch):
    family, now = tiny(), [0.0]

    def predict(images, *, members):  # noqa: ARG001 - as Family.predict is called
        now[0] += 1.0 if members == ("large",) else 0.001

    monkeypatch.setattr(family, "predict", predict)
    monkeypatch.setattr(anytime.time, "perf_counter", lambda: now[0])
    found = measure(family, scored(tiny()), Measuring(repeats=100, seconds=12.0))
    assert {p.members: p.timings for p in found.entries} == {("small",): 100, ("large",): 5, ("small", "large"): 100}
    found = measure(family, scored(tiny()), Measuring(repeats=100, seconds=0.5))
    assert min(p.timings for p in found.entries) == 5  # one burst, whatever it takes


def test_a_batch_that_does_not_fit_is_told(monkeypatch):
    def predict(images, *, members):  # noqa: ARG001 - as Family.predict is called
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:117] data. DefaultCPUAllocator: can't allocate memory")

    family = tiny()
    monkeypatch.setattr(family, "predict", predict)
    with pytest.raises(
        BatchMemoryError, match=r"A batch of 4,096 takes more memory than cpu has free: measure smaller"
    ):
        measure(family, scored(tiny()), Measuring(batches=(4096,), repeats=1))


def subset_table(values):
    """Scores of all subsets of as many members as ``values`` has bits, in the order of ``evaluate``."""
    count = len(values).bit_length()
    names = [f"m{n}" for n in range(count)]
    every = [s for size in range(1, count + 1) for s in itertools.combinations(names, size)]
    return names, [Score(s, q, nll, 0.0) for s, (q, nll) in zip(every, values, strict=True)]


SCORES = st.integers(2, 5).flatmap(
    lambda m: st.lists(
        st.tuples(st.integers(0, 5).map(lambda q: q / 5), st.integers(0, 3).map(float)),
        min_size=2**m - 1,
        max_size=2**m - 1,
    )
)


@given(SCORES, st.data())
def test_what_could_be_on_the_frontier_is_timed(values, data):
    names, scores = subset_table(values)
    alone = {name: data.draw(st.floats(0.1, 10)) for name in names}
    chosen = candidates(scores, alone, most=10**6)
    times = {score.members: sum(alone[name] for name in score.members) for score in scores}
    for score in scores:
        undercut = any(
            (other.top1, -other.nll) >= (score.top1, -score.nll)
            and times[other.members] * (1 + SLACK) < times[score.members]
            for other in scores
        )
        always = len(score.members) in (1, len(names))
        near = any(  # within a rounding error of the slack either will do
            abs(times[other.members] * (1 + SLACK) - times[score.members]) < 1e-9 for other in scores
        )
        assert near or (score.members in chosen) == (always or not undercut), score
    for most in (0, len(names), len(names) + 3):
        few = candidates(scores, alone, most)
        assert len(few) <= max(most, len(names) + 1)
        assert {(name,) for name in names} | {tuple(names)} <= set(few) <= set(chosen)


def test_of_many_members_only_what_may_be_of_use_is_timed():
    family, asked = tiny(), []
    evaluation = made_up(7)
    stand_in = SimpleNamespace(
        members=dict.fromkeys(evaluation.members),
        parameters=family.parameters,
        input=family.input,
        predict=lambda images, *, members: asked.append((len(images), members)),
    )
    found = measure(stand_in, Scored(evaluation, CLASSES), Measuring(repeats=1, most=20))
    assert len(found.entries) <= 20 < len(evaluation.scores)
    assert [members for _, members in asked[:5]] == [("m0",)] * 5
    assert {p.members for p in found.entries} == {members for _, members in asked}
    assert {(name,) for name in evaluation.members} <= {p.members for p in found.entries}
    assert evaluation.members in {p.members for p in found.entries}


def test_a_measured_family_chooses_by_budget(tmp_path):
    family = tiny()
    family.frontier = measure(family, scored(family), Measuring(repeats=1))
    save_frontier(family.frontier, family, tmp_path / "f.json")
    assert load_frontier(tmp_path / "f.json", family) == family.frontier
    images = digits().normalise(digits().test.images[:1])
    fastest = min(family.frontier.entries, key=lambda p: p.p95_ms)
    best = family.frontier.choose(1, fastest.p95_ms)
    assert family.predict(images, budget_ms=fastest.p95_ms).equal(family.predict(images, members=best))


def drawn(evaluation, takes, batch=1):
    points = [
        FrontierPoint(s.members, batch, 0.8 * t, t, 2 * t, s.top1, s.nll, s.ece, 100)
        for s in evaluation.scores
        for t in [sum(takes[name] for name in s.members)]
    ]
    return Frontier("abacus", 2, 1, "val", CLASSES, tuple(points), "digits", images=100)


def test_the_plot_names_members_without_covering_anything(tmp_path, monkeypatch):
    measured = drawn(made_up(4), {"m0": 21.0, "m1": 21.3, "m2": 20.5, "m3": 13.0})
    placed = []
    original = plots._place

    def place(axes, point, text, colour, taken, *, required):
        box = original(axes, point, text, colour, taken, required=required)
        placed.append((text, box, [plots._overlap(box, other) for other in taken] if box else []))
        return box

    monkeypatch.setattr(plots, "_place", place)
    plots.plot_anytime(measured, tmp_path / "p.png", title="fam on digits")
    content = (tmp_path / "p.png").read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(content) > 10_000
    shown = {text for text, box, _ in placed if box is not None}
    assert {"m0", "m1", "m2", "m3", "all members"} <= shown
    assert all(not any(overlaps) for _, _, overlaps in placed)
    with pytest.raises(ValueError, match="batches of 7"):
        plots.plot_anytime(measured, tmp_path / "p.png", title="", batch=7)


def test_a_family_of_one_and_a_wide_range_can_be_drawn(tmp_path):
    plots.plot_anytime(drawn(made_up(1), {"m0": 1.0}, 8), tmp_path / "one.png", title="one")
    plots.plot_anytime(drawn(made_up(2), {"m0": 1.0, "m1": 90.0}, 8), tmp_path / "wide.png", title="wide")
    assert (tmp_path / "one.png").exists()
    assert (tmp_path / "wide.png").exists()


def test_labels_in_a_crowd_are_drawn(tmp_path):
    """Many subsets at nearly one place: labels stand far off, with lines to their dots."""
    measured = drawn(made_up(5), {"m0": 3.0, "m1": 3.001, "m2": 3.002, "m3": 3.003, "m4": 3.004})
    same = Frontier(**{**vars(drawn(made_up(1), {"m0": 1.0})), "entries": tuple(
        FrontierPoint(p.members, 1, 2.9, 3.0 + len(p.members) / 1000, 3.1, 0.9 + n / 1e5, p.nll, p.ece)
        for n, p in enumerate(measured.entries)
    )})  # fmt: skip
    plots.plot_anytime(same, tmp_path / "crowd.png", title="crowd")
    assert (tmp_path / "crowd.png").exists()
