"""Data sets: read as they lie, checked against the family, and missing ones told in one sentence."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from train_families import digits, noise

from swc_runtime.datasets import Loader, catalogue, kinds, load, ordered_batches
from swc_runtime.datasets.kinds.fashion_mnist import read_idx
from swc_runtime.problems import DataError, TrainingError

CPU = torch.device("cpu")
FASHION = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def write_fashion(folder: Path, *, zipped: bool = True):
    """A small Fashion-MNIST: (20 and 10 images), as published or unpacked."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    arrays = {}
    for name in FASHION:
        count = 20 if name.startswith("train") else 10
        shape = (count, 28, 28) if "images" in name else (count,)
        array = generator.integers(0, 256 if "images" in name else 10, shape).astype(np.uint8)
        header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in shape)
        path = folder / f"{name}{'.gz' if zipped else ''}"
        path.write_bytes(gzip.compress(header + array.tobytes()) if zipped else header + array.tobytes())
        arrays[name] = array
    return arrays


def fashion(root):
    return load("fashion-mnist", root, input=(1, 28, 28), classes=10)


def test_digits_are_split_once_and_for_all():
    data = digits()
    assert (len(data.train), len(data.test)) == (1442, 355)
    counts = torch.bincount(data.test.labels)
    assert counts.min() >= 34
    assert counts.max() <= 37
    assert data.train.images.max() == 255
    normal = data.normalise(data.train.images)
    assert float(normal.mean()) == pytest.approx(0, abs=1e-5)
    assert float(normal.std()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("place", [".", "raw", "FashionMNIST/raw"])
@pytest.mark.parametrize("zipped", [True, False])
def test_fashion_mnist_is_read_where_it_lies(tmp_path, place, zipped):
    arrays = write_fashion(tmp_path / place, zipped=zipped)
    before = sorted(tmp_path.rglob("*"))
    (tmp_path / place).chmod(0o555)
    data = fashion(tmp_path)
    (tmp_path / place).chmod(0o755)
    assert np.array_equal(data.train.images[:, 0].numpy(), arrays[FASHION[0]])
    assert np.array_equal(data.train.labels.numpy(), arrays[FASHION[1]])
    assert np.array_equal(data.test.images[:, 0].numpy(), arrays[FASHION[2]])
    assert np.array_equal(data.test.labels.numpy(), arrays[FASHION[3]])
    assert sorted(tmp_path.rglob("*")) == before


def test_missing_data_are_told_in_one_sentence(tmp_path):
    with pytest.raises(DataError) as told:
        fashion(tmp_path)
    assert str(tmp_path) in str(told.value)
    assert all(f"{name}.gz" in str(told.value) for name in FASHION)
    assert "--download" in str(told.value)
    for name, folder in (("cifar10", "cifar-10-batches-py"), ("cifar100", "cifar-100-python")):
        with pytest.raises(DataError, match=f"{folder}.*--download"):
            load(name, tmp_path, input=(3, 32, 32), classes=10)
    with pytest.raises(DataError, match="train"):
        load(f"imagefolder:{tmp_path}", tmp_path, input=(3, 32, 32), classes=10)
    with pytest.raises(DataError, match="cifar10, cifar100, digits, fashion-mnist, imagefolder:PATH"):
        load("mnist", tmp_path, input=(3, 32, 32), classes=10)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_is_told(tmp_path, monkeypatch):
    def offline(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr("torchvision.datasets.FashionMNIST", offline)
    with pytest.raises(DataError, match=r"could not be downloaded into .*no route to host"):
        load("fashion-mnist", tmp_path, input=(1, 28, 28), classes=10, download=True)


def test_damaged_files_are_told(tmp_path):
    write_fashion(tmp_path)
    path = tmp_path / f"{FASHION[0]}.gz"
    whole = path.read_bytes()
    content = gzip.decompress(whole)
    for broken in (whole[:-20], b"no gzip", gzip.compress(b"no idx"), gzip.compress(content[:-1]), gzip.compress(b"")):
        path.write_bytes(broken)
        with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz"):
            fashion(tmp_path)
    path.write_bytes((tmp_path / f"{FASHION[2]}.gz").read_bytes())
    with pytest.raises(DataError, match="do not belong together"):
        fashion(tmp_path)


def test_idx_dimensions_are_read(tmp_path):
    (tmp_path / "x").write_bytes(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]))
    assert read_idx(tmp_path / "x").tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("shape", "classes", "told"),
    [
        ((3, 8, 8), 10, r"1 channel and 8×8 pixels, the family takes 3 channels and 8×8.*input image\(1, 8, 8\)"),
        ((1, 32, 32), 10, r"write `input image\(1, 8, 8\)`"),
        (
            (3, 8, 8),
            5,
            r"8×8 pixels, and has 10 classes.* 5 apart: write `input image\(1, 8, 8\)` and `output classes\(10\)`",
        ),
        ((1, 8, 8), 100, r"has 10 classes, the family tells 100 apart.*output classes\(10\)"),
    ],
)
def test_a_data_set_that_does_not_fit_is_told(shape, classes, told):
    with pytest.raises(DataError, match=told):
        load("digits", Path(), input=shape, classes=classes)


def test_a_limit_takes_the_same_images_every_time():
    one, two = digits(100), digits(100)
    assert len(one.train) == 100
    assert torch.equal(one.train.images, two.train.images)
    assert len(one.train.labels.unique()) == 10
    assert len(one.test) == 355
    assert one.limited(1000) is one
    with pytest.raises(DataError, match="at least 1"):
        digits(0)


def test_cifar_is_read(tmp_path, monkeypatch):
    """A CIFAR-100 of six images in the published layout; torchvision's checksums do not apply to it."""
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    pixels = np.arange(6 * 3072, dtype=np.uint64).astype(np.uint8).reshape(6, 3072)
    for name in ("train", "test"):
        (folder / name).write_bytes(pickle.dumps({"data": pixels, "fine_labels": [0, 1, 2, 3, 4, 99]}))
    (folder / "meta").write_bytes(pickle.dumps({"fine_label_names": [str(n) for n in range(100)]}))
    monkeypatch.setattr("torchvision.datasets.cifar.check_integrity", lambda *_: True)
    data = load("cifar100", tmp_path, input=(3, 32, 32), classes=100)
    assert data.name == "cifar100"
    assert np.array_equal(data.train.images.numpy(), pixels.reshape(6, 3, 32, 32))
    assert data.test.labels.tolist() == [0, 1, 2, 3, 4, 99]


def write_folder(root: Path, *, halves=("train", "val"), classes=("cat", "dog"), size=(20, 12)):
    for half in halves:
        for number, name in enumerate(classes):
            folder = root / half / name
            folder.mkdir(parents=True)
            for n in range(3):
                Image.new("RGB", size, (100 * number, 30 * n, 50 + n)).save(folder / f"{n}.png")


@pytest.mark.parametrize("workers", [0, 1])
def test_an_image_folder_is_resized_and_cropped(tmp_path, workers):
    write_folder(tmp_path)
    data = load(f"imagefolder:{tmp_path}", tmp_path, input=(3, 8, 8), classes=2, workers=workers)
    assert (len(data.train), len(data.test)) == (6, 6)
    ((images, labels),) = ordered_batches(data.test, data.normalise, 10, CPU)
    assert images.shape == (6, 3, 8, 8)
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert float(images[:3, 0].max()) < 0 < float(images[3:, 0].min())
    batches = list(Loader(data, batch=4, device=CPU).epoch(0))
    assert [len(labels) for _, labels in batches] == [4]
    grey = load(f"imagefolder:{tmp_path}", tmp_path, input=(1, 30, 9), classes=2, workers=0)
    assert next(ordered_batches(grey.test, grey.normalise, 10, CPU))[0].shape == (6, 1, 30, 9)


def test_another_kind_is_one_file(tmp_path, monkeypatch):
    """A file beside the others is found, named, and suggested."""
    (tmp_path / "blobs.py").write_text(
        "from swc_runtime.datasets.kind import DataKind\n"
        "KINDS = (DataKind('blobs', 'blobs of a colour', lambda request: request.argument, argument='COLOUR'),)\n"
    )
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(tmp_path)])
    found = catalogue._found()
    assert found["blobs"].usage == "blobs:COLOUR"
    assert list(found)[:2] == ["cifar10", "cifar100"]
    monkeypatch.setattr(catalogue, "KINDS", found)
    with pytest.raises(DataError, match=r"did you mean blobs:red\?"):
        load("blob:red", tmp_path, input=(1, 8, 8), classes=2)
    with pytest.raises(DataError, match="write blobs:COLOUR"):
        load("blobs", tmp_path, input=(1, 8, 8), classes=2)


def test_a_batch_that_cannot_be_dealt_evenly_is_told():
    with pytest.raises(TrainingError, match="multiple of 3"):
        Loader(noise(64), batch=32, device=CPU, world=3)
