"""Image files of every kind, against pixel values worked out here, one by one, from what was written into them."""

from __future__ import annotations

import io
import os
import struct
import zlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, TiffImagePlugin
from torchvision.transforms.v2 import functional as vision

from swc_runtime.datasets import read_image
from swc_runtime.datasets.deep_colour import check_depth
from swc_runtime.datasets.pictures import image_pixels
from swc_runtime.problems import DataError

HEIGHT, WIDTH = 5, 7


def numbers(high: int, channels: int = 0, seed: int = 0) -> np.ndarray:
    """Values 0 to ``high``, both of which occur, of shape (HEIGHT, WIDTH) or with channels last."""
    shape = (HEIGHT, WIDTH, channels) if channels else (HEIGHT, WIDTH)
    values = np.random.default_rng(seed).integers(0, high + 1, shape)
    values.flat[0], values.flat[-1] = 0, high
    return values


def pixels(path: Path, channels: int, **options: str) -> np.ndarray:
    """What is read, as (H, W) or (H, W, channels) integers."""
    image = read_image(path, channels, **options)
    assert image.dtype == torch.uint8
    assert image.shape[0] == channels
    assert image.is_contiguous()
    return image[0].numpy().astype(int) if channels == 1 else image.permute(1, 2, 0).numpy().astype(int)


def rounded(value: Fraction) -> int:
    """To the nearest; halves do not occur where it is used."""
    return int(value + Fraction(1, 2))


def scaled(values: np.ndarray, high: int) -> np.ndarray:
    """0 to ``high`` to 0 to 255, in exact arithmetic."""
    return np.array([[rounded(Fraction(int(value) * 255, high)) for value in row] for row in values])


def over(values: np.ndarray, alpha: np.ndarray, ground: int) -> np.ndarray:
    """``values`` (H, W, C) with ``alpha`` (H, W) laid over a ground, in exact arithmetic (at halves: either)."""
    out = np.zeros(values.shape, int)
    for place in np.ndindex(values.shape):
        a = Fraction(int(alpha[place[:2]]), 255)
        out[place] = rounded(a * int(values[place]) + (1 - a) * ground)
    return out


def luma(values: np.ndarray) -> np.ndarray:
    """ITU-R 601: what grey is, of (H, W, 3)."""
    return values @ np.array([0.299, 0.587, 0.114])


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(path: Path, rows: bytes, depth: int, colour: int, *more: bytes) -> Path:
    """A PNG file written by hand: rows without filter bytes, all of one length; further chunks before the data."""
    length = len(rows) // HEIGHT
    plain = b"".join(b"\0" + rows[start : start + length] for start in range(0, len(rows), length))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, 0)
    parts = (chunk(b"IHDR", header), *more, chunk(b"IDAT", zlib.compress(plain)), chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def tiff(path: Path, rows: bytes, tags: dict[int, tuple[str, tuple[int, ...]]], order: str = "<") -> Path:
    """An uncompressed TIFF file written by hand, of (HEIGHT, WIDTH); tags are given with their type, H or I."""
    start = 8
    needed = {256: ("H", (WIDTH,)), 257: ("H", (HEIGHT,)), 259: ("H", (1,)), 278: ("H", (HEIGHT,))}
    needed |= {273: ("I", (start,)), 279: ("I", (len(rows),))} | tags
    entries, beyond = b"", b""
    behind = start + len(rows) + len(rows) % 2 + 2 + 12 * len(needed) + 4
    for number, (kind, values) in sorted(needed.items()):
        packed = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(packed) > 4:
            place = struct.pack(f"{order}I", behind + len(beyond))
            beyond += packed + b"\0" * (len(packed) % 2)
        else:
            place = packed.ljust(4, b"\0")
        entries += struct.pack(f"{order}HHI", number, {"H": 3, "I": 4}[kind], len(values)) + place
    first = struct.pack(f"{order}I", start + len(rows) + len(rows) % 2)
    magic = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}H", 42)
    directory = struct.pack(f"{order}H", len(needed)) + entries + struct.pack(f"{order}I", 0)
    path.write_bytes(magic + first + rows + b"\0" * (len(rows) % 2) + directory + beyond)
    return path


# -- depth ---------------------------------------------------------------------------------------------------------


def test_sixteen_bit_grey_is_scaled(tmp_path):
    values = numbers(65535)
    path = png(tmp_path / "deep.png", values.astype(">u2").tobytes(), 16, 0)
    assert np.array_equal(pixels(path, 1), scaled(values, 65535))
    assert np.array_equal(pixels(path, 3), np.repeat(scaled(values, 65535)[:, :, None], 3, 2))


@pytest.mark.parametrize("name", ["deep.pgm", "deep.tif", "deep.jp2", "big.tif"])
def test_sixteen_bits_are_scaled_in_other_formats(tmp_path, name):
    values = numbers(65535)
    path = tmp_path / name
    if name.endswith(".pgm"):
        path.write_bytes(f"P5 {WIDTH} {HEIGHT} 65535\n".encode() + values.astype(">u2").tobytes())
    elif name == "big.tif":
        tiff(path, values.astype(">u2").tobytes(), {258: ("H", (16,)), 262: ("H", (1,))}, ">")
    else:
        options = {"irreversible": False} if name.endswith(".jp2") else {}
        Image.fromarray(values.astype(np.uint16)).save(path, **options)
    assert np.array_equal(pixels(path, 1), scaled(values, 65535))


@pytest.mark.parametrize(("channels", "colour"), [(2, 4), (3, 2), (4, 6)])
def test_sixteen_bit_colour_and_alpha_are_scaled(tmp_path, channels, colour):
    values = numbers(65535, channels)
    path = png(tmp_path / "deep.png", values.astype(">u2").tobytes(), 16, colour)
    wanted = np.stack([scaled(values[:, :, band], 65535) for band in range(channels)], -1)
    assert np.array_equal(pixels(path, channels), wanted)


def test_deep_alpha_is_laid_over_the_ground(tmp_path):
    values = numbers(65535, 4)
    path = png(tmp_path / "deep.png", values.astype(">u2").tobytes(), 16, 6)
    wanted = np.stack([scaled(values[:, :, band], 65535) for band in range(4)], -1)
    assert np.array_equal(pixels(path, 3, alpha="black"), over(wanted[:, :, :3], wanted[:, :, 3], 0))


@pytest.mark.parametrize(("channels", "colour"), [(2, 4), (3, 2), (4, 6)])
def test_eight_bits_in_deep_colour_are_refused(tmp_path, channels, colour):
    values = numbers(255, channels)
    if colour != 2:
        values[:, :, -1] = 65535
    path = png(tmp_path / "dark.png", values.astype(">u2").tobytes(), 16, colour)
    with pytest.raises(DataError, match=r"dark\.png has 16 bits, but no value above 2\d\d, which is black"):
        read_image(path, channels)
    black = png(tmp_path / "black.png", bytes(2 * channels * HEIGHT * WIDTH), 16, colour)
    assert not pixels(black, channels).any()


def test_deep_colour_is_turned_upright(tmp_path):
    values = numbers(65535, 3)
    exif = chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 274, 3, 1, 6, 0) + bytes(4))
    path = png(tmp_path / "deep.png", values.astype(">u2").tobytes(), 16, 2, exif)
    wanted = np.stack([scaled(values[:, :, band], 65535) for band in range(3)], -1)
    assert np.array_equal(pixels(path, 3), np.rot90(wanted, -1))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("bands", "extra"), [(3, None), (4, 2), (4, 0)])
@pytest.mark.parametrize("packed", [False, True])
def test_sixteen_bit_colour_tiffs_are_scaled(tmp_path, order, bands, extra, packed):
    values = numbers(65535, bands)
    tags = {258: ("H", (16,) * bands), 262: ("H", (2,)), 277: ("H", (bands,))}
    tags |= {338: ("H", (extra,))} if extra is not None else {}
    rows = values.astype(f"{order}u2").tobytes()
    if packed:
        rows, tags = zlib.compress(rows), tags | {259: ("H", (8,))}
    path = tiff(tmp_path / "deep.tif", rows, tags, order)
    channels = 4 if extra == 2 else 3
    wanted = np.stack([scaled(values[:, :, band], 65535) for band in range(channels)], -1)
    assert np.array_equal(pixels(path, channels), wanted)
    dark = tiff(tmp_path / "dark.tif", (values // 257).astype(f"{order}u2").tobytes(), tags | {259: ("H", (1,))}, order)
    with pytest.raises(DataError, match=r"dark\.tif has 16 bits, but no value above"):
        read_image(dark, channels)


def test_deep_colour_multiplied_by_its_alpha_is_divided(tmp_path):
    values = numbers(65535, 4)
    values[0, 0] = (5, 6, 7, 0)
    plain = values.copy()
    for place in np.ndindex(HEIGHT, WIDTH):
        alpha = int(values[place][3])
        for band in range(3):
            values[place][band] = rounded(Fraction(int(plain[place][band]) * alpha, 65535))
    tags = {258: ("H", (16,) * 4), 262: ("H", (2,)), 277: ("H", (4,)), 338: ("H", (1,))}
    found = pixels(tiff(tmp_path / "x.tif", values.astype("<u2").tobytes(), tags), 4)
    assert np.array_equal(found[:, :, 3], scaled(values[:, :, 3], 65535))
    seen = values[:, :, 3] > 20000
    assert np.abs(found[seen][:, :3] - plain[seen][:, :3] / 257).max() < 0.51
    assert not found[0, 0].any()


def test_deep_channels_that_lie_apart_are_refused(tmp_path):
    values = numbers(65535, 3)
    size = 2 * HEIGHT * WIDTH
    tags = {258: ("H", (16,) * 3), 262: ("H", (2,)), 277: ("H", (3,)), 284: ("H", (2,))}
    tags |= {273: ("I", (8, 8 + size, 8 + 2 * size)), 279: ("I", (size,) * 3)}
    path = tiff(tmp_path / "apart.tif", values.transpose(2, 0, 1).astype("<u2").tobytes(), tags)
    with pytest.raises(DataError, match=r"apart\.tif is a TIFF of 16-bit colour whose channels lie apart"):
        read_image(path, 3)


@pytest.mark.parametrize("highest", [65535, 4095, 1023])
@pytest.mark.parametrize("plain", [False, True])
def test_deep_ppm_files_are_scaled(tmp_path, highest, plain):
    values = numbers(highest, 3)
    text = "\n# some words 7 8\n".join(" ".join(map(str, row)) for row in values.reshape(HEIGHT, -1).tolist())
    rows = text.encode() if plain else values.astype(">u2").tobytes()
    path = tmp_path / "deep.ppm"
    path.write_bytes(f"P{3 if plain else 6} {WIDTH} {HEIGHT} {highest}\n".encode() + rows)
    wanted = np.stack([scaled(values[:, :, band], highest) for band in range(3)], -1)
    assert np.array_equal(pixels(path, 3), wanted)


def test_eight_bits_in_a_deep_ppm_are_refused(tmp_path):
    path = tmp_path / "dark.ppm"
    path.write_bytes(f"P6 {WIDTH} {HEIGHT} 65535\n".encode() + numbers(255, 3).astype(">u2").tobytes())
    with pytest.raises(DataError, match=r"dark\.ppm has 16 bits, but no value above 255"):
        read_image(path, 3)


@pytest.mark.parametrize(
    ("bits", "highest", "refused"), [(16, 0, True), (16, 1, False), (12, 15, True), (12, 16, False)]
)
def test_upper_bytes_that_are_next_to_nothing_are_refused(tmp_path, bits, highest, refused):
    """Of JPEG 2000 in colour, which nothing here writes so deep: its depth is put into a file of 8 bits."""
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "x.jp2")
    content = bytearray((tmp_path / "x.jp2").read_bytes())
    place = content.index(b"\xff\x4f\xff\x51") + 42
    assert content[place] == 7, "8 bits of the first channel"
    content[place] = bits - 1
    image = Image.new("RGB", (WIDTH, HEIGHT), (0, highest, 0))
    image.format = "JPEG2000"
    if not refused:
        check_depth(image, bytes(content), "x.jp2")
        return
    with pytest.raises(DataError, match=rf"x\.jp2 has {bits} bits, but no value above 255"):
        check_depth(image, bytes(content), "x.jp2")


def test_pictures_of_a_program_s_own_are_deep_until_they_are_loaded(tmp_path):
    values = numbers(65535, 3)
    path = png(tmp_path / "deep.png", values.astype(">u2").tobytes(), 16, 2)
    wanted = np.stack([scaled(values[:, :, band], 65535) for band in range(3)], -1)
    with Image.open(path) as image:
        assert np.array_equal(image_pixels(image, "deep", 3, "white"), wanted)


def test_twelve_bits_are_scaled_by_twelve(tmp_path):
    values = numbers(4095)
    values = np.concatenate([values, values[:, :1]], 1)  # an even number of pixels a row fills whole bytes
    rows = b"".join(
        bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255])
        for row in values.tolist()
        for a, b in zip(row[::2], row[1::2], strict=True)
    )
    tags = {256: ("H", (WIDTH + 1,)), 258: ("H", (12,)), 262: ("H", (1,))}
    assert np.array_equal(pixels(tiff(tmp_path / "x.tif", rows, tags), 1), scaled(values, 4095))


def test_zero_may_be_white(tmp_path):
    values = numbers(65535)
    tags = {258: ("H", (16,)), 262: ("H", (0,))}
    path = tiff(tmp_path / "x.tif", values.astype("<u2").tobytes(), tags)
    assert np.array_equal(pixels(path, 1), 255 - scaled(values, 65535))
    shallow = tiff(tmp_path / "y.tif", numbers(255).astype("u1").tobytes(), {258: ("H", (8,)), 262: ("H", (0,))})
    assert np.array_equal(pixels(shallow, 1), 255 - numbers(255))


def test_signed_sixteen_bits_are_scaled_by_fifteen(tmp_path):
    values = numbers(32767)
    tags = {258: ("H", (16,)), 262: ("H", (1,)), 339: ("H", (2,))}
    path = tiff(tmp_path / "x.tif", values.astype("<i2").tobytes(), tags)
    assert np.array_equal(pixels(path, 1), scaled(values, 32767))
    negative = tiff(tmp_path / "y.tif", (values - 5).astype("<i2").tobytes(), tags)
    with pytest.raises(DataError, match=r"y\.tif has values from -5 to 32762, expected were 0 to 32767"):
        read_image(negative, 1)


def test_thirty_two_bits_hold_sixteen(tmp_path):
    values = numbers(65535)
    Image.fromarray(values.astype(np.int32)).save(tmp_path / "x.tif")
    assert np.array_equal(pixels(tmp_path / "x.tif", 1), scaled(values, 65535))
    Image.fromarray((values + 1).astype(np.int32)).save(tmp_path / "y.tif")
    with pytest.raises(DataError, match=r"y\.tif has values from 1 to 65536, expected were 0 to 65535"):
        read_image(tmp_path / "y.tif", 1)


def test_eight_bits_in_a_deep_file_are_refused(tmp_path):
    path = png(tmp_path / "dark.png", numbers(255).astype(">u2").tobytes(), 16, 0)
    with pytest.raises(DataError, match=r"dark\.png has 16 bits, but no value above 255, which is black"):
        read_image(path, 1)
    black = png(tmp_path / "black.png", bytes(2 * HEIGHT * WIDTH), 16, 0)
    assert pixels(black, 1).max() == 0


def test_signed_bytes_are_refused(tmp_path):
    tags = {258: ("H", (8,)), 262: ("H", (1,)), 339: ("H", (2,))}
    with pytest.raises(DataError, match="signed bytes"):
        read_image(tiff(tmp_path / "x.tif", numbers(255).astype("u1").tobytes(), tags), 1)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_shallow_grey_is_scaled(tmp_path, depth):
    values = numbers(2**depth - 1)
    bits = ["".join(f"{value:0{depth}b}" for value in row) for row in values.tolist()]
    whole = -(-WIDTH * depth // 8)
    rows = b"".join(int(row.ljust(8 * whole, "0"), 2).to_bytes(whole, "big") for row in bits)
    path = png(tmp_path / "x.png", rows, depth, 0)
    expected = values * (255 // (2**depth - 1))
    assert np.array_equal(pixels(path, 1), expected)
    key = 1  # the value 1 is transparent, written at the file's depth
    seen = png(tmp_path / "y.png", rows, depth, 0, chunk(b"tRNS", struct.pack(">H", key)))
    assert np.array_equal(pixels(seen, 1), np.where(values == key, 255, expected))
    assert np.array_equal(pixels(seen, 1, alpha="black"), np.where(values == key, 0, expected))


def test_floats_are_scaled_or_refused(tmp_path):
    values = numbers(1000) / 1000
    Image.fromarray(values.astype(np.float32)).save(tmp_path / "x.tif")
    assert np.array_equal(pixels(tmp_path / "x.tif", 1), np.rint(values.astype(np.float32).astype(float) * 255))
    for number, (changed, told) in enumerate(
        [
            (values * 255, "floats from 0 to 255; expected were 0 .black. to 1"),
            (values - 0.5, "floats from -0.5 to 0.5"),
            (np.where(values > 0.9, np.nan, values), "floats that are no numbers"),
            (np.where(values > 0.9, np.inf, values), "floats that are no numbers"),
        ]
    ):
        path = tmp_path / f"{number}.tif"
        Image.fromarray(changed.astype(np.float32)).save(path)
        with pytest.raises(DataError, match=rf"{number}\.tif holds {told}"):
            read_image(path, 1)


# -- orientation ---------------------------------------------------------------------------------------------------

UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: a.swapaxes(0, 1)[::-1],
}
"""By the EXIF standard: where the file's first row and first column belong (top or bottom, left or right)."""


@pytest.mark.parametrize("end", ["jpg", "png", "webp", "tif", "deep.png", "lzw.tif"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_pictures_are_upright(tmp_path, end, orientation):
    high = 65535 if end == "deep.png" else 255
    corners = np.zeros((16, 24), np.uint16 if high > 255 else np.uint8)
    corners[:8, :8] = high  # a corner that tells all eight ways apart, with another beside it
    corners[:8, 8:16] = high // 2
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"jpg": {"quality": 100}, "webp": {"lossless": True}, "lzw.tif": {"compression": "tiff_lzw"}}
    if end.endswith("tif"):
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[274] = orientation
        Image.fromarray(corners).save(tmp_path / f"x.{end}", tiffinfo=tags, **options.get(end, {}))
    else:
        Image.fromarray(corners).save(tmp_path / f"x.{end}", exif=exif, **options.get(end, {}))
    expected = UPRIGHT[orientation](corners.astype(int) * 255 // high)
    found = pixels(tmp_path / f"x.{end}", 1)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 3


@pytest.mark.parametrize("orientation", [0, 9])
def test_orientations_that_are_none_are_passed_over(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(numbers(255).astype(np.uint8)).save(tmp_path / "x.png", exif=exif)
    assert np.array_equal(pixels(tmp_path / "x.png", 1), numbers(255))


def test_orientation_comes_before_size(tmp_path):
    """A photo that lies on its side is cropped as it is seen."""
    wide = np.zeros((16, 48), np.uint8)
    wide[:, 16:32] = 200  # the middle third, which the crop keeps
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(wide).save(tmp_path / "x.png", exif=exif)
    assert (read_image(tmp_path / "x.png", 1, (16, 16)) == 200).all()
    assert read_image(tmp_path / "x.png", 1, (48, 16)).shape == (1, 48, 16)


# -- palettes and alpha --------------------------------------------------------------------------------------------


def test_palettes_become_colours(tmp_path):
    table, values = np.random.default_rng(1).integers(0, 256, (16, 3)), numbers(15)
    image = Image.fromarray(values.astype(np.uint8)).convert("P")
    image.putpalette(table.astype(np.uint8).tobytes())
    image.putdata(values.flatten().tolist())
    image.save(tmp_path / "x.png")
    image.save(tmp_path / "x.gif")
    for name in ("x.png", "x.gif"):
        assert np.array_equal(pixels(tmp_path / name, 3), table[values])
        assert np.abs(pixels(tmp_path / name, 1) - luma(table[values])).max() <= 1


@pytest.mark.parametrize("partly", [False, True])
def test_palettes_with_alpha_are_composited(tmp_path, partly):
    table, values = np.random.default_rng(1).integers(0, 256, (16, 3)), numbers(15)
    alphas = np.full(16, 255)
    alphas[[3, 5]] = (0, 100) if partly else (0, 255)
    rows = values.astype(np.uint8).tobytes()
    more = (chunk(b"PLTE", table.astype(np.uint8).tobytes()), chunk(b"tRNS", alphas.astype(np.uint8).tobytes()))
    path = png(tmp_path / "x.png", rows, 8, 3, *more)
    for ground, level in (("white", 255), ("black", 0)):
        assert np.abs(pixels(path, 3, alpha=ground) - over(table[values], alphas[values], level)).max() <= 0
    kept = pixels(path, 4)
    assert np.array_equal(kept[:, :, :3], table[values])
    assert np.array_equal(kept[:, :, 3], alphas[values])


def test_alpha_is_composited_kept_or_refused(tmp_path):
    values = numbers(255, 4)
    path = tmp_path / "x.png"
    Image.fromarray(values.astype(np.uint8)).save(path)
    colour, alpha = values[:, :, :3], values[:, :, 3]
    for ground, level in (("white", 255), ("black", 0)):
        expected = over(colour, alpha, level)
        assert np.array_equal(pixels(path, 3, alpha=ground), expected)
        assert np.abs(pixels(path, 1, alpha=ground) - luma(expected)).max() <= 1
    assert np.array_equal(pixels(path, 4, alpha="refuse"), values)
    grey = pixels(path, 2)
    assert np.array_equal(grey[:, :, 1], alpha)
    assert np.abs(grey[:, :, 0] - luma(colour)).max() <= 1
    for channels in (1, 3):
        with pytest.raises(DataError, match=r"x\.png has transparent pixels.*--alpha white or black.*image\(4"):
            read_image(path, channels, alpha="refuse")


def test_a_picture_in_the_alpha_channel_is_not_black(tmp_path):
    """Icons are often black shapes whose form is in alpha alone."""
    alpha = numbers(255)
    Image.fromarray(np.concatenate([np.zeros((HEIGHT, WIDTH, 3)), alpha[:, :, None]], 2).astype(np.uint8)).save(
        tmp_path / "x.png"
    )
    assert np.array_equal(pixels(tmp_path / "x.png", 1), 255 - alpha)


def test_opaque_alpha_is_no_reason_to_refuse(tmp_path):
    values = numbers(255, 3)
    Image.fromarray(np.concatenate([values, np.full((HEIGHT, WIDTH, 1), 255)], 2).astype(np.uint8)).save(
        tmp_path / "x.png"
    )
    assert np.array_equal(pixels(tmp_path / "x.png", 3, alpha="refuse"), values)


def test_grey_and_alpha(tmp_path):
    values = numbers(255, 2)
    Image.fromarray(values.astype(np.uint8), "LA").save(tmp_path / "x.png")
    assert np.array_equal(pixels(tmp_path / "x.png", 2), values)
    assert np.array_equal(pixels(tmp_path / "x.png", 1), over(values[:, :, :1], values[:, :, 1], 255)[:, :, 0])
    assert np.array_equal(pixels(tmp_path / "x.png", 4), values[:, :, [0, 0, 0, 1]])


@pytest.mark.parametrize("deep", [False, True])
def test_one_value_may_stand_for_transparent(tmp_path, deep):
    values = numbers(65535 if deep else 255)
    key = int(values[2, 3])
    transparent = chunk(b"tRNS", struct.pack(">H", key))
    rows = values.astype(">u2" if deep else "u1").tobytes()
    path = png(tmp_path / "grey.png", rows, 16 if deep else 8, 0, transparent)
    expected = np.where(values == key, 255, scaled(values, 65535) if deep else values)
    assert np.array_equal(pixels(path, 1), expected)
    colours = numbers(255, 3)
    wanted = colours[1, 1]
    scale = 257 if deep else 1
    rows = (colours * scale).astype(">u2" if deep else "u1").tobytes()
    transparent = chunk(b"tRNS", struct.pack(">HHH", *(wanted * scale).tolist()))
    path = png(tmp_path / "colour.png", rows, 16 if deep else 8, 2, transparent)
    same = (colours == wanted).all(-1)
    assert np.array_equal(pixels(path, 3), np.where(same[:, :, None], 255, colours))
    assert np.array_equal(pixels(path, 4)[:, :, 3], np.where(same, 0, 255))


@pytest.mark.parametrize(
    ("mode", "channels", "told"),
    [
        ("RGB", 4, r"has no alpha: it can give 3 channels \(colour\), the family takes 4"),
        ("L", 2, r"has no alpha: it can give 1 channel \(grey\), the family takes 2"),
        ("RGBA", 5, r"has 1 to 4 channels; the family takes 5.*\.npy"),
    ],
)
def test_channels_that_a_file_cannot_give_are_refused(tmp_path, mode, channels, told):
    Image.new(mode, (4, 4)).save(tmp_path / "x.png")
    with pytest.raises(DataError, match=rf"x\.png .*{told}"):
        read_image(tmp_path / "x.png", channels)


def test_samples_without_a_meaning_are_told(tmp_path):
    """Colour and near infrared in one TIFF: Pillow drops the fourth sample."""
    values = numbers(255, 4)
    tags = {258: ("H", (8,) * 4), 262: ("H", (2,)), 277: ("H", (4,)), 338: ("H", (0,))}
    path = tiff(tmp_path / "x.tif", values.astype("u1").tobytes(), tags)
    assert np.array_equal(pixels(path, 3), values[:, :, :3])
    with pytest.raises(DataError, match=r"x\.tif has no alpha \(of 4 samples.*\.npy"):
        read_image(path, 4)


# -- other colours -------------------------------------------------------------------------------------------------


def adobe_markers(content: bytes) -> int:
    return content.count(b"\xff\xee")


def without_adobe(content: bytes) -> bytes:
    """A JPEG file without its Adobe marker (APP14)."""
    start = content.index(b"\xff\xee")
    length = int.from_bytes(content[start + 2 : start + 4], "big")
    return content[:start] + content[start + 2 + length :]


def test_cmyk_is_converted_where_its_inks_are_known(tmp_path):
    inks = np.zeros((16, 32, 4), int)
    inks[:, :16] = (255, 0, 0, 0)  # cyan
    inks[:, 16:] = (0, 0, 0, 153)  # 60% black
    expected = (255 - inks[:, :, :3]) * (255 - inks[:, :, 3:]) // 255
    image = Image.fromarray(inks.astype(np.uint8), "CMYK")
    image.save(tmp_path / "x.tif")
    image.save(tmp_path / "x.jpg", quality=100)
    content = (tmp_path / "x.jpg").read_bytes()
    assert adobe_markers(content) == 1
    for name in ("x.tif", "x.jpg"):
        assert np.abs(pixels(tmp_path / name, 3) - expected).max() <= 4
    (tmp_path / "y.jpg").write_bytes(without_adobe(content))
    with pytest.raises(DataError, match=r"y\.jpg is a CMYK JPEG that does not say whether its inks are inverted"):
        read_image(tmp_path / "y.jpg", 3)
    with pytest.raises(DataError, match="has no alpha"):
        read_image(tmp_path / "x.tif", 4)


def test_one_bit_is_black_and_white(tmp_path):
    values = numbers(1)
    Image.fromarray(values.astype(bool)).save(tmp_path / "x.bmp")
    Image.fromarray(values.astype(bool)).save(tmp_path / "x.tif", compression="group4")
    for name in ("x.bmp", "x.tif"):
        assert np.array_equal(pixels(tmp_path / name, 1), values * 255)
        assert np.array_equal(pixels(tmp_path / name, 3), np.repeat(values[:, :, None] * 255, 3, 2))


def test_lab_is_refused(tmp_path):
    Image.new("LAB", (4, 4)).save(tmp_path / "x.tif")
    with pytest.raises(DataError, match=r"x\.tif is in Pillow's mode LAB"):
        read_image(tmp_path / "x.tif", 3)


def test_names_do_not_decide(tmp_path):
    values = numbers(255, 3)
    Image.fromarray(values.astype(np.uint8)).save(tmp_path / "x.png")
    (tmp_path / "x.png").rename(tmp_path / "x.jpg")
    assert np.array_equal(pixels(tmp_path / "x.jpg", 3), values)


# -- frames --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["gif", "png", "webp", "tif"])
def test_several_frames_are_refused(tmp_path, end):
    frames = [Image.new("RGB", (8, 8), (100 * n, 0, 200 - 50 * n)) for n in range(3)]
    frames[0].save(tmp_path / f"x.{end}", save_all=True, append_images=frames[1:])
    with pytest.raises(DataError, match=rf"x\.{end} holds 3 frames"):
        read_image(tmp_path / f"x.{end}", 3)


def test_a_photo_with_a_second_picture_is_no_animation(tmp_path):
    first, second = Image.new("RGB", (8, 8), (200, 30, 30)), Image.new("RGB", (8, 8))
    first.save(tmp_path / "x.mpo", save_all=True, append_images=[second])
    (tmp_path / "x.mpo").rename(tmp_path / "x.jpg")
    assert pixels(tmp_path / "x.jpg", 3)[0, 0, 0] > 190


def test_reduced_copies_in_a_tiff_are_no_frames(tmp_path):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254] = 1
    small = Image.new("L", (4, 4), 1)
    small.encoderinfo = {"tiffinfo": tags}
    Image.new("L", (8, 8), 200).save(tmp_path / "x.tif", save_all=True, append_images=[small])
    with Image.open(tmp_path / "x.tif") as opened:
        assert opened.n_frames == 2
    assert (pixels(tmp_path / "x.tif", 1) == 200).all()


# -- damage --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["jpg", "png", "tif", "webp", "gif", "bmp", "jp2", "npy"])
def test_files_that_are_cut_short_are_told(tmp_path, end):
    """At every place, for a while: nothing else is raised, and no picture comes of half a file."""
    path = tmp_path / f"x.{end}"
    values = np.random.default_rng(0).integers(0, 256, (24, 24, 3)).astype(np.uint8)
    np.save(path, values) if end == "npy" else Image.fromarray(values).save(path)
    whole = path.read_bytes()
    for length in [*range(min(60, len(whole))), *range(60, len(whole) - 40, 97)]:
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=rf"x\.{end}"):
            read_image(path, 3)


def test_damage_is_told_or_harmless(tmp_path):
    """Bytes that are flipped: either it is told, or an image of the right shape comes of it."""
    generator = np.random.default_rng(3)
    told = []
    for end in ("jpg", "png", "tif", "gif"):
        buffer = io.BytesIO()
        Image.fromarray(numbers(255, 3).astype(np.uint8)).save(buffer, {"jpg": "jpeg", "tif": "tiff"}.get(end, end))
        whole = buffer.getvalue()
        for _ in range(60):
            damaged = bytearray(whole)
            for place in generator.integers(0, len(whole), 3):
                damaged[place] ^= int(generator.integers(1, 256))
            path = tmp_path / f"x.{end}"
            path.write_bytes(damaged)
            try:
                shape = read_image(path, 3, (6, 6)).shape
            except DataError as problem:
                told.append(str(path) in str(problem))
            else:
                assert shape == (3, 6, 6)
    assert len(told) > 50
    assert all(told)


def test_what_is_no_image_is_told(tmp_path):
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "pointer.png").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    (tmp_path / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    for name, told in [
        ("text.png", "is not a readable image"),
        ("empty.png", "is empty"),
        ("pointer.png", "git lfs pull"),
        ("photo.heic", "HEIC is not read: convert it"),
        ("folder.png", r"folder\.png cannot be read: Is a directory"),
        ("pipe.png", r"pipe\.png is no file"),
        ("missing.png", "does not exist"),
    ]:
        with pytest.raises(DataError, match=told):
            read_image(tmp_path / name, 3)


def test_bombs_are_not_unpacked(tmp_path):
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    with pytest.raises(DataError, match=r"x\.png claims more than [0-9,]+ pixels"):
        read_image(tmp_path / "x.png", 3)


# -- arrays --------------------------------------------------------------------------------------------------------


def test_npy_files_have_any_channels(tmp_path):
    path = tmp_path / "x.npy"
    values = numbers(255, 6)
    np.save(path, values.astype(np.uint8))
    assert np.array_equal(pixels(path, 6), values)
    np.save(path, numbers(255).astype(np.uint8))
    assert np.array_equal(pixels(path, 1), numbers(255))
    np.save(path, np.asfortranarray(numbers(65535).astype(np.uint16)))
    assert np.array_equal(pixels(path, 1), scaled(numbers(65535), 65535))
    np.save(path, numbers(1).astype(bool))
    assert np.array_equal(pixels(path, 1), numbers(1) * 255)
    np.save(path, (numbers(1000, 2) / 1000).astype(np.float64))
    assert np.array_equal(pixels(path, 2), np.rint(numbers(1000, 2) * 0.255))


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.zeros((4, 4, 5), np.uint8), "has 5 channels, the family takes 3: write `input image.5"),
        (np.zeros((3, 8, 8), np.uint8), r"move its channels last"),
        (np.zeros((4, 4), np.uint8), "has 1 channel, the family takes 3"),
        (np.zeros((1, 2, 4, 4), np.uint8), r"array of shape \(1, 2, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), r"array of shape \(0, 4, 3\)"),
        (np.zeros((4, 4, 3), np.int64), "numbers of type int64"),
        (np.zeros((4, 4, 3), np.complex64), "numbers of type complex64"),
        (np.array([{}], object), "no readable .npy array"),
        (np.full((4, 4, 3), 2.0), "floats from 2 to 2"),
    ],
)
def test_npy_files_that_are_no_images_are_refused(tmp_path, array, told):
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(DataError, match=rf"x\.npy .*{told}"):
        read_image(tmp_path / "x.npy", 3)


# -- size ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
def test_size_is_met_by_the_shorter_side_and_the_centre(tmp_path, channels):
    """Twice as large, and a margin on the longer side: each pixel is the mean around four that are alike."""
    small = numbers(255, channels)
    large = small.repeat(2, 0).repeat(2, 1)
    wide = np.concatenate([np.zeros_like(large[:, :4]), large, np.full_like(large[:, :4], 255)], 1)
    np.save(tmp_path / "x.npy", wide.astype(np.uint8))
    found = read_image(tmp_path / "x.npy", channels, (HEIGHT, WIDTH))
    assert found.shape == (channels, HEIGHT, WIDTH)
    flat = np.full((2 * HEIGHT, 2 * WIDTH, channels), 77, np.uint8)
    np.save(tmp_path / "x.npy", np.concatenate([np.zeros_like(flat), flat, np.zeros_like(flat)], 1))
    assert (read_image(tmp_path / "x.npy", channels, (HEIGHT, WIDTH))[:, :, 1:-1] == 77).all()


@pytest.mark.parametrize("shape", [(9, 14), (14, 9), (8, 8), (5, 6), (30, 31), (4, 60)])
@pytest.mark.parametrize("size", [(8, 8), (6, 11)])
def test_size_is_met_as_torchvision_meets_it(tmp_path, shape, size):
    values = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    Image.fromarray(values).save(tmp_path / "x.png")
    scale = max(size[0] / shape[0], size[1] / shape[1])
    scaled = [max(wanted, round(side * scale)) for side, wanted in zip(shape, size, strict=True)]
    resized = vision.resize(torch.from_numpy(values).permute(2, 0, 1), scaled, antialias=True)
    assert torch.equal(read_image(tmp_path / "x.png", 3, size), vision.center_crop(resized, list(size)))


@pytest.mark.parametrize("shape", [(1, 60_000), (60_000, 1), (3, 5000), (5001, 2)])
def test_strips_do_not_take_the_memory(tmp_path, shape):
    """What lies outside the crop is not made larger first: at full length 60,000 pixels would become 13,000,000."""
    values = np.zeros((*shape, 1), np.uint8)
    middle = tuple(slice(side // 2 - min(side, 40) // 2, side // 2 + (min(side, 40) + 1) // 2) for side in shape)
    values[middle] = 200
    np.save(tmp_path / "x.npy", values)
    found = read_image(tmp_path / "x.npy", 1, (224, 224))
    assert found.shape == (1, 224, 224)
    assert (found == 200).all()


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
def test_floats_that_were_divided_twice_are_refused(tmp_path, kind):
    np.save(tmp_path / "x.npy", (numbers(255, 3) / 255 / 255).astype(kind))
    with pytest.raises(
        DataError, match=r"x\.npy holds floats up to 0\.0039\d?, which are black .* divided by 255 twice"
    ):
        read_image(tmp_path / "x.npy", 3)
    np.save(tmp_path / "black.npy", np.zeros((2, 2), kind))
    assert not pixels(tmp_path / "black.npy", 1).any()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (((1, 16, 16),), r"takes channels as a whole number from 1, not \(1, 16, 16\): height and width go into size"),
        ((True,), "takes channels as a whole number from 1, not True"),
        ((0,), "takes channels as a whole number from 1, not 0"),
        ((1, 16), r"takes size as \(height, width\), whole numbers from 1, or None, not 16"),
        ((1, (0, 4)), r"takes size as \(height, width\)"),
    ],
)
def test_arguments_that_are_mixed_up_are_told(tmp_path, arguments, told):
    Image.new("L", (4, 4)).save(tmp_path / "x.png")
    with pytest.raises(DataError, match=told):
        read_image(tmp_path / "x.png", *arguments)
    with pytest.raises(DataError, match="takes alpha as 'white', 'black', 'refuse', not 'grey'"):
        read_image(tmp_path / "x.png", 1, alpha="grey")
