"""Arrays in one .npz file: their names and shapes, and everything that can be wrong with them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from told import Told

from swc_runtime.datasets import load
from swc_runtime.problems import DataError

SHAPE = (2, 6, 5)


def arrays(shape: tuple[int, ...] = SHAPE, *, train=12, test=8, classes=3) -> dict[str, np.ndarray]:
    """Arrays of images in ``shape``; labels go round."""
    generator = np.random.default_rng(0)
    made = {}
    for part, count in (("train", train), ("test", test)):
        made[f"x_{part}"] = generator.integers(0, 256, (count, *shape)).astype(np.uint8)
        made[f"y_{part}"] = np.arange(count) % classes
    return made


def npz(path: Path, content: dict[str, np.ndarray], *, shape=SHAPE, classes=3, **options):
    np.savez(path, **content)
    return load(f"npz:{path}", Path("unused"), input=shape, classes=classes, **options)


def test_channels_come_first_or_last(tmp_path):
    first = arrays()
    last = {name: array.transpose(0, 2, 3, 1) if name[0] == "x" else array for name, array in first.items()}
    one, two = npz(tmp_path / "a.npz", first), npz(tmp_path / "b.npz", last)
    assert one.name == "npz:a.npz"
    assert np.array_equal(one.train.images.numpy(), first["x_train"])
    assert one.train.labels.tolist() == [0, 1, 2] * 4
    assert torch.equal(one.test.images, two.test.images)
    assert one.identity == two.identity
    assert one.class_names == ("0", "1", "2")
    assert one.val is None


def test_grey_images_need_no_channel(tmp_path):
    content = arrays((6, 5))
    data = npz(tmp_path / "a.npz", content, shape=(1, 6, 5))
    assert np.array_equal(data.train.images[:, 0].numpy(), content["x_train"])


def test_both_ways_fit_means_channels_last(tmp_path):
    content = arrays((4, 4, 4))
    data = npz(tmp_path / "a.npz", content, shape=(4, 4, 4))
    assert np.array_equal(data.train.images.numpy(), content["x_train"].transpose(0, 3, 1, 2))


def test_the_names_that_medmnist_uses(tmp_path):
    """Labels of shape (N, 1), and validation images beside the test images."""
    plain = arrays()
    content = {f"{part}_images": plain[f"x_{part}"] for part in ("train", "test")}
    content |= {f"{part}_labels": plain[f"y_{part}"][:, None].astype(np.uint8) for part in ("train", "test")}
    content |= {"val_images": plain["x_test"][:4], "val_labels": plain["y_test"][:4, None]}
    data = npz(tmp_path / "a.npz", content)
    assert torch.equal(data.val.images, data.test.images[:4])
    assert data.val.labels.tolist() == [0, 1, 2, 0]
    assert data.held_out(0.5) is data
    del content["test_images"], content["test_labels"]
    data = npz(tmp_path / "a.npz", content)
    assert data.val is None
    assert len(data.test) == 4


def test_deep_images_and_floats_are_scaled(tmp_path):
    content = arrays()
    expected = content["x_train"]
    for kind in (np.uint16, np.float32, np.float64):
        scale = kind(257 if kind is np.uint16 else 1 / 255)
        other = {name: (array * scale).astype(kind) if name[0] == "x" else array for name, array in content.items()}
        assert np.array_equal(npz(tmp_path / "a.npz", other).train.images.numpy(), expected)


def test_few_shades_are_remarked_on(tmp_path):
    told = Told()
    npz(
        tmp_path / "a.npz",
        {name: array // 16 if name[0] == "x" else array for name, array in PLAIN.items()},
        reporter=told,
    )
    assert len(told.lines) == 1
    assert "is above 15 (of 0 to 255)" in told.lines[0]


def test_class_names_are_kept(tmp_path):
    content = arrays() | {"class_names": np.array(["dog", "cat", "äffe"])}
    assert npz(tmp_path / "a.npz", content).class_names == ("dog", "cat", "äffe")
    named = npz(tmp_path / "a.npz", content).identity
    assert named != npz(tmp_path / "b.npz", arrays()).identity


def test_missing_classes_are_an_option(tmp_path):
    content = arrays(classes=4)
    content["y_test"] = np.minimum(content["y_test"], 2)
    with pytest.raises(DataError, match="none of 3 in test"):
        npz(tmp_path / "a.npz", content, classes=4)
    assert npz(tmp_path / "a.npz", content, classes=4, allow_missing_classes=True).classes == 4
    assert npz(tmp_path / "a.npz", content, classes=6, allow_missing_classes=True).classes == 6
    with pytest.raises(DataError, match="has 4 classes, the family tells 6 apart"):
        npz(tmp_path / "a.npz", content, classes=6)


PLAIN = arrays()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"x_train": None}, "has y_train, but no x_train"),
        ({"y_test": None}, "has x_test, but no y_test"),
        ({"x_test": None, "y_test": None}, "holds x_train, y_train; expected were"),
        ({"x_train": PLAIN["x_train"][:, :, :4]}, r"images of 2 channels and 4×5 pixels .*input image\(2, 4, 5\)"),
        ({"x_train": np.zeros((12, 8, 9, 3), np.uint8)}, r"images of 3 channels and 8×9 pixels"),
        ({"x_train": np.zeros((12, 8, 9), np.uint8)}, r"images of 1 channel and 8×9 pixels"),
        ({"x_train": np.zeros((0, *SHAPE), np.uint8)}, r"x_train has shape \(0, 2, 6, 5\)"),
        ({"x_train": np.zeros(12, np.uint8)}, r"x_train has shape \(12,\)"),
        ({"x_train": PLAIN["x_train"].astype(np.int32)}, "x_train holds numbers of type int32"),
        ({"x_train": PLAIN["x_train"].astype(np.float32)}, "x_train holds floats from 0 to 255; expected were 0"),
        ({"x_train": PLAIN["x_train"].astype(np.uint16)}, "x_train has 16 bits, but no value above 255"),
        ({"x_train": np.zeros_like(PLAIN["x_train"])}, "npz:a.npz cannot be learned from"),
        ({"y_train": PLAIN["y_train"][:-1]}, "y_train has 11 labels for 12 images"),
        ({"y_train": PLAIN["y_train"].astype(float)}, "y_train holds numbers of type float64"),
        ({"y_train": PLAIN["y_train"] - 1}, "y_train holds the label -1"),
        ({"y_train": PLAIN["y_train"].astype(np.uint64) + 2**40}, "y_train holds the label"),
        ({"y_train": np.eye(3, dtype=int)[PLAIN["y_train"]]}, r"y_train has shape \(12, 3\).*one-hot"),
        ({"y_train": np.arange(12) % 3 + 10**6}, "has 1000003 classes, the family tells 3 apart"),
        ({"class_names": np.array(["a", "b"])}, "has 2 names, 2 of them different, and labels go up to 2"),
        ({"class_names": np.array(["a", "b", "b"])}, "has 3 names, 2 of them different"),
        ({"class_names": np.array([1, 2, 3])}, "class_names must be an array"),
        ({"class_names": np.array(["a", "b", None], object)}, "not of objects"),
        ({"x_val": PLAIN["x_test"]}, "has x_val, but no y_val"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, change, told):
    content = {name: array for name, array in (PLAIN | change).items() if array is not None}
    with pytest.raises(DataError, match=told):
        npz(tmp_path / "a.npz", content)


def test_files_that_are_none_are_told(tmp_path):
    path = tmp_path / "a.npz"

    def told(match):
        with pytest.raises(DataError, match=match):
            load(f"npz:{path}", tmp_path, input=SHAPE, classes=3)

    told("There is no file")
    np.savez(path, **PLAIN)
    whole = path.read_bytes()
    for length in (0, 3, len(whole) // 2, len(whole) - 10):
        path.write_bytes(whole[:length])
        told("a.npz")
    damaged = bytearray(whole)
    damaged[len(whole) // 3] ^= 255
    path.write_bytes(damaged)
    told("cannot be read")
    buffer = io.BytesIO()
    np.save(buffer, PLAIN["x_train"])
    path.write_bytes(buffer.getvalue())
    told("is no .npz file")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x_train.npy", b"no array")
    told("a.npz")


def test_an_archive_s_pickles_are_not_run(tmp_path):
    class Harm:
        def __reduce__(self):
            return (pytest.fail, ("it was run",))

    with pytest.raises(DataError, match="holds Python objects"):
        npz(tmp_path / "a.npz", PLAIN | {"class_names": np.array([Harm()], object)})
