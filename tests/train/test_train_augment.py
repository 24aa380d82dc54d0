"""Augmentation, image by image against slow Python, and reproducible from its seed alone."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from train_families import noise

from swc_runtime.augment import augmented, crop, cutout, seeded
from swc_runtime.datasets import Loader
from swc_runtime.recipe import Crop, Cutout, Flip

CPU = torch.device("cpu")


@given(st.integers(0, 2**20), st.integers(1, 4))
@settings(max_examples=30)
def test_crop_per_image(seed, padding):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(5, 2, 6, 4, generator=generator) + 0.1
    offsets = torch.randint(0, 2 * padding + 1, (5, 2), generator=generator)
    found = crop(images, offsets, padding)
    for n in range(5):
        for row in range(6):
            for column in range(4):
                y, x = row + int(offsets[n, 0]) - padding, column + int(offsets[n, 1]) - padding
                expected = images[n, :, y, x] if 0 <= y < 6 and 0 <= x < 4 else torch.zeros(2)
                assert torch.equal(found[n, :, row, column], expected)


@given(st.integers(0, 2**20), st.integers(1, 9))
@settings(max_examples=30)
def test_cutout_per_image(seed, size):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(4, 2, 6, 5, generator=generator) + 0.1
    centres = torch.stack(
        [torch.randint(0, 6, (4,), generator=generator), torch.randint(0, 5, (4,), generator=generator)], dim=1
    )
    found = cutout(images, centres, size)
    for n, (y, x) in enumerate(centres.tolist()):
        expected = images[n].clone()
        top, left = y - size // 2, x - size // 2
        expected[:, max(0, top) : max(0, top + size), max(0, left) : max(0, left + size)] = 0
        assert torch.equal(found[n], expected)


def test_every_image_draws_its_own_change():
    images = torch.arange(64.0).view(1, 1, 8, 8).expand(200, 1, 8, 8) + 1
    for change in (Crop(2), Flip(), Cutout(3)):
        found = augmented(images, [change], seeded(0), slice(0, 200, 1))
        kinds = {tuple(image.flatten().tolist()) for image in found}
        assert len(kinds) == 2 if change == Flip() else len(kinds) > 20
    flipped = (augmented(images, [Flip()], seeded(0), slice(0, 200, 1)) != images).flatten(1).any(1)
    assert 70 < int(flipped.sum()) < 130


def test_crops_reach_every_offset_and_no_other():
    images = torch.rand(2000, 1, 5, 5) + 0.1
    found = augmented(images, [Crop(1)], seeded(3), slice(0, 2000, 1))
    blank_rows = {tuple((image[0].sum(1) == 0).nonzero().flatten().tolist()) for image in found}
    assert blank_rows == {(), (0,), (4,)}


def loader(world=1, rank=0, seed=0, batch=8):
    return Loader(
        noise(35), batch=batch, device=CPU, augment=(Crop(1), Flip(), Cutout(3)), seed=seed, rank=rank, world=world
    )


def test_batches_depend_on_seed_stream_and_epoch_alone():
    first = list(loader().epoch(3))
    torch.manual_seed(99)
    again = list(loader().epoch(3))
    assert len(first) == loader().steps == 4
    assert all(torch.equal(a, b) and torch.equal(c, d) for (a, c), (b, d) in zip(first, again, strict=True))
    for other in (loader().epoch(4), loader(seed=1).epoch(3), loader().epoch(3, "probe")):
        assert not torch.equal(next(other)[0], first[0][0])


def test_an_epoch_shows_no_image_twice():
    plain = Loader(noise(35), batch=8, device=CPU)
    seen = torch.cat([images for images, _ in plain.epoch(0)]).flatten(1)
    assert len({tuple(image) for image in seen.tolist()}) == len(seen) == 32


def test_processes_share_the_batch_of_one():
    whole = list(loader().epoch(0))
    parts = [list(loader(world=2, rank=rank).epoch(0)) for rank in (0, 1)]
    for step, (images, labels) in enumerate(whole):
        for rank in (0, 1):
            assert torch.equal(parts[rank][step][0], images[rank::2])
            assert torch.equal(parts[rank][step][1], labels[rank::2])


def test_a_set_smaller_than_a_batch_is_one_batch():
    small = Loader(noise(5), batch=8, device=CPU)
    assert [len(labels) for _, labels in small.epoch(0)] == [5]
