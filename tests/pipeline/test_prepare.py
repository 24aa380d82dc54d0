"""A spec's run folder: what is in the way stays, and a resumed run goes on with what it was compiled to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from swc.diagnostics import SpecError
from swc.lock import lock_path
from swc.pipeline import train as pipeline
from swc.pipeline.settings import DataChoice, Run
from swc_runtime.progress import Silent
from swc_runtime.training import TrainOptions

SPEC = """sw 1

family duo {
    input  image(1, 8, 8)
    output classes(10)
    budget 60% of members
    member big   = wrn(depth=10, widen=2)
    member small = wrn(depth=10, widen=1)
    share { clusters gradient(threshold=0.1, epochs=1)  refine none  private *.stem }
    train { epochs 1  batch 64  sgd(lr=0.05)  constant }
}
"""
Prepare = Callable[..., pipeline.Prepared]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "duo.sw"
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.fixture
def prepare(spec: Path, tmp_path: Path) -> Prepare:
    def call(*, resume: bool = False, **choice: bool) -> pipeline.Prepared:
        options = TrainOptions(accelerator="cpu", limit=64, resume=resume)
        run = Run(DataChoice("digits", tmp_path), options, Silent())
        with pipeline.prepared(spec, tmp_path / "run", run, pipeline.SearchChoice(**choice)) as found:
            return found

    return call


def test_a_file_that_swc_did_not_write_stays(prepare: Prepare, spec: Path, tmp_path: Path) -> None:
    mine = tmp_path / "run" / "duo.py"
    mine.parent.mkdir()
    mine.write_text("mine = True\n")
    with pytest.raises(SpecError, match="SW0801"):
        prepare()
    assert not lock_path(spec).exists()  # found out before the search
    with pytest.raises(SpecError, match="SW0801"):
        prepare(skipped=True)
    assert mine.read_text() == "mine = True\n"


def test_where_nothing_was_saved_a_resumed_run_begins(prepare: Prepare, spec: Path, tmp_path: Path) -> None:
    assert prepare(resume=True) == prepare()
    assert lock_path(spec).exists()
    assert (tmp_path / "run" / "duo.py").exists()


def test_a_lock_of_another_search_is_used_with_a_warning(prepare: Prepare, spec: Path) -> None:
    assert prepare().warnings == ()
    spec.write_text(SPEC.replace("threshold=0.1", "threshold=0.9"), encoding="utf-8")
    assert [warning.code for warning in prepare().warnings] == ["SW0708"]
    assert prepare(skipped=True).warnings == ()
    assert prepare(anew=True).warnings == ()


def test_a_run_resumes_what_it_was_compiled_to(prepare: Prepare, spec: Path) -> None:
    first = prepare()
    module, folder = first.path, first.folder
    (folder / "last.safetensors").touch()
    written = module.read_bytes()
    assert prepare(resume=True) == first

    lock, found = lock_path(spec), lock_path(spec).read_bytes()
    lock.unlink()
    spec.write_text(SPEC.replace("60%", "70%"), encoding="utf-8")
    with pytest.raises(SpecError, match="SW0805"):
        prepare(resume=True)
    assert not lock.exists()  # a resumed run is not searched
    lock.write_bytes(found)
    with pytest.raises(SpecError, match="SW0805"):
        prepare(resume=True)
    assert module.read_bytes() == written

    spec.write_text(SPEC, encoding="utf-8")
    assert prepare(resume=True) == first
    module.unlink()
    prepare(resume=True)
    assert module.read_bytes() == written
