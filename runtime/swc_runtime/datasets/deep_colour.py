"""Colour of more than 8 bits a channel, as its file holds it: Pillow itself keeps the upper byte alone.

Pillow's unpackers of 16 bits drop a byte, by the order of bytes that they are told. So a file that is unpacked twice,
in its own order and in the other one, gives both.
"""

from __future__ import annotations

import io
import re
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from swc_runtime.datasets.depth import scaled_integers
from swc_runtime.problems import DataError

_HIGHEST = 65535
_BITS, _PLANAR = 258, 284
"""Numbers of TIFF tags."""

_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
_RAW = re.compile(r"(?P<bands>LA|RGB|RGBA|RGBa|RGBX|CMYK);16(?P<order>[BLN])")
_SIZES = b"\xff\x4f\xff\x51"
"""How the code of a JPEG 2000 picture starts; what follows gives sizes and depths."""


@dataclass(frozen=True)
class DeepColour:
    """Values from 0 to ``highest``, (H, W, channels); ``mode`` is Pillow's for the same channels of 8 bits."""

    values: NDArray[np.uint16]
    highest: int
    mode: str

    def image(self, key: tuple[int, ...] | None, name: str) -> Image.Image:
        """The same of 8 bits, as deep grey is scaled; pixels of the colour ``key`` become transparent.

        Raises:
            DataError: the values were meant to be 8 bits.
        """
        colours = 3 if self.mode.startswith("RGB") else len(self.mode.removesuffix("A"))
        parts = [scaled_integers(self.values[:, :, :colours], self.highest, name)]
        if self.mode.endswith("A"):
            parts.append(scaled_integers(self.values[:, :, colours:], self.highest, f"The alpha of {name}"))
        elif key is not None:
            parts.append(np.where((self.values == np.array(key)).all(-1, keepdims=True), 0, 255).astype(np.uint8))
        pixels = np.concatenate(parts, axis=2)
        height, width, bands = pixels.shape
        mode = "RGBA" if self.mode == "RGB" and bands == 4 else self.mode
        return Image.frombytes(mode, (width, height), pixels.tobytes())


def is_deep(opened: Any) -> bool:
    """Whether a picture that was opened, but not loaded yet, is colour of which Pillow would drop a byte."""
    tiles = getattr(opened, "tile", None)
    if not tiles:
        return False
    if opened.format == "PPM":
        return opened.mode == "RGB" and _highest_of_ppm(opened) > 255
    if opened.format == "TIFF":
        return opened.mode in {"RGB", "RGBA", "CMYK"} and 16 in opened.tag_v2.get(_BITS, ())
    return opened.format == "PNG" and _RAW.fullmatch(_raw(tiles[0])) is not None


def deep_colour(opened: Any, content: bytes, name: str) -> DeepColour:
    """Decode the file of a picture for which ``is_deep`` holds, and which is loaded after this.

    Raises:
        DataError: a TIFF whose channels lie apart.
    """
    if opened.format == "PPM":
        return DeepColour(_ppm(opened, content), _highest_of_ppm(opened), "RGB")
    found = _RAW.fullmatch(_raw(opened.tile[0]))
    if found is None or (opened.format == "TIFF" and opened.tag_v2.get(_PLANAR, 1) != 1):
        raise DataError(
            f"{name} is a TIFF of 16-bit colour whose channels lie apart (planar), which is not read: save it with the "
            "channels of a pixel side by side, or as PNG or .npy."
        )
    bands, order = found["bands"], found["order"]
    if bands == "LA":  # four bytes a pixel, as RGBA has: both of grey, then both of alpha
        both = _unpacked(content, opened.format, "RGBA").astype(np.uint16)
        return DeepColour(both[:, :, ::2] * 256 + both[:, :, 1::2], _HIGHEST, "LA")
    bands = "RGBA" if bands == "RGBa" else bands
    upper, lower = (_unpacked(content, opened.format, f"{bands};16{which}") for which in (order, _OTHER_ORDER[order]))
    values = upper.astype(np.uint16) * 256 + lower
    return DeepColour(_undone(values) if found["bands"] == "RGBa" else values, _HIGHEST, opened.mode)


def check_depth(image: Any, content: bytes, name: str) -> None:
    """Refuse a loaded JPEG 2000 picture in colour of which only the upper byte can be read, if that is next to nothing.

    Raises:
        DataError: at its depth, values of 8 bits would look like that.
    """
    if image.format != "JPEG2000" or image.mode not in {"RGB", "RGBA", "LA"}:
        return
    place = content.find(_SIZES)
    bits = (content[place + 42] & 127) + 1 if 0 <= place < len(content) - 42 else 8
    upper = int(np.asarray(image)[:, :, : 1 if image.mode == "LA" else 3].max())
    if bits >= 12 and upper <= 255 >> bits - 8:
        raise DataError(
            f"{name} has {bits} bits, but no value above 255, which is black at that depth: save it with 8 bits, or "
            f"with values up to {2**bits - 1}."
        )


def _raw(tile: Any) -> str:
    """How the bytes of a tile are arranged, in Pillow's words."""
    return str(tile.args if isinstance(tile.args, str) else tile.args[0])


def _unpacked(content: bytes, kind: str, raw: str) -> NDArray[np.uint8]:
    """A file's pixels, with bytes taken as ``raw`` says."""
    with Image.open(io.BytesIO(content), formats=(kind,)) as image:
        image.tile = [
            tile._replace(args=(raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw) for tile in image.tile
        ]
        image.load()
        return np.asarray(image)


def _undone(values: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Colour that was multiplied by its alpha, as it was before."""
    alpha = values[:, :, 3:].astype(np.float64)
    colour = values[:, :, :3] * np.divide(_HIGHEST, alpha, out=np.zeros_like(alpha), where=alpha > 0)
    return np.concatenate([np.rint(colour.clip(0, _HIGHEST)).astype(np.uint16), values[:, :, 3:]], axis=2)


def _highest_of_ppm(opened: Any) -> int:
    args = opened.tile[0].args
    return int(args[1]) if isinstance(args, tuple) and len(args) == 2 else 255


def _ppm(opened: Any, content: bytes) -> NDArray[np.uint16]:
    """The values of a PPM, which lie behind its head as they are, or as numbers in text."""
    tile, shape = opened.tile[0], (opened.height, opened.width, 3)
    count = opened.height * opened.width * 3
    if tile.codec_name == "ppm_plain":
        text = re.sub(rb"#[^\r\n]*", b"", content[tile.offset :])
        return np.array(text.split()[:count], dtype=np.int64).astype(np.uint16).reshape(shape)
    return np.frombuffer(content, ">u2", count, tile.offset).astype(np.uint16).reshape(shape)
