"""Images that have not changed since they were checked are not read again; whatever has, is."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from test_train_image_folder import folder, write, write_folder
from test_train_shards import samples, write_shard
from told import Told

from swc_runtime.datasets import load, remembered
from swc_runtime.problems import DataError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache that keeps the smallest data sets, of files that were changed just now, too."""
    monkeypatch.setenv("SWC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(remembered, "_WORTH", 1)
    monkeypatch.setattr(remembered, "_SETTLED", -1.0)
    return tmp_path / "cache"


@pytest.fixture
def pets(tmp_path):
    return write_folder(tmp_path / "pets")


def read(root: Path, **options):
    """The data set, and how many images were read for it."""
    told = Told()
    data = folder(root, reporter=told, **options)
    return data, sum(steps for name, steps in told.phases if name == "check")


def test_nothing_is_read_twice(cache, pets):
    first, count = read(pets)
    assert count == 12
    second, count = read(pets)
    assert count == 0
    assert (second.identity, second.normalise) == (first.identity, first.normalise)
    assert second.train.labels.tolist() == first.train.labels.tolist()
    assert len(list(cache.rglob("*.npz"))) == 2


@pytest.mark.parametrize("change", ["rewrite", "restore", "replace", "add", "remove", "rename"])
@pytest.mark.usefixtures("cache")
def test_a_half_that_changed_is_read_again(pets, change):
    before, _ = read(pets)
    file = pets / "train/dog/1.png"
    content, times = file.read_bytes(), file.stat()
    match change:
        case "rewrite":
            write(file, 99)
        case "restore":  # other bytes of the same length and age
            file.write_bytes(content[:-20] + bytes(20))
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        case "replace":
            write(pets / "x.png", 98)
            os.utime(pets / "x.png", ns=(times.st_atime_ns, times.st_mtime_ns))
            (pets / "x.png").rename(file)
        case "add":
            write(pets / "train/dog/9.png", 97)
        case "remove":
            file.unlink()
        case "rename":
            file.rename(pets / "train/dog/z.png")
    if change == "restore":
        with pytest.raises(DataError, match=r"1 of 6 images cannot be used"):
            read(pets)
        return
    after, count = read(pets)
    assert count == {"add": 7, "remove": 5}.get(change, 6)
    assert after.identity != before.identity


@pytest.mark.usefixtures("cache")
def test_other_ways_of_reading_read_again(pets):
    read(pets)
    for options in ({"input": (3, 7, 7)}, {"alpha": "black"}, {"skip_unreadable": True}):
        assert read(pets, **options)[1] == 12
        assert read(pets, **options)[1] == 0


@pytest.mark.usefixtures("cache")
def test_what_was_left_out_is_remembered_too(pets):
    (pets / "train/cat/0.png").write_bytes(b"damaged")
    for count in (12, 0):
        data, seen = read(pets, skip_unreadable=True)
        assert seen == count
        assert data.skipped == ("train/cat/0.png",)
        assert len(data.train) == 5
    for _ in range(2):
        with pytest.raises(DataError, match="1 of 12 images cannot be used"):
            read(pets)


def test_damage_is_noticed(cache, pets):
    before, _ = read(pets)
    for file in cache.rglob("*.npz"):
        whole = file.read_bytes()
        for damaged in (whole[:-30], whole[: len(whole) // 2] + b"x" + whole[len(whole) // 2 + 1 :], b""):
            file.write_bytes(damaged)
            after, count = read(pets)
            assert (after.identity, after.normalise) == (before.identity, before.normalise)
            assert count in (0, 6)  # a byte between the arrays tells nothing
            file.write_bytes(whole)


@pytest.mark.usefixtures("cache")
def test_files_that_change_while_they_are_read_are_not_remembered(pets):
    class Changing(Told):
        def advance(self, steps=1, note=""):
            super().advance(steps, note)
            write(pets / "train/cat/0.png", 55)

    folder(pets, reporter=Changing())
    assert read(pets)[1] == 6


def test_files_that_were_changed_just_now_are_not_trusted(cache, pets, monkeypatch):
    monkeypatch.setattr(remembered, "_SETTLED", 3600.0)
    read(pets)
    assert not cache.exists()
    moment = time.time() + 7200
    monkeypatch.setattr("time.time", lambda: moment)
    read(pets)
    assert read(pets)[1] == 0


def test_small_data_sets_and_no_cache_leave_nothing(tmp_path, pets, monkeypatch):
    monkeypatch.setattr(remembered, "_SETTLED", -1.0)
    monkeypatch.setenv("SWC_CACHE_DIR", str(tmp_path / "cache"))
    read(pets)
    monkeypatch.setattr(remembered, "_WORTH", 1)
    monkeypatch.setenv("SWC_CACHE_DIR", "")
    assert remembered.cache_folder() is None
    read(pets)
    assert not (tmp_path / "cache").exists()
    (tmp_path / "file").touch()
    monkeypatch.setenv("SWC_CACHE_DIR", str(tmp_path / "file/cannot"))
    assert read(pets)[1] == 12
    monkeypatch.delenv("SWC_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert remembered.cache_folder() == tmp_path / "xdg/swc/checked"


def test_only_the_newest_are_kept(cache, pets, monkeypatch):
    monkeypatch.setattr(remembered, "_KEPT", 4)
    for side in range(5, 10):
        read(pets, input=(3, side, side))
    assert len(list(cache.rglob("*.npz"))) == 4
    assert read(pets, input=(3, 9, 9))[1] == 0


@pytest.mark.usefixtures("cache")
def test_shards_are_remembered(tmp_path):
    for part, start in (("train", 0), ("val", 50)):
        write_shard(tmp_path / f"{part}-0.tar", samples(start))

    def count():
        told = Told()
        load(f"webdataset:{tmp_path}", tmp_path, input=(3, 6, 6), classes=2, workers=0, reporter=told)
        return sum(steps for name, steps in told.phases if name == "check")

    assert [count(), count()] == [10, 0]
    write_shard(tmp_path / "train-0.tar", samples(1))
    assert count() == 5
