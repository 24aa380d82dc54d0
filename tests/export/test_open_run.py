"""``open_run``: a run's folder to answers, and what it says of folders that hold no run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from export_families import METADATA, SPEC, answers, family_of, generated, pixels, run_of
from PIL import Image

from swc.pipeline.keeping import keep_generated
from swc_runtime import Family, Frontier, FrontierPoint, Timely
from swc_runtime.machine import device_name, torch_threads
from swc_runtime.problems import CheckpointError, FamilyError, PredictionError, RuntimeProblem
from swc_runtime.serving import open_run
from swc_runtime.serving.frontier_file import FrontierError, FrontierWarning, save_frontier
from swc_runtime.training.state import save_family

BOTH = ("big", "small")
LONG = 120_000.0


@pytest.fixture
def family(tmp_path: Path) -> Family:
    """That of the run in ``run``."""
    path, folder = generated(SPEC, tmp_path), tmp_path / "run"
    made = run_of(path, folder, data={"name": "digits", "identity": "", "val": None})
    keep_generated(path.read_bytes(), path, folder, "tiny")
    return made


def measure(family: Family, path: Path, device: str | None = None) -> None:
    entries = (FrontierPoint(("small",), 1, 1.0, 2.0, 3.0, 0.9, 0.3, 0.0),)
    here = torch.device("cpu")
    frontier = Frontier(device or device_name(here), torch_threads(here), 1, "val", tuple(METADATA["classes"]), entries)
    save_frontier(frontier, family, path)


def test_a_run_is_opened_by_its_folder(family: Family, tmp_path: Path) -> None:
    state = torch.get_rng_state()
    run = open_run(str(tmp_path / "run"))
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(module.training for module in run.family.modules())
    assert run.family.frontier is None
    assert run.classes == tuple(METADATA["classes"])
    assert run.metadata["data"]["name"] == "digits"
    torch.testing.assert_close(run.predict(pixels(5)), answers(family, BOTH, pixels(5)))
    torch.testing.assert_close(run.predict(pixels(5), members=["small"]), answers(family, ("small",), pixels(5)))
    timely = run.predict(pixels(5), deadline_ms=LONG)
    assert isinstance(timely, Timely)
    assert timely.members == BOTH
    torch.testing.assert_close(timely.probabilities, answers(family, BOTH, pixels(5)))
    assert run.predict(pixels(5), deadline_ms=0).members == ()
    assert torch.equal(run.family.predict(run.normalise(pixels(5))), run.predict(pixels(5)))


def test_its_frontier_is_used(family: Family, tmp_path: Path) -> None:
    measure(family, tmp_path / "run" / "frontier.json")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = open_run(tmp_path / "run")
    torch.testing.assert_close(run.predict(pixels(1), budget_ms=2.5), answers(family, ("small",), pixels(1)))
    assert run.predict(pixels(1), deadline_ms=LONG).members == ("small",)
    with pytest.raises(ValueError, match=r"no subset of the members answers 1 examples within 2\.5 ms"):
        run.predict(pixels(1), budget_ms=2.5, percentile=99)

    measure(family, tmp_path / "run" / "frontier.json", "Abacus")
    with pytest.warns(FrontierWarning, match="measured on Abacus") as told:
        run = open_run(tmp_path / "run")
    assert told[0].filename == __file__  # where it was opened
    assert run.family.frontier is not None


def test_it_classifies_files_and_folders(family: Family, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for name, one in zip("ab", pixels(2), strict=True):
        Image.fromarray(one[0].numpy()).save(tmp_path / "images" / f"{name}.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    run = open_run(tmp_path / "run")
    first, second, broken = run.classify([tmp_path / "images", str(tmp_path / "broken.png")], top=1)
    expected = answers(family, BOTH, pixels(2))
    for answer, row in zip((first, second), expected, strict=True):
        assert answer.guesses[0].name == METADATA["classes"][int(row.argmax())]
        assert answer.guesses[0].probability == pytest.approx(float(row.max()))
    assert "broken.png" in broken.problem
    assert [answer.image.name for answer in run.classify(str(tmp_path / "images"))] == ["a.png", "b.png"]


@pytest.mark.usefixtures("family")
def test_images_that_are_not_as_in_files_are_refused(tmp_path: Path) -> None:
    run = open_run(tmp_path / "run")
    with pytest.raises(ValueError, match=r"uint8, 0 to 255\), not float32: give normalised ones to its family"):
        run.predict(pixels(1).float())
    with pytest.raises(ValueError, match=r"not \(1, 8, 8\): a single image needs a batch"):
        run.predict(pixels(1)[0])
    with pytest.raises(ValueError, match="not ndarray"):
        run.predict(pixels(1).numpy())
    with pytest.raises(ValueError, match="either budget_ms or deadline_ms"):
        run.predict(pixels(1), budget_ms=5.0, deadline_ms=5.0)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="percentile goes with budget_ms"):
        run.predict(pixels(1), percentile=50, deadline_ms=5.0)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="deadline_ms is a time in milliseconds, not '5'"):
        run.predict(pixels(1), deadline_ms="5")  # type: ignore[call-overload]


def nothing(_: Path) -> None:
    pass


def no_file(run: Path) -> None:
    (run / "tiny.py").unlink()
    (run / "notes.py").write_text("raise SystemExit('scripts of people are not run')")


def several(run: Path) -> None:
    text = (run / "tiny.py").read_text()
    for name in ("a", "b"):
        (run / f"{name}.py").write_text(text)
    no_file(run)


def broken_file(run: Path) -> None:
    (run / "tiny.py").write_text("import nowhere_at_all")


def stopped(run: Path) -> None:
    (run / "family.safetensors").rename(run / "last.safetensors")


def damaged(run: Path) -> None:
    (run / "family.safetensors").write_bytes(b"damaged")


@pytest.mark.parametrize(
    ("name", "harm", "kind", "message"),
    [
        ("nowhere", nothing, PredictionError, "nowhere does not exist: name the folder of a run that `swc train`"),
        ("run/tiny.py", nothing, PredictionError, "tiny.py is no folder: name the folder of a run"),
        (".", nothing, CheckpointError, "There is no checkpoint .*family.safetensors: train first"),
        ("run", stopped, CheckpointError, r"go on with --resume, or open its last state \(checkpoint='.*last\.safe"),
        ("run", damaged, CheckpointError, "family.safetensors"),
        ("run", no_file, PredictionError, "one generated file in it, and there is none. Put tiny.py there"),
        ("run", several, PredictionError, r"there is several \(a.py, b.py\), none of them tiny.py"),
        ("run", broken_file, FamilyError, "tiny.py is not a generated family: it does not load"),
    ],
)
@pytest.mark.usefixtures("family")
def test_folders_that_hold_no_run(
    tmp_path: Path, name: str, harm: Callable[[Path], None], kind: type[RuntimeProblem], message: str
) -> None:
    harm(tmp_path / "run")
    with pytest.raises(kind, match=message):
        open_run(tmp_path / name)


def test_frontiers_and_devices_that_do_not_belong(family: Family, tmp_path: Path) -> None:
    path = tmp_path / "run" / "frontier.json"
    measure(family, path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"family": "other"}))
    with pytest.raises(FrontierError, match="was measured for other"):
        open_run(tmp_path / "run")
    path.unlink()
    with pytest.raises(PredictionError, match="The family cannot be moved to 'abacus': "):
        open_run(tmp_path / "run", device="abacus")


def test_other_weights_and_files_that_were_renamed(family: Family, tmp_path: Path) -> None:
    run = tmp_path / "run"
    other = family_of(run / "tiny.py")
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(0.9)
    save_family(other, tmp_path / "other.safetensors", {**METADATA, "kind": "family"})
    opened = open_run(run, checkpoint=str(tmp_path / "other.safetensors"))
    torch.testing.assert_close(opened.predict(pixels(2)), answers(other, BOTH, pixels(2)))
    with pytest.raises(CheckpointError, match=re.escape(f"There is no checkpoint {tmp_path / 'none.safetensors'}")):
        open_run(run, checkpoint=tmp_path / "none.safetensors")

    (run / "tiny.py").rename(run / "model.py")
    torch.testing.assert_close(open_run(run).predict(pixels(2)), answers(family, BOTH, pixels(2)))


def test_it_is_there_without_the_family_being_imported_first() -> None:
    script = "from swc_runtime.serving import open_run, OpenedRun; print(open_run.__name__)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "open_run\n"
    with pytest.raises(ImportError, match="open_ruin"):
        from swc_runtime.serving import open_ruin  # type: ignore[attr-defined]  # noqa: F401, PLC0415
