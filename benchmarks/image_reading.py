"""How fast image files are read: an epoch of a folder, beside a plain torchvision loader of the same images.

    python benchmarks/image_reading.py --images 2000 --size 256x192 --workers 2 --rounds 7

Makes JPEG files of smooth noise in a folder of its own, and reads all of them in turns: as training does, and by
``ImageFolder`` with the same resizing and cropping, which looks neither for rotation nor for alpha, depth or damage.
The ratio is the median of the paired ratios. What is read once before the first epoch (``check``) is timed as well.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms.v2 import functional as vision

from swc_runtime.datasets import load

CLASSES = 4


def write_images(root: Path, count: int, size: tuple[int, int]) -> None:
    """``count`` training JPEGs of ``size`` (width, height), and a few to test on."""
    generator = np.random.default_rng(0)
    for part, images in (("train", count), ("val", 2 * CLASSES)):
        for number in range(images):
            folder = root / part / str(number % CLASSES)
            folder.mkdir(parents=True, exist_ok=True)
            coarse = generator.integers(0, 256, (8, 8, 3)).astype(np.uint8)
            Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(folder / f"{number}.jpg", quality=90)


def plain_epoch(root: Path, side: int, workers: int, batches: list[Tensor]) -> Callable[[], int]:
    """Reads the training images in ``batches`` of indices; the number of images."""

    def image(opened: Image.Image) -> Tensor:
        tensor = vision.pil_to_tensor(opened)
        scale = max(side / tensor.shape[1], side / tensor.shape[2])
        scaled = [max(side, round(length * scale)) for length in tensor.shape[1:]]
        fitted: Tensor = vision.center_crop(vision.resize(tensor, scaled, antialias=True), [side, side])
        return fitted

    folder = ImageFolder(str(root / "train"), transform=image)

    def read() -> int:
        order = [indices.tolist() for indices in batches]
        return sum(len(labels) for _, labels in DataLoader(folder, batch_sampler=order, num_workers=workers))

    return read


def seconds(read: Callable[[], int]) -> float:
    """How long an epoch takes."""
    began = time.perf_counter()
    read()
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--size", default="256x192", help="of the files, width x height")
    parser.add_argument("--side", type=int, default=64, help="of what is trained on")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        write_images(root, options.images, (width, height))
        began = time.perf_counter()
        shape = (3, options.side, options.side)
        data = load(f"imagefolder:{root}", root, input=shape, classes=CLASSES, workers=options.workers)
        check = time.perf_counter() - began
        order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(0))
        batches = list(torch.split(order, options.batch))

        def ours() -> int:
            return sum(len(labels) for _, labels in data.train.stream(batches, torch.device("cpu")))

        plain = plain_epoch(root, options.side, options.workers, batches)
        pairs = [(seconds(ours), seconds(plain)) for _ in range(options.rounds)]
    mine, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(one / two for one, two in pairs)
    print(
        f"check {check:.2f} s  epoch {mine:.2f} s  torchvision {theirs:.2f} s  ratio {ratio:.3f} (n = {options.rounds})"
    )


if __name__ == "__main__":
    main()
