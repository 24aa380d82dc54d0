"""What Pillow reads, as (H, W, channels) bytes: upright, opaque where alpha is not asked for, at the depth it has.

Pillow opens files by their content. Its own conversions between modes clip deep images, forget alpha, and take every
CMYK JPEG for an inverted one; they are used only where they keep what a picture shows.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from torch.utils.data import get_worker_info

from swc_runtime.datasets.deep_colour import check_depth, deep_colour, is_deep
from swc_runtime.datasets.depth import scaled_floats, scaled_integers
from swc_runtime.problems import DataError

Alpha = Literal["white", "black", "refuse"]
Bytes = NDArray[np.uint8]

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "PPM", "JPEG2000", "AVIF", "TGA", "PCX", "PSD", "QOI")
"""Pillow's names of what is opened. Others are left out on purpose: EPS starts a program, icons hold many sizes."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings a picture upright, by its EXIF orientation."""

_KINDS = {1: "grey", 2: "grey and alpha", 3: "colour", 4: "colour and alpha"}
_COLOURS = frozenset({"P", "RGB", "RGBX", "YCbCr", "HSV", "CMYK"})
"""Modes without alpha that Pillow turns into RGB as they are meant."""


class _Tag:
    """Numbers of TIFF and EXIF tags."""

    orientation = 274
    kind = 254
    bits = 258
    photometric = 262
    samples = 277
    sample_format = 339


@dataclass(frozen=True)
class _Planes:
    """A decoded picture: (H, W) grey or (H, W, 3) colour, and (H, W) alpha where it has any."""

    colour: Bytes
    alpha: Bytes | None


def picture(content: bytes, name: str, channels: int, alpha: Alpha) -> Bytes:
    """Decode the content of a file to (H, W, channels).

    Raises:
        DataError: see ``images.read_image``.
    """
    with _decoding(name), Image.open(io.BytesIO(content), formats=_formats()) as opened:
        return _pixels(opened, content, name, channels, alpha)


def image_pixels(image: Image.Image, name: str, channels: int, alpha: Alpha) -> Bytes:
    """A picture of Pillow's, perhaps not loaded yet, as (H, W, channels); raises like ``picture``.

    Of deep colour that Pillow has loaded already, the upper byte is all there is.
    """
    with _decoding(name):
        content = _content(image) if is_deep(image) else b""
        return picture(content, name, channels, alpha) if content else _pixels(image, b"", name, channels, alpha)


def _content(opened: Any) -> bytes:
    """What the file of a picture holds."""
    opened.fp.seek(0)
    content: bytes = opened.fp.read()
    return content


def _pixels(image: Image.Image, content: bytes, name: str, channels: int, alpha: Alpha) -> Bytes:
    if channels not in _KINDS:
        raise DataError(
            f"{name} is a picture, which has 1 to 4 channels; the family takes {channels}: save images of {channels} "
            "channels as .npy files of (height, width, channels)."
        )
    _check_frames(image, name)
    deep = deep_colour(image, content, name) if is_deep(image) else None
    keyed = _keyed(image)
    image.load()
    check_depth(image, content, name)
    turn = _UPRIGHT.get(image.getexif().get(_Tag.orientation, 1))
    shown = image if deep is None else deep.image(keyed, name)
    planes = _planes(image, shown if turn is None else shown.transpose(turn), None if deep else keyed, name)
    return _arranged(planes, image, name, channels, alpha)


@contextmanager
def _decoding(name: str) -> Iterator[None]:
    """Turn everything that decoders meet in a file into one sentence.

    Raises:
        DataError: the file is damaged, too large, or of no known format.
    """
    with _without_warnings():
        try:
            yield
        except DataError:
            raise
        except UnidentifiedImageError as problem:
            raise DataError(f"{name} is not a readable image ({_unknown(name)}): mend it, or take it out.") from problem
        except Image.DecompressionBombError as problem:
            raise DataError(
                f"{name} claims more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels: make it smaller, or take it "
                "out."
            ) from problem
        except MemoryError as problem:
            raise DataError(f"{name} does not fit into memory: make it smaller, or take it out.") from problem
        except Exception as problem:
            text = next(iter(str(problem).splitlines()), "") or type(problem).__name__
            raise DataError(f"{name} is not a readable image ({text}): mend it, or take it out.") from problem


@contextmanager
def _without_warnings() -> Iterator[None]:
    """What Pillow warns of is decided here, or does not change the picture."""
    if get_worker_info() is not None:  # a process that reads has been told so once (``reading``), which is faster
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _unknown(name: str) -> str:
    if name.lower().endswith((".heic", ".heif")):
        return "HEIC is not read: convert it to JPEG or PNG"
    return "its content is of no known format"


def _check_frames(opened: Any, name: str) -> None:
    """Refuse animations and stacks, of whose frames nobody can know which one is meant.

    The further pictures of an MPO (what phones write), of a PSD, and reduced copies in a TIFF are no such frames.
    """
    if opened.format in {"MPO", "PSD"} or getattr(opened, "n_frames", 1) == 1:
        return
    frames = opened.n_frames
    if opened.format == "TIFF":
        frames = 0
        for number in range(opened.n_frames):
            opened.seek(number)
            frames += not opened.tag_v2.get(_Tag.kind, 0) & 1
        opened.seek(0)
    if frames > 1:
        raise DataError(
            f"{name} holds {frames} frames, and one is an image: save each that is meant as a file of its own."
        )


def _keyed(opened: Any) -> Any:
    """The grey value or colour that stands for transparent, in the values that pixels have once they are loaded.

    The key is written at the file's depth, while Pillow scales shallow grey to 8 bits.
    """
    key = opened.info.get("transparency")
    if opened.mode not in {"1", "L", "RGB", "I;16"} or key is None:
        return None
    tiles = getattr(opened, "tile", None)
    raw = str(tiles[0].args) if tiles else ""
    if opened.mode == "RGB":
        return tuple(key)
    return key * next((scale for shallow, scale in (("L;2", 85), ("L;4", 17)) if shallow in raw), 1)


def _planes(opened: Any, image: Image.Image, keyed: Any, name: str) -> _Planes:
    """Grey or colour and alpha of a loaded, upright picture, by its mode; ``opened`` knows of its file."""
    _check_tiff(opened, name)
    mode = image.mode
    if mode.startswith("I"):
        values = np.asarray(image)
        return _Planes(_integers(opened, values, name), _mask(values, keyed))
    if mode == "F":
        return _Planes(_white(opened, scaled_floats(np.asarray(image), name)), None)
    if mode in {"LA", "La"}:
        both = np.asarray(image.convert("LA"))
        return _Planes(both[:, :, 0], both[:, :, 1])
    if mode in {"PA", "RGBA", "RGBa"} or (mode == "P" and _sees_through(image)):
        both = np.asarray(image.convert("RGBA"))
        return _Planes(both[:, :, :3], both[:, :, 3])
    values = np.asarray(_opaque(opened, image, name))
    return _Planes(values, _mask(values, keyed))


def _opaque(opened: Any, image: Image.Image, name: str) -> Image.Image:
    """A picture without alpha as L or RGB."""
    if image.mode in {"1", "L"}:
        return image.convert("L")
    if image.mode == "CMYK" and opened.format in {"JPEG", "MPO"} and "adobe" not in opened.info:
        raise DataError(
            f"{name} is a CMYK JPEG that does not say whether its inks are inverted (it has no Adobe marker): convert "
            "it to RGB with the program that made it."
        )
    if image.mode not in _COLOURS:
        raise DataError(f"{name} is in Pillow's mode {image.mode}, which is not converted: save it as grey or RGB.")
    return image if image.mode == "RGB" else image.convert("RGB")


def _sees_through(image: Image.Image) -> bool:
    return "transparency" in image.info or (image.palette is not None and image.palette.mode == "RGBA")


def _mask(values: NDArray[Any], keyed: Any) -> Bytes | None:
    """Alpha (H, W) of pixels of which one value stands for transparent."""
    if keyed is None:
        return None
    same = values == np.asarray(keyed, dtype=values.dtype)
    return np.where(same.all(-1) if values.ndim == 3 else same, 0, 255).astype(np.uint8)


def _tag(opened: Any, number: int, default: int) -> int:
    """A whole number of a TIFF file's tags; the default for other files."""
    if opened.format != "TIFF":
        return default
    value = opened.tag_v2.get(number, default)
    return int(value[0]) if isinstance(value, tuple) else int(value)


def _check_tiff(opened: Any, name: str) -> None:
    if _tag(opened, _Tag.sample_format, 1) == 2 and _tag(opened, _Tag.bits, 8) == 8:
        raise DataError(f"{name} holds signed bytes (-128 to 127): save it with unsigned ones.")


def _integers(opened: Any, values: NDArray[Any], name: str) -> Bytes:
    bits, signed = _tag(opened, _Tag.bits, 16), _tag(opened, _Tag.sample_format, 1) == 2
    highest = 2 ** (bits - signed) - 1 if bits <= 16 else 65535
    return _white(opened, scaled_integers(values, highest, name))


def _white(opened: Any, values: Bytes) -> Bytes:
    """The values, turned round where a TIFF file says that 0 is white (Pillow does so for 8 bits only)."""
    return 255 - values if _tag(opened, _Tag.photometric, 1) == 0 else values


def _arranged(planes: _Planes, opened: Any, name: str, channels: int, alpha: Alpha) -> Bytes:
    """The planes as (H, W, channels)."""
    colour, wants_alpha = planes.colour, channels in (2, 4)
    if wants_alpha and planes.alpha is None:
        raise DataError(_without_alpha(1 if colour.ndim == 2 else 3, opened, name, channels))
    if planes.alpha is not None and not wants_alpha:
        colour = _composed(colour, planes.alpha, name, alpha)
    if channels <= 2:
        grey = colour if colour.ndim == 2 else np.asarray(Image.fromarray(np.ascontiguousarray(colour)).convert("L"))
        parts = [grey[:, :, None]]
    else:
        parts = [colour if colour.ndim == 3 else np.repeat(colour[:, :, None], 3, axis=2)]
    if wants_alpha and planes.alpha is not None:
        parts.append(planes.alpha[:, :, None])
    return np.concatenate(parts, axis=2) if len(parts) > 1 else parts[0]


def _without_alpha(has: int, opened: Any, name: str, channels: int) -> str:
    samples = _tag(opened, _Tag.samples, has)
    beyond = f" (of {samples} samples, the further ones without a meaning)" if samples > has else ""
    return (
        f"{name} has no alpha{beyond}: it can give {has} channel{'s' if has > 1 else ''} ({_KINDS[has]}), the family "
        f"takes {channels} ({_KINDS[channels]}). Write `input image({has}, …)` in the spec, or save it with alpha, or "
        "as a .npy file of (height, width, channels)."
    )


def _composed(colour: Bytes, alpha: Bytes, name: str, ground: Alpha) -> Bytes:
    """Grey or colour laid over a white or black ground, rounded."""
    if alpha.min() == 255:
        return colour
    if ground == "refuse":
        raise DataError(
            f"{name} has transparent pixels, which are refused (--alpha refuse): save it without alpha, say what they "
            "lie on (--alpha white or black), or take alpha in as a channel (`input image(4, …)` in the spec)."
        )
    weight = (alpha if colour.ndim == 2 else alpha[:, :, None]).astype(np.uint32)
    mixed = colour.astype(np.uint32) * weight + (255 if ground == "white" else 0) * (255 - weight)
    return ((mixed + 127) // 255).astype(np.uint8)
