"""Image folders: which files and classes are found, what is refused, and what the data set is by content."""

from __future__ import annotations

import os
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from told import Told

from swc_runtime.datasets import Loader, load, ordered_batches, read_image
from swc_runtime.problems import DataError

CPU = torch.device("cpu")


def write(path: Path, seed: int = 0, size: tuple[int, int] = (12, 10)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8)).save(path)


def write_folder(root: Path, *, parts=("train", "val"), classes=("cat", "dog"), count=3) -> Path:
    for number, part in enumerate(parts):
        for label, name in enumerate(classes):
            for n in range(count):
                write(root / part / name / f"{n}.png", 100 * number + 10 * label + n)
    return root


def folder(root, *, classes=2, **options):
    chosen = {"workers": 0, "input": (3, 8, 8)} | options
    return load(f"imagefolder:{root}", Path("unused"), classes=classes, **chosen)


@pytest.mark.parametrize("workers", [0, 2])
def test_files_are_what_is_trained_on(tmp_path, workers):
    write_folder(tmp_path)
    data = folder(tmp_path, workers=workers)
    assert data.name == f"imagefolder:{tmp_path.name}"
    assert data.class_names == ("cat", "dog")
    ((images, labels),) = data.test.stream([torch.arange(6)], CPU)
    files = [tmp_path / "val" / name / f"{n}.png" for name in ("cat", "dog") for n in range(3)]
    assert torch.equal(images, torch.stack([read_image(file, 3, (8, 8)) for file in files]))
    assert labels.tolist() == data.test.labels.tolist() == [0, 0, 0, 1, 1, 1]
    every = torch.cat([images for images, _ in data.train.stream([torch.arange(6)], CPU)]).double() / 255
    assert data.normalise.mean == pytest.approx(every.mean(dim=(0, 2, 3)).tolist())
    assert data.normalise.std == pytest.approx(every.std(dim=(0, 2, 3), correction=0).tolist())
    chosen = data.held_out(0.34)
    assert (len(chosen.train), len(chosen.val)) == (4, 2)
    assert [len(labels) for _, labels in Loader(chosen, batch=2, device=CPU).epoch(0)] == [2, 2]


@pytest.mark.parametrize("workers", [0, 1])
def test_reading_draws_no_random_numbers(tmp_path, workers):
    write_folder(tmp_path)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    data = folder(tmp_path, workers=workers)
    list(data.test.stream([torch.arange(6)], CPU))
    assert torch.equal(torch.get_rng_state(), before)


def test_every_file_is_opened_once_with_progress(tmp_path):
    write_folder(tmp_path)
    told = Told()
    folder(tmp_path, reporter=told)
    assert told.phases == [("check", 12)]
    assert told.done == 12
    assert told.lines == ["2 classes, in the order of their labels (by name): cat, dog"]


def test_val_is_held_out_where_there_is_a_test_half(tmp_path):
    write_folder(tmp_path, parts=("train", "val", "test"))
    data = folder(tmp_path)
    ((images, _),) = data.val.stream([torch.arange(1)], CPU)
    assert torch.equal(images[0], read_image(tmp_path / "val/cat/0.png", 3, (8, 8)))
    assert data.held_out(0.5) is data
    two = write_folder(tmp_path / "two")
    assert folder(two).val is None


def test_hidden_files_and_folders_are_passed_over(tmp_path):
    write_folder(tmp_path)
    before = folder(tmp_path)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0.png"):
        (tmp_path / "train/cat" / name).write_bytes(b"junk")
        (tmp_path / "train" / name).write_bytes(b"junk")
    for name in (".ipynb_checkpoints", "__MACOSX", "@eaDir"):
        write(tmp_path / "train" / name / "0.png")
        write(tmp_path / "train/dog" / name / "0.png")
    told = Told()
    after = folder(tmp_path, reporter=told)
    assert after.identity == before.identity
    assert not any("passed over" in line for line in told.lines)


def test_what_is_no_image_is_passed_over_with_a_word(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "train/cat/notes.txt").write_text("x")
    (tmp_path / "train/dog/README").write_text("x")
    write(tmp_path / "val/0.png")
    told = Told()
    assert len(folder(tmp_path, reporter=told).train) == 6
    assert "passed over in train, as no images: 1 .txt, 1 no ending" in told.lines
    assert "passed over in val, as in no class's folder: 1 image" in told.lines


def test_folders_below_a_class_and_links_are_followed(tmp_path):
    write_folder(tmp_path)
    write(tmp_path / "train/cat/more/deep/9.PNG", 9)
    (tmp_path / "elsewhere").mkdir()
    write(tmp_path / "elsewhere/8.png", 8)
    (tmp_path / "train/cat/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "train/cat/round").symlink_to(tmp_path / "train/cat")  # leads to itself
    (tmp_path / "train/cat/loop.png").symlink_to(tmp_path / "train/cat/loop.png")
    with pytest.raises(DataError, match=r"1 of 15 images cannot be used:\n .*loop\.png"):
        folder(tmp_path)
    (tmp_path / "train/cat/loop.png").unlink()
    data = folder(tmp_path)
    assert torch.bincount(data.train.labels).tolist() == [5, 3]


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["b", "a", "B", "ä", "_"], ("B", "_", "a", "b", "ä")),
        (["10", "9", "2", "1"], ("1", "2", "9", "10")),
        (["10", "9", "2x"], ("10", "2x", "9")),
        (["007", "7", "10"], ("007", "7", "10")),
    ],
)
def test_the_order_of_classes(tmp_path, names, order):
    write_folder(tmp_path, classes=names, count=1)
    told = Told()
    assert folder(tmp_path, classes=len(names), reporter=told).class_names == order
    rule = "by number" if all(name.isdigit() for name in names) else "by name"
    assert told.lines == [f"{len(names)} classes, in the order of their labels ({rule}): {', '.join(order)}"]


def test_classes_without_images_in_a_half_are_an_option(tmp_path):
    write_folder(tmp_path, parts=("train",), classes=("cat", "cow", "dog"))
    write_folder(tmp_path, parts=("val",), classes=("cat", "dog", "emu"))
    (tmp_path / "val/gnu").mkdir()
    with pytest.raises(DataError) as caught:
        folder(tmp_path, classes=5)
    assert "none of emu, gnu in train; none of cow, gnu in val" in str(caught.value)
    assert "--allow-missing-classes" in str(caught.value)
    data = folder(tmp_path, classes=5, allow_missing_classes=True)
    assert data.class_names == ("cat", "cow", "dog", "emu", "gnu")
    assert set(data.train.labels.tolist()) == {0, 1, 2}
    assert set(data.test.labels.tolist()) == {0, 2, 3}


def test_names_that_differ_by_case_are_told(tmp_path):
    write_folder(tmp_path, parts=("train",), classes=("cat", "Dog"))
    write_folder(tmp_path, parts=("val",), classes=("cat", "dog"))
    with pytest.raises(DataError, match="differ by case or spaces alone, and are probably one class: 'Dog' and 'dog'"):
        folder(tmp_path)


def test_one_name_in_two_forms_of_unicode_is_one_class(tmp_path):
    """Mac OS writes é as two code points, others as one."""
    composed, decomposed = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    assert composed != decomposed
    write_folder(tmp_path / "a", parts=("train",), classes=("bar", composed))
    write_folder(tmp_path / "a", parts=("val",), classes=("bar", decomposed))
    write_folder(tmp_path / "b", classes=("bar", decomposed))
    one, two = folder(tmp_path / "a"), folder(tmp_path / "b")
    assert one.class_names == two.class_names == ("bar", composed)
    write(tmp_path / "a/train" / decomposed / "0.png")
    with pytest.raises(DataError, match="two folders named 'café', written with different code points"):
        folder(tmp_path / "a")


def test_content_is_what_a_data_set_is(tmp_path, monkeypatch):
    write_folder(tmp_path / "home/pets")
    shutil.copytree(tmp_path / "home/pets", tmp_path / "elsewhere/animals")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "home")
    found = {folder(place).identity for place in (tmp_path / "home/pets", "pets", "~/pets", "../elsewhere/animals")}
    assert len(found) == 1
    assert folder("~/pets").name == "imagefolder:pets"
    monkeypatch.chdir(tmp_path / "home/pets")
    assert folder(".").name == "imagefolder:pets"
    assert folder(".", input=(1, 6, 6)).identity in found
    assert folder(".", workers=2).identity in found


@pytest.mark.parametrize("change", ["pixel", "class", "move", "half", "fewer"])
def test_other_content_is_another_data_set(tmp_path, change):
    write_folder(tmp_path)
    before = folder(tmp_path).identity
    match change:
        case "pixel":
            write(tmp_path / "val/dog/2.png", 77)
        case "class":
            for part in ("train", "val"):
                (tmp_path / part / "cat").rename(tmp_path / part / "cats")
        case "move":
            (tmp_path / "train/cat/2.png").rename(tmp_path / "train/dog/0a.png")
        case "half":
            (tmp_path / "train/cat/2.png").rename(tmp_path / "val/cat/00.png")
        case "fewer":
            (tmp_path / "val/dog/2.png").unlink()
    assert folder(tmp_path).identity != before


def test_the_ground_of_transparent_images_belongs_to_the_content(tmp_path):
    write_folder(tmp_path)
    assert folder(tmp_path).identity == folder(tmp_path, alpha="refuse").identity
    assert folder(tmp_path).identity != folder(tmp_path, alpha="black").identity


def test_unreadable_files_are_told_together_or_left_out(tmp_path):
    write_folder(tmp_path, count=30)
    for n in range(25):
        (tmp_path / f"train/dog/{n}.png").write_bytes(b"damaged")
    whole = (tmp_path / "val/cat/7.png").read_bytes()
    (tmp_path / "val/cat/7.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError) as caught:
        folder(tmp_path, workers=2)
    text = str(caught.value)
    assert text.startswith("26 of 120 images cannot be used:\n")
    assert text.count("is not a readable image") == 20
    assert "and 6 more" in text
    assert "--skip-unreadable" in text
    told = Told()
    data = folder(tmp_path, skip_unreadable=True, reporter=told)
    assert len(data.skipped) == 26
    assert data.skipped[-1] == "val/cat/7.png"
    assert (len(data.train), len(data.test)) == (35, 59)
    assert torch.bincount(data.train.labels).tolist() == [30, 5]
    assert any(line.startswith("left out, as they cannot be read: train/dog/0.png") for line in told.lines)
    for name in data.skipped:
        (tmp_path / name).unlink()
    assert folder(tmp_path).identity == data.identity


def test_a_class_that_is_left_out_entirely_is_missing(tmp_path):
    write_folder(tmp_path)
    for n in range(3):
        (tmp_path / f"train/dog/{n}.png").write_bytes(b"damaged")
    with pytest.raises(DataError, match="none of dog in train"):
        folder(tmp_path, skip_unreadable=True)


def test_where_nothing_can_be_read_the_rest_is_not_tried(tmp_path):
    write_folder(tmp_path, count=100)
    told = Told()
    with pytest.raises(DataError, match=r"of the first 2[0-9]+ images \(of 400\) cannot be used(?s:.*)has no alpha"):
        folder(tmp_path, input=(4, 8, 8), reporter=told)
    assert told.done < 300
    with pytest.raises(DataError, match="400 of 400 images cannot be used"):
        folder(tmp_path, input=(4, 8, 8), skip_unreadable=True)


def test_alpha_trains_as_a_channel(tmp_path):
    for n, path in enumerate(f"{part}/{name}/{m}.png" for part in ("train", "val") for name in "ab" for m in range(2)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        values = np.random.default_rng(n).integers(0, 256, (8, 8, 4)).astype(np.uint8)
        Image.fromarray(values).save(tmp_path / path)
    data = folder(tmp_path, input=(4, 8, 8))
    assert next(ordered_batches(data.test, data.normalise, 4, CPU))[0].shape == (4, 4, 8, 8)
    with pytest.raises(DataError, match=r"8 of 8 images cannot be used(?s:.*)has transparent pixels"):
        folder(tmp_path, alpha="refuse")


def test_files_that_change_while_training_goes_on_are_told(tmp_path):
    write_folder(tmp_path)
    data = folder(tmp_path)
    (tmp_path / "val/dog/1.png").unlink()
    with pytest.raises(DataError, match=r"has changed\. .*1\.png does not exist"):
        list(data.test.stream([torch.arange(6)], CPU))


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ((), r"is no image data set: expected .*train and .*val .*; there is no such folder"),
        (("train/cat",), r"is no image data set.*; found there: train"),
        (("Train/cat", "validation/cat"), r"; found there: Train, validation"),
        (("train/cat", "val/cat"), "has no images in the class folders of train"),
        (("train", "val"), "has no images in the class folders of train"),
    ],
)
def test_layouts_that_are_none_are_told(tmp_path, made, told):
    for name in made:
        (tmp_path / "x" / name).mkdir(parents=True)
    with pytest.raises(DataError, match=told):
        folder(tmp_path / "x")


def test_images_without_an_ending_are_told(tmp_path):
    for part in ("train", "val"):
        (tmp_path / part / "cat").mkdir(parents=True)
        (tmp_path / part / "cat/0001").write_bytes(b"")
        (tmp_path / part / "cat/0002.svg").write_bytes(b"")
    with pytest.raises(DataError, match=r"no images .*of train; what is there is no image: \.svg, no ending"):
        folder(tmp_path)


def test_classes_and_blank_images_are_told(tmp_path):
    write_folder(tmp_path)
    with pytest.raises(DataError, match=r"has 2 classes, the family tells 3 apart: write `output classes\(2\)`"):
        folder(tmp_path, classes=3)
    for file in (tmp_path / "train").rglob("*.png"):
        Image.new("RGB", (8, 8), (7, 8, 9)).save(file)
    with pytest.raises(DataError, match=rf"imagefolder:{tmp_path.name} cannot be learned from.*7 in channel 1"):
        folder(tmp_path)


def test_twelve_bits_in_files_of_sixteen_are_remarked_on(tmp_path):
    for n, path in enumerate(f"{part}/{name}/0.png" for part in ("train", "val") for name in "ab"):
        (tmp_path / path).parent.mkdir(parents=True)
        values = np.random.default_rng(n).integers(0, 4096, (8, 8)).astype(np.uint16)
        Image.fromarray(values).save(tmp_path / path)
    told = Told()
    folder(tmp_path, input=(1, 8, 8), reporter=told)
    assert any("no pixel of the training images is above 16 (of 0 to 255)" in line for line in told.lines)
    write_folder(tmp_path / "bright")
    bright = Told()
    folder(tmp_path / "bright", reporter=bright)
    assert len(bright.lines) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folders_that_may_not_be_read_are_told(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "train/dog").chmod(0)
    try:
        with pytest.raises(DataError, match="dog cannot be read: Permission denied"):
            folder(tmp_path)
    finally:
        (tmp_path / "train/dog").chmod(0o755)


@pytest.mark.parametrize("workers", [-1, 1_000_000])
def test_numbers_of_processes_that_make_no_sense_are_told(tmp_path, workers):
    with pytest.raises(DataError, match=rf"{workers} processes to read images \(--workers\) make no sense"):
        folder(tmp_path, workers=workers)
