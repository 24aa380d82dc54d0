"""WebDataset shards: read in place, in any order, as the package that invented them writes them."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from told import Told

from swc_runtime.datasets import Loader, load
from swc_runtime.datasets.shards import expanded
from swc_runtime.problems import DataError

CPU = torch.device("cpu")
COUNT = 5


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (6, 6, 3)).astype(np.uint8)


def encoded(seed: int, kind: str = "png") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture(seed)).save(buffer, kind)
    return buffer.getvalue()


def write_shard(path: Path, files: dict[str, bytes], mode: str = "w") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def samples(start: int) -> dict[str, bytes]:
    """``COUNT`` samples; the label of each is its number modulo 2."""
    files = {}
    for number in range(start, start + COUNT):
        files |= {f"{number:04}.png": encoded(number), f"{number:04}.cls": str(number % 2).encode()}
    return files


@pytest.fixture
def shards(tmp_path):
    root = tmp_path / "set"
    for number in range(3):
        write_shard(root / f"train-{number:06}.tar", samples(COUNT * number))
    write_shard(root / "val-000000.tar", samples(100))
    return root


def webdataset(argument, **options):
    chosen = {"workers": 0, "input": (3, 6, 6), "classes": 2} | options
    return load(f"webdataset:{argument}", Path("unused"), **chosen)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_folder_of_shards(shards, workers):
    told = Told()
    data = webdataset(shards, workers=workers, reporter=told)
    assert data.name == "webdataset:set"
    assert (len(data.train), len(data.test)) == (15, 5)
    ((images, labels),) = data.train.stream([torch.tensor([14, 0, 7])], CPU)
    assert np.array_equal(images.permute(0, 2, 3, 1).numpy(), np.stack([picture(14), picture(0), picture(7)]))
    assert labels.tolist() == [0, 0, 1]
    assert told.phases == [("index", 4), ("check", 20)]
    one, two = ([labels.tolist() for _, labels in Loader(data, batch=4, device=CPU).epoch(epoch)] for epoch in (0, 0))
    assert one == two


def test_patterns_say_the_same(shards, monkeypatch):
    first = webdataset(shards)
    monkeypatch.chdir(shards)
    for argument in (
        f"{shards}/train-{{000000..000002}}.tar::{shards}/val-*.tar",
        "train-00000{0,1,2}.tar::val-000000.tar",
        "train-*.tar::./val-00000?.tar",
    ):
        data = webdataset(argument)
        assert data.identity == first.identity
        assert data.name == "webdataset:set"
    write_shard(shards / "test-000000.tar", samples(200))
    data = webdataset("train-000000.tar::val-*.tar::test-*.tar")
    assert (len(data.train), len(data.val), len(data.test)) == (5, 5, 5)
    assert webdataset(".").val is not None


def test_braces_are_written_out(tmp_path):
    for name in ("a-08", "a-09", "a-10", "b-1", "c-1"):
        (tmp_path / name).touch()
    assert [path.name for path in expanded(f"{tmp_path}/a-{{08..10}}")] == ["a-08", "a-09", "a-10"]
    assert [path.name for path in expanded(f"{tmp_path}/{{b,c}}-{{1..1}}")] == ["b-1", "c-1"]
    with pytest.raises(DataError, match=r"2 of 3 shards .* are not there, the first is .*a-11"):
        expanded(f"{tmp_path}/a-{{10..12}}")
    with pytest.raises(DataError, match="is no range"):
        expanded(f"{tmp_path}/a-{{10}}")
    with pytest.raises(DataError, match="There is no shard"):
        expanded(f"{tmp_path}/x-*")
    for text in ("https://host/a-{0..1}.tar", "pipe:cat a.tar"):
        with pytest.raises(DataError, match="is no local file"):
            expanded(text)


def test_what_the_package_writes_is_read(tmp_path):
    """Its writer, its naming of samples in folders, its encoders."""
    wds = pytest.importorskip("webdataset")
    for part, start in (("train", 0), ("val", 50)):
        with wds.ShardWriter(str(tmp_path / f"{part}-%06d.tar"), maxcount=4, verbose=0) as writer:
            for number in range(start, start + 10):
                writer.write(
                    {
                        "__key__": f"folder.with.dots/{number:04}",
                        "png": picture(number),
                        "cls": number % 2,
                        "txt": "a caption",
                    }
                )
    data = webdataset(tmp_path)
    assert (len(data.train), len(data.test)) == (10, 10)
    ((images, labels),) = data.train.stream([torch.arange(10)], CPU)
    assert np.array_equal(images.permute(0, 2, 3, 1).numpy(), np.stack([picture(n) for n in range(10)]))
    assert labels.tolist() == [0, 1] * 5


@pytest.mark.parametrize("label", [1, {"label": 1}, {"cls": 1, "other": 2}])
def test_labels_in_json(tmp_path, label):
    for part in ("train", "val"):
        files = {"a.json": json.dumps(label).encode(), "a.jpg": encoded(0, "jpeg")}
        write_shard(tmp_path / f"{part}-0.tar", files | {"b.jpg": encoded(1, "jpeg"), "b.cls": b"0\n"})
    assert webdataset(tmp_path).train.labels.tolist() == [1, 0]


def test_names_of_classes(tmp_path):
    for part in ("train", "val"):
        files = {f"{n}.{end}": x for n in range(2) for end, x in (("png", encoded(n)), ("cls", str(n).encode()))}
        write_shard(tmp_path / f"{part}-0.tar", files)
    assert webdataset(tmp_path).class_names == ("0", "1")
    (tmp_path / "classes.txt").write_text("zebra\nant\n")
    assert webdataset(tmp_path).class_names == ("zebra", "ant")
    (tmp_path / "classes.txt").write_text("zebra\n")
    with pytest.raises(DataError, match=r"classes\.txt has 1 lines.*labels go up to 1"):
        webdataset(tmp_path)
    for part in ("train", "val"):
        files = {
            "0.png": encoded(0),
            "0.json": b'{"label": "zebra"}',
            "1.png": encoded(1),
            "1.json": b'{"class": "ant"}',
        }
        write_shard(tmp_path / f"{part}-0.tar", files)
    data = webdataset(tmp_path)
    assert data.class_names == ("ant", "zebra")
    assert data.train.labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"a.cls": b"1"}, r"sample a has no image \(only cls\)"),
        ({"a.png": b"", "a.jpg": b"", "a.cls": b"1"}, r"sample a has 2 images \(png, jpg\)"),
        ({"a.png": b""}, r"sample a has no label: expected was a\.cls"),
        ({"a.png": b"", "a.cls": b"dog"}, r"a\.cls cannot be read"),
        ({"a.png": b"", "a.cls": b"-1"}, r"a\.cls gives no label"),
        ({"a.png": b"", "a.json": b'{"caption": "dog"}'}, r"a\.json gives no label: .* under 'label'"),
        ({"a.png": b"", "a.json": b'{"label": true}'}, r"a\.json gives no label"),
        ({"a.png": b"", "a.json": b"{"}, r"a\.json cannot be read"),
        ({}, "hold no samples"),
        ({"a.png": b"damaged", "a.cls": b"0", "b.png": b"", "b.cls": b"1"}, r"train-0\.tar/a\.png is not a readable"),
        (
            {"a.png": b"", "a.cls": b"0", "b.png": b"", "b.json": b'{"label": "x"}'},
            "some samples by numbers and some by names",
        ),
    ],
)
def test_samples_that_are_none_are_told(tmp_path, files, told):
    write_shard(tmp_path / "train-0.tar", files)
    write_shard(tmp_path / "val-0.tar", samples(0))
    with pytest.raises(DataError, match=told):
        webdataset(tmp_path)


def test_damaged_samples_may_be_left_out(shards):
    files = samples(0)
    files["0003.png"] = b"damaged"
    write_shard(shards / "train-000000.tar", files)
    data = webdataset(shards, skip_unreadable=True)
    assert data.skipped == ("train-000000.tar/0003.png",)
    assert len(data.train) == 14


def test_shards_that_are_none_are_told(shards):
    whole = (shards / "train-000001.tar").read_bytes()
    (shards / "train-000001.tar").write_bytes(whole[: len(whole) // 3])
    with pytest.raises(DataError, match=r"train-000001\.tar"):
        webdataset(shards)
    (shards / "train-000001.tar").write_bytes(b"no tar file at all" * 100)
    with pytest.raises(DataError, match=r"train-000001\.tar is no readable tar file"):
        webdataset(shards)
    write_shard(shards / "train-000001.tar", samples(0), "w:gz")
    with pytest.raises(DataError, match="not compressed"):
        webdataset(shards)


def test_where_the_shards_are_must_be_said(shards, tmp_path):
    for argument, told in [
        (tmp_path, r"has no shards train-\*\.tar"),
        (f"{shards}/train-000000.tar", "does not say where training and test shards are"),
        (f"{shards}/train-*.tar::{shards}/x-*.tar", "There is no shard"),
        (tmp_path / "nowhere", "does not say where"),
    ]:
        with pytest.raises(DataError, match=told):
            webdataset(argument)
    for file in shards.glob("val-*"):
        file.unlink()
    with pytest.raises(DataError, match=r"has no shards val-\*\.tar"):
        webdataset(shards)
