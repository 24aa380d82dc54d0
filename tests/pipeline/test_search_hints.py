"""A real search on digits, with every kind of hint on who shares: what the hints promise holds in the lock it writes.

Random cosines could only show that the queue obeys; here the clusters also have to be planned, trained and refined.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from attrs import frozen
from click.testing import CliRunner

from swc.cli import main
from swc.compiler import Compiled, compile_spec
from swc.lock import Lock, lock_path, read_lock
from swc.lock.agreement import verify_spec
from swc.pipeline import train as pipeline
from swc.pipeline.settings import DataChoice, Run
from swc.pipeline.similarities import similarities_path
from swc_runtime.progress import Silent
from swc_runtime.search_result import SearchResult, regroup
from swc_runtime.training import TrainOptions

SPEC = """sw 1

family duo {
    input  image(1, 8, 8)
    output classes(10)
    budget 70% of members
    member big   = wrn(depth=10, widen=2)
    member small = wrn(depth=10, widen=1)
    share {
        clusters  gradient(threshold=0.1, epochs=1)
        refine    gradient(threshold=0.9, after=1)
        templates 1..6
        templates 2..3 for *.group1.0.conv1
        templates 1..2 for *.group2.0.conv2
        private   *.stem
        public    *.fc
        cluster   early *.group1.0.conv1, big.group1.0.conv2
        tie       small.group1.0.conv2, small.group1.0.conv1
        tie       big.group3.0.conv1, small.group3.0.conv2
        tie       *.fc, big.group3.0.shortcut
        apart     *.group2.0.conv1, *.group3.0.conv1
        apart     *.group1.0.shortcut, *.group2.0.shortcut
    }
    train { epochs 2  batch 64  sgd(lr=0.05, momentum=0.9)  constant }
}
"""
MEMBERS = ("big", "small")
EARLY = {f"{member}.group1.0.{conv}" for member in MEMBERS for conv in ("conv1", "conv2")}
TIES = (("big.group3.0.conv1", "small.group3.0.conv2"), ("big.fc", "small.fc", "big.group3.0.shortcut"))
BOUNDS = {".group1.0.conv1": (2, 3), ".group2.0.conv2": (1, 2)}
APARTS = (("group2.0.conv1", "group3.0.conv1"), ("group1.0.shortcut", "group2.0.shortcut"))


@frozen
class Searched:
    """A spec, the run that was searched, and what the search measured."""

    spec: Path
    prepared: pipeline.Prepared
    run: Run

    @property
    def lock(self) -> Lock:
        return read_lock(lock_path(self.spec), "duo.lock")

    @property
    def kept(self) -> Path:
        return similarities_path(lock_path(self.spec))


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    folder = tmp_path_factory.mktemp("search")
    spec = folder / "duo.sw"
    spec.write_text(SPEC, encoding="utf-8")
    run = Run(DataChoice("digits", folder), TrainOptions(accelerator="cpu", limit=128), Silent())
    with pipeline.prepared(spec, folder / "run", run, pipeline.SearchChoice()) as found:
        return Searched(spec, found, run)


def check_promises(lock: Lock) -> None:
    """What the hints say of the clusters, read from the spec's text rather than from what swc makes of it."""
    homes = {layer: name for name, layers in lock.clusters.items() for layer in layers}
    assert set(lock.clusters["conv3x3-early"]) == EARLY
    for tied in TIES:
        assert len({homes[layer] for layer in tied}) == 1
    for sides in APARTS:
        first, second = ({homes[layer] for layer in homes if layer.endswith(side)} for side in sides)
        assert first
        assert second
        assert first.isdisjoint(second)


def check_plan(compiled: Compiled) -> None:
    """The lock's clusters, within the budget, with as many templates as the hints allow."""
    plan, lock = compiled.plan, compiled.lock
    assert lock is not None
    assert plan.parameters.total <= plan.budget
    assert {c.name: set(c.layers) for c in plan.clusters} == {name: set(x) for name, x in lock.clusters.items()}
    assert not any(cluster.fold for cluster in plan.clusters)  # the bounds are on templates of whole SuperWeights
    for suffix, (low, high) in BOUNDS.items():
        hinted = [s for s in plan.superweights if any(user.endswith(suffix) for user in s.users)]
        assert hinted
        assert all(min(low, s.coefficient_vectors) <= s.templates <= high for s in hinted)


def test_the_search_keeps_what_the_hints_promise(searched: Searched) -> None:
    lock = searched.lock
    assert (lock.threshold, lock.epochs, lock.data) == (0.1, 1, "digits")
    check_promises(lock)
    check_plan(compile_spec(searched.spec))
    agreement = verify_spec(searched.spec, lock_path(searched.spec), searched.kept)
    assert not agreement.moved
    assert not agreement.differences


def test_the_promises_are_the_hints_doing(searched: Searched) -> None:
    result = SearchResult.from_json(json.loads(searched.kept.read_text(encoding="utf-8"))["search"])
    merged = regroup(result.pools, -1)
    assert any(set(group) > EARLY for group in merged)  # nothing else would keep others out of it
    parted = regroup(result.pools, 1)
    assert all(len(group) == 1 for group in parted)  # or it together
    measured = [value for pool in result.pools for value in pool.cosines.values()]
    assert len(set(measured)) > len(measured) // 2  # cosines of a training, not of one number


def test_the_family_trains_and_refines(searched: Searched) -> None:
    family, evaluation = pipeline.fit(searched.prepared, searched.run)
    assert all(torch.isfinite(parameter).all() for parameter in family.parameters())
    fresh = pipeline.new_family(searched.prepared.path, searched.run)
    before, after = fresh.state_dict(), family.state_dict()
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    for cluster in searched.lock.clusters:
        assert any(f"{cluster}@" in name for name in changed), cluster
    assert 0 <= evaluation.ensemble.top1 <= 1


@pytest.mark.parametrize("budget", ["70%", "150%"])
@pytest.mark.parametrize("threshold", [-1.0, -0.1, 0.0, 0.2, 1.0])
def test_the_promises_hold_at_any_other_threshold_without_training(
    searched: Searched, tmp_path: Path, threshold: float, budget: str
) -> None:
    lock, spec = applied(searched, tmp_path, threshold, budget)
    check_promises(lock)
    check_plan(compile_spec(spec))
    assert lock.threshold == threshold


def test_at_both_ends_the_hints_alone_decide(searched: Searched, tmp_path: Path) -> None:
    strictest, _ = applied(searched, tmp_path, 1.0, "150%")
    assert strictest.threshold_used == 1.0
    assert {frozenset(x) for x in strictest.clusters.values() if len(x) > 1} == {
        frozenset(EARLY),
        *map(frozenset, TIES),
    }
    laxest, _ = applied(searched, tmp_path, -1.0, "150%")
    assert len(laxest.clusters) == 5  # made by hand, and two of each kernel size, kept apart


def applied(searched: Searched, folder: Path, threshold: float, budget: str) -> tuple[Lock, Path]:
    """What ``swc lock apply`` makes of a copy of the search, at another budget."""
    spec = folder / "duo.sw"
    spec.write_text(SPEC.replace("70%", budget), encoding="utf-8")
    for path in (lock_path(searched.spec), searched.kept):
        shutil.copy(path, folder)
    result = CliRunner().invoke(main, ["lock", "apply", str(spec), "--threshold", str(threshold)])
    assert result.exit_code == 0, result.output
    return read_lock(lock_path(spec), "duo.lock"), spec
