"""Holding training images out, class by class, and what a data set is by content."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from train_families import digits, noise

from swc_runtime.datasets import TensorSplit
from swc_runtime.datasets.dataset import tensor_dataset
from swc_runtime.problems import DataError


def with_labels(labels: list[int]):
    """A data set whose images all differ, so that each can be followed."""
    count = len(labels)
    images = torch.arange(count * 4, dtype=torch.uint8).reshape(count, 1, 2, 2)
    split = TensorSplit(images, torch.tensor(labels))
    return tensor_dataset("followed", split, split, max(labels) + 1)


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_every_class_gives_its_share(fraction):
    data = digits()
    held = data.held_out(fraction)
    assert held.val is not None
    before, after = torch.bincount(data.train.labels), torch.bincount(held.val.labels)
    assert ((after - before * fraction).abs() < 1).all()
    assert len(held.val) == round(len(data.train) * fraction)
    assert len(held.train) + len(held.val) == len(data.train)
    assert held.identity == data.identity
    assert held.normalise == data.normalise
    assert held.test is data.test


def test_the_rest_keeps_its_order_and_nothing_is_lost():
    data = with_labels([0, 1] * 20)
    held = data.held_out(0.2)
    first = [int(image[0, 0, 0]) for image in held.train.images]
    second = [int(image[0, 0, 0]) for image in held.val.images]
    assert first == sorted(first)
    assert sorted(first + second) == [4 * n for n in range(40)]


def test_a_seed_decides_which_images():
    data = digits()
    one, two, other = data.held_out(0.1), data.held_out(0.1), data.held_out(0.1, seed=1)
    assert torch.equal(one.val.images, two.val.images)
    assert not torch.equal(one.val.images, other.val.images)


def test_a_class_keeps_one_image_to_train_on():
    held = with_labels([0] * 10 + [1]).held_out(0.9)
    assert torch.bincount(held.train.labels).tolist() == [1, 1]
    assert torch.bincount(held.val.labels).tolist() == [9]


def test_nothing_held_out_is_told_or_meant():
    data = with_labels([0, 1, 2, 3])
    assert data.held_out(0) is data
    for fraction in (0.1, 0.9):
        with pytest.raises(DataError, match=r"leaves none to validate on.*--val 0"):
            data.held_out(fraction)
    for fraction in (-0.1, 1.0, float("nan")):
        with pytest.raises(DataError, match="give 0 to below 1"):
            data.held_out(fraction)


def test_validation_images_of_its_own_are_kept():
    data = digits()
    own = replace(data, val=data.test)
    assert own.held_out(0.1) is own


def test_identity_is_over_content_alone():
    one = noise(8)
    assert one.identity == noise(8).identity
    assert len(one.identity) == 16
    assert int(one.identity, 16) >= 0
    assert one.limited(2).identity == one.identity
    pixel, label = one.train.images.clone(), one.train.labels.clone()
    pixel[-1, 0, -1, -1] ^= 1
    label[0] = (label[0] + 1) % 10
    changed = [
        tensor_dataset("noise", TensorSplit(pixel, one.train.labels), one.test, 10),
        tensor_dataset("noise", TensorSplit(one.train.images, label), one.test, 10),
        tensor_dataset("noise", one.train, TensorSplit(one.test.images.flip(0), one.test.labels.flip(0)), 10),
        tensor_dataset("noise", one.train, one.test, 10, tuple("abcdefghij")),
        tensor_dataset("noise", one.train, one.test, 11),
    ]
    assert len({one.identity, *(data.identity for data in changed)}) == 6
    assert tensor_dataset("renamed", one.train, one.test, 10).identity == one.identity


def test_one_value_everywhere_is_refused():
    images = torch.randint(0, 256, (6, 2, 4, 4), dtype=torch.uint8)
    images[:, 1] = 255
    split = TensorSplit(images, torch.zeros(6, dtype=torch.int64))
    with pytest.raises(DataError, match=r"veils cannot be learned from.*255 in channel 2 of 2"):
        tensor_dataset("veils", split, split, 1)
    with pytest.raises(DataError, match=r"If channel 2 is alpha.*write `input image\(1, …\)` in the spec"):
        tensor_dataset("veils", split, split, 1)
    dull = TensorSplit(images.flip(1), split.labels)
    with pytest.raises(DataError, match=r"in channel 1 of 2.*leave such channels out: write `input image\(1, …\)`"):
        tensor_dataset("dull", dull, dull, 1)
    images[3, 1, 0, 0] = 254  # one level in one pixel is something
    assert tensor_dataset("veils", split, split, 1).normalise.std[1] > 0


def test_mean_and_deviation_are_those_of_all_pixels():
    data = noise(32, (3, 5, 4))
    values = data.train.images.double() / 255
    assert data.normalise.mean == pytest.approx(values.mean(dim=(0, 2, 3)).tolist())
    assert data.normalise.std == pytest.approx(values.std(dim=(0, 2, 3), correction=0).tolist())


def test_class_names_are_in_the_order_of_labels():
    assert digits().class_names == tuple("0123456789")
