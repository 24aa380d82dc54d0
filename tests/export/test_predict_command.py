"""``swc predict``: image files to classes and probabilities."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result
from export_families import METADATA, SPEC, answers, generated, pixels, run_of
from PIL import Image

from swc.cli import main
from swc.pipeline.keeping import keep_generated
from swc_runtime import Family, Frontier, FrontierPoint
from swc_runtime.datasets import load
from swc_runtime.datasets.images import read_image
from swc_runtime.problems import DataError, PredictionError
from swc_runtime.serving.anytime import device_name
from swc_runtime.serving.classifying import Question, classify, images_in
from swc_runtime.serving.frontier_file import save_frontier

Swc = Callable[..., Result]
BOTH = ("big", "small")
CLASSES = METADATA["classes"]


@pytest.fixture
def family(tmp_path: Path) -> Family:
    """That of the run in ``run``."""
    path, folder = generated(SPEC, tmp_path), tmp_path / "run"
    made = run_of(path, folder, data={"name": "digits", "identity": "", "val": None})
    keep_generated(path.read_bytes(), path, folder, "tiny")
    return made


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """Three pictures of the family's size in a folder, and what is no picture."""
    folder = tmp_path / "images"
    folder.mkdir()
    paths = [folder / f"{name}.png" for name in "abc"]
    for path, one in zip(paths, pixels(3), strict=True):
        Image.fromarray(one[0].numpy()).save(path)
    (folder / ".hidden.png").write_bytes(b"no image")
    (folder / "notes.txt").write_text("no image")
    return paths


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_lines_tell_classes_by_probability(swc: Swc, family: Family, images: list[Path]) -> None:
    result = swc("predict", "run", "images", "--format", "jsonl", "--top", "10")
    assert result.exit_code == 0, result.output
    expected = answers(family, BOTH, pixels(3))
    found = rows(result)
    assert [row["image"] for row in found] == [f"images/{path.name}" for path in images]
    for row, probabilities in zip(found, expected, strict=True):
        assert row["members"] == list(BOTH)
        assert [guess["name"] for guess in row["classes"]] == [
            CLASSES[label] for label in probabilities.argsort(descending=True)
        ]
        for guess in row["classes"]:
            assert CLASSES[guess["label"]] == guess["name"]
            assert guess["probability"] == pytest.approx(float(probabilities[guess["label"]]), rel=1e-4)


def test_the_table_has_a_row_for_each_image(swc: Swc, family: Family, images: list[Path]) -> None:
    result = swc("predict", "tiny.py", "--run", "run", *images[:2], "--members", "small", "--top", "2")
    assert result.exit_code == 0, result.output
    expected = answers(family, ("small",), pixels(3)[:2])
    for probabilities in expected:
        best, second = probabilities.topk(2).indices.tolist()
        assert f"{100 * probabilities[best]:.2f}" in result.output
        assert f"{CLASSES[second]} {100 * probabilities[second]:.2f}" in result.output
    assert "answered by small" in result.output


@pytest.mark.parametrize("batch", ["1", "2", "32"])
def test_unreadable_images_are_named_and_the_others_answered(
    swc: Swc, family: Family, images: list[Path], batch: str
) -> None:
    images[1].write_bytes(b"no image")
    asked = ("predict", "run", *images, "images/gone.png", "--batch", batch)
    result = swc(*asked, "--format", "jsonl")
    assert result.exit_code == 1
    found = rows(result)
    assert ["error" in row for row in found] == [False, True, False, True]
    assert "b.png" in found[1]["error"]
    assert "gone.png does not exist" in found[3]["error"]
    expected = answers(family, BOTH, pixels(3))[[0, 2]]
    for row, probabilities in zip((found[0], found[2]), expected, strict=True):
        assert row["classes"][0]["probability"] == pytest.approx(float(probabilities.max()), rel=1e-4)
    table = swc(*asked)
    assert table.exit_code == 1
    assert table.stderr.count("error:") == 2
    assert "a.png" in table.stdout
    assert "b.png" not in table.stdout


def test_images_are_read_as_data_sets_read_them(family: Family, tmp_path: Path) -> None:
    picture = Image.fromarray(torch.randint(0, 256, (30, 20, 3), dtype=torch.uint8).numpy())
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    picture.save(tmp_path / "wide.png", exif=exif)
    read = read_image(tmp_path / "wide.png", 1, (8, 8))
    (answer,) = classify(family, [tmp_path / "wide.png"], METADATA, Question(top=1))
    assert answer.guesses[0].probability == pytest.approx(float(answers(family, BOTH, read[None]).max()), rel=1e-4)


def test_transparent_pixels_lie_on_what_they_lay_on_in_training(family: Family, tmp_path: Path) -> None:
    grey = pixels(1)[0, 0]
    clear = torch.full((8, 8), 128, dtype=torch.uint8)
    path = tmp_path / "clear.png"
    Image.fromarray(torch.stack([grey, clear], -1).numpy()).save(path)
    found = {}
    for data, asked, ground in (
        ({"alpha": "black"}, None, "black"),
        ({}, None, "white"),
        ({"alpha": "black"}, "white", "white"),
    ):
        (answer,) = classify(family, [path], {**METADATA, "data": data}, Question(top=1, alpha=asked))
        read = read_image(path, 1, (8, 8), alpha=ground)
        found[ground] = float(answers(family, BOTH, read[None]).max())
        assert answer.guesses[0].probability == pytest.approx(found[ground], rel=1e-4)
    assert found["black"] != pytest.approx(found["white"], rel=1e-3)
    (refused,) = classify(family, [path], METADATA, Question(alpha="refuse"))
    assert "transparent" in refused.problem
    assert load("digits", tmp_path, input=(1, 8, 8), classes=10, alpha="black").alpha == "black"


def test_names_of_files_come_from_standard_input_too(
    family: Family, images: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert family.classes == 10
    monkeypatch.chdir(tmp_path)
    names = "\n".join(map(str, [*images[:2], ""]))
    result = CliRunner().invoke(main, ["predict", "run", "-", str(images[2]), "--format", "jsonl"], input=names)
    assert [row["image"] for row in rows(result)] == list(map(str, images))


def measured(family: Family, folder: Path) -> None:
    """A frontier in which the small member is fast, and both together are good."""
    points = [
        FrontierPoint(("small",), 1, 1.0, 2.0, 3.0, top1=0.5, nll=1.0, ece=0.1),
        FrontierPoint(("big",), 1, 5.0, 6.0, 7.0, top1=0.6, nll=0.9, ece=0.1),
        FrontierPoint(BOTH, 1, 8.0, 9.0, 10.0, top1=0.9, nll=0.8, ece=0.1),
    ]
    here = device_name(torch.device("cpu"))
    frontier = Frontier(here, torch.get_num_threads(), 1, "val", tuple(CLASSES), tuple(points))
    save_frontier(frontier, family, folder / "frontier.json")


def test_a_budget_chooses_members_by_the_frontier(swc: Swc, family: Family, images: list[Path], tmp_path: Path) -> None:
    asked = ("predict", "run", images[0], "--format", "jsonl", "--accelerator", "cpu", "--budget-ms")
    assert "swc anytime" in swc(*asked, "7").stderr
    measured(family, tmp_path / "run")
    for budget, members in (("2", ("small",)), ("7", ("big",)), ("100", BOTH)):
        result = swc(*asked, budget)
        assert result.exit_code == 0, result.output
        assert rows(result)[0]["members"] == list(members)
        expected = float(answers(family, members, pixels(3)[:1]).max())
        assert rows(result)[0]["classes"][0]["probability"] == pytest.approx(expected, rel=1e-4)
    none = swc(*asked, "1")
    assert none.exit_code == 1
    assert "No subset of the members answers 1 examples within 1 ms" in none.stderr


def test_a_deadline_is_answered_with_what_is_done(swc: Swc, family: Family, images: list[Path], tmp_path: Path) -> None:
    asked = ("predict", "run", images[0], "--format", "jsonl", "--accelerator", "cpu", "--deadline-ms")
    for _ in range(2):
        result = swc(*asked, "60000")
        assert result.exit_code == 0, result.output
        assert set(rows(result)[0]["members"]) == set(BOTH)
        measured(family, tmp_path / "run")
    assert rows(swc(*asked, "60000", "--members", "small"))[0]["members"] == ["small"]
    assert swc(*asked, "0.000001").exit_code == 0
    assert "no member in time" in swc("predict", "run", images[0], "--deadline-ms", "0.000001").output


def test_a_frontier_of_another_machine_is_warned_of(
    swc: Swc, family: Family, images: list[Path], tmp_path: Path
) -> None:
    measured(family, tmp_path / "run")
    path = tmp_path / "run" / "frontier.json"
    content = json.loads(path.read_text())
    content["device"] = "an abacus"
    path.write_text(json.dumps(content))
    result = swc("predict", "run", images[0], "--budget-ms", "100", "--format", "jsonl", "--accelerator", "cpu")
    assert result.exit_code == 0
    assert "warning: " in result.stderr
    assert "abacus" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (("run", "images/a.png", "--members", "smal"), 1, "did you mean 'small'"),
        (("run", "empty"), 1, "empty holds no image files"),
        (("run",), 2, "IMAGE"),
        (("run", "images/a.png", "--top", "0"), 2, "--top"),
        (("run", "images/a.png", "--budget-ms", "5", "--members", "big"), 2, "budget"),
        (("run", "images/a.png", "--budget-ms", "5", "--deadline-ms", "5"), 2, "budget"),
        (("nowhere", "images/a.png"), 1, "SW0803"),
        (("images", "images/a.png"), 1, "SW0804"),
    ],
)
def test_what_cannot_be_asked_is_said(
    swc: Swc, family: Family, images: list[Path], tmp_path: Path, arguments: tuple[str, ...], code: int, part: str
) -> None:
    assert family.classes == len(images) + 7
    (tmp_path / "empty").mkdir()
    result = swc("predict", *arguments)
    assert result.exit_code == code, result.output
    assert part in result.output
    assert "Traceback" not in result.output


def test_a_family_without_scales_cannot_be_asked(family: Family, images: list[Path]) -> None:
    with pytest.raises(PredictionError, match="does not say how images are normalised"):
        next(classify(family, images, {}))


def test_folders_that_cannot_be_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DataError, match="Permission denied"):
        images_in(tmp_path)
