"""Image files to tensors: the one place where files of any kind become 8-bit pixels, and bad ones are refused.

What happens to each kind of file is a table in docs/data.md. ``pictures`` decodes what Pillow reads; here are arrays in
``.npy`` files, and the size that a family takes.
"""

from __future__ import annotations

import io
import math
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as vision

from swc_runtime.datasets.depth import scaled_floats, scaled_integers
from swc_runtime.datasets.pictures import Alpha, picture
from swc_runtime.problems import DataError

__all__ = ["SUFFIXES", "Alpha", "decode_image", "fitted", "read_content", "read_image", "scaled_array"]

_ENDS = (
    "jpg jpeg jpe jfif mpo png apng webp gif bmp dib tif tiff ppm pgm pbm pnm pfm jp2 j2k jpx avif heic heif tga pcx"
)
SUFFIXES = frozenset(f".{end}" for end in f"{_ENDS} psd qoi npy".split())
"""Ends of names by which files count as images, in lower case; some (HEIC) so that they are refused, not overlooked."""

_NARROW = 16
"""Images that would be longer than wanted by this factor, once their shorter side fits, are cropped before that."""


def read_image(source: Path, channels: int, size: tuple[int, int] | None = None, *, alpha: Alpha = "white") -> Tensor:
    """Read an image file as a family takes it.

    Args:
        source: what Pillow reads (by its content, whatever its name), or a ``.npy`` array of (H, W) or (H, W, C).
        channels: 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha; any number for ``.npy``.
        size: (height, width) that the image is resized (by its shorter side) and cropped (at the centre) to; as it is
            if None.
        alpha: what transparent pixels lie on where ``channels`` has no alpha: white, black, or ``refuse`` them.

    Returns:
        (channels, H, W) uint8.

    Raises:
        DataError: the file cannot be read, or not without changing what it shows; names the file and what to do. Or an
            argument is none.
    """
    _check_arguments(channels, size, alpha)
    return decode_image(read_content(source), str(source), channels, size, alpha=alpha)


def _check_arguments(channels: object, size: object, alpha: object) -> None:
    """Tell arguments that were mixed up (``channels`` is not a shape) before they are taken for a fault of the file."""
    if not _counts(channels):
        raise DataError(
            f"read_image takes channels as a whole number from 1, not {channels!r}: height and width go into size, "
            "read_image(source, 3, (32, 32))."
        )
    if size is not None and not (isinstance(size, Sequence) and len(size) == 2 and all(map(_counts, size))):
        raise DataError(f"read_image takes size as (height, width), whole numbers from 1, or None, not {size!r}.")
    if alpha not in get_args(Alpha):
        raise DataError(f"read_image takes alpha as {', '.join(map(repr, get_args(Alpha)))}, not {alpha!r}.")


def _counts(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def read_content(source: Path | str) -> bytes:
    """The bytes of a file.

    Raises:
        DataError: there is no such file, or it cannot be read.
    """
    try:
        with open(source, "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise DataError(f"{source} is no file: name an image file.")
            return file.read()
    except FileNotFoundError as problem:
        raise DataError(f"{source} does not exist: name an image file.") from problem
    except OSError as problem:
        raise DataError(f"{source} cannot be read: {problem.strerror or problem}.") from problem


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting for a pipe's other end."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def decode_image(
    content: bytes, name: str, channels: int, size: tuple[int, int] | None = None, *, alpha: Alpha = "white"
) -> Tensor:
    """Like ``read_image``, from the bytes of a file; ``name`` is what messages call it."""
    if not content:
        raise DataError(f"{name} is empty: put the image there again, or take the file out.")
    if content.startswith(b"version https://git-lfs"):
        raise DataError(f"{name} is a pointer of Git LFS, not the image itself: fetch the images with `git lfs pull`.")
    read = _array(content, name, channels) if name.lower().endswith(".npy") else picture(content, name, channels, alpha)
    image = torch.from_numpy(read if read.flags.writeable else read.copy()).permute(
        2, 0, 1
    )  # fast to resize as it lies
    return (image if size is None else fitted(image, size)).contiguous()


def _array(content: bytes, name: str, channels: int) -> np.ndarray:
    """The array of a ``.npy`` file as (H, W, channels) uint8."""
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError) as problem:
        raise DataError(
            f"{name} is no readable .npy array ({_line(problem)}): save it again with numpy.save."
        ) from problem
    if not isinstance(array, np.ndarray) or array.ndim not in (2, 3) or 0 in array.shape:
        shape = getattr(array, "shape", None)
        raise DataError(
            f"{name} holds an array of shape {shape}: images are (height, width) or (height, width, channels)."
        )
    array = array[:, :, None] if array.ndim == 2 else array
    if array.shape[2] != channels:
        first = array.shape[0] == channels
        hint = "move its channels last (`array.transpose(1, 2, 0)`)" if first else _other_spec(array.shape[2])
        raise DataError(f"{name} has {_channels(array.shape[2])}, the family takes {channels}: {hint}.")
    return scaled_array(array, name)


def scaled_array(array: np.ndarray, name: str) -> np.ndarray:
    """An array of any shape as uint8: bytes as they are, 16 bits and floats by their range.

    Raises:
        DataError: another type, or values out of range.
    """
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * 255
    if array.dtype == np.uint16:
        return scaled_integers(array, 65535, name)
    if array.dtype.kind == "f":
        return scaled_floats(array, name)
    raise DataError(
        f"{name} holds numbers of type {array.dtype}: images are uint8 (0 to 255), uint16 (0 to 65535) or floats "
        "(0 to 1)."
    )


def fitted(image: Tensor, size: tuple[int, int]) -> Tensor:
    """(C, H, W) resized by its shorter side, then cropped at the centre to ``size``."""
    height, width = size
    scale = max(height / image.shape[1], width / image.shape[2])
    if max(image.shape[1] * scale / height, image.shape[2] * scale / width) > _NARROW:
        image = _centre(image, _kept(image.shape[1], height, scale), _kept(image.shape[2], width, scale))
    scaled = [max(height, round(image.shape[1] * scale)), max(width, round(image.shape[2] * scale))]
    if scaled != [image.shape[1], image.shape[2]]:
        image = vision.resize(image, scaled, antialias=True)
    return _centre(image, height, width)


def _centre(image: Tensor, height: int, width: int) -> Tensor:
    top, left = round((image.shape[1] - height) / 2), round((image.shape[2] - width) / 2)
    return image[:, top : top + height, left : left + width]


def _kept(pixels: int, wanted: int, scale: float) -> int:
    """How many pixels of a side are enough for ``wanted`` ones after scaling, with room for antialiasing."""
    enough = math.ceil(4 * wanted / scale) + 8
    return min(pixels, enough + (enough - pixels) % 2)  # an even rest, so that the centre stays where it is


def _channels(count: int) -> str:
    return f"{count} channel{'s' if count != 1 else ''}"


def _other_spec(channels: int) -> str:
    return f"write `input image({channels}, …)` in the spec, or save the channels that it takes"


def _line(problem: BaseException) -> str:
    """The first line of what went wrong, or its kind."""
    return next(iter(str(problem).splitlines()), "") or type(problem).__name__
