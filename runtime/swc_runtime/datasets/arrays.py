"""Arrays of images and labels that somebody made: into which shape they go, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from swc_runtime.datasets.images import scaled_array
from swc_runtime.problems import DataError


def image_tensor(array: NDArray[Any], shape: tuple[int, int, int], name: str) -> Tensor:
    """Images (N, H, W), (N, H, W, C) or (N, C, H, W) as (N, C, H, W) uint8.

    Which of them it is, the family's ``shape`` (channels, height, width) decides; channels last where both would do.

    Raises:
        DataError: the shape fits neither way, there are no images, or numbers are out of range.
    """
    if array.ndim not in (3, 4) or not array.size:
        raise DataError(
            f"{name} has shape {array.shape}: images are (N, height, width), (N, height, width, channels) or (N, "
            "channels, height, width)."
        )
    channels, height, width = shape
    if array.shape[1:] == (height, width) and channels == 1:
        placed = array[:, None]
    elif array.shape[1:] == (height, width, channels):
        placed = array.transpose(0, 3, 1, 2)
    elif array.shape[1:] == shape:
        placed = array
    else:
        found = _probable(array.shape[1:])
        raise DataError(
            f"{name} holds images of {found[0]} channel{'s' if found[0] > 1 else ''} and {found[1]}×{found[2]} pixels "
            f"(shape {array.shape}), the family takes {channels} and {height}×{width}: write `input image{found}` in "
            "the spec, or save them in that size."
        )
    return torch.from_numpy(np.array(scaled_array(placed, name), order="C"))


def label_tensor(array: NDArray[Any], count: int, name: str) -> Tensor:
    """Labels (N,) or (N, 1) of whole numbers from 0 as (N,) int64, one for each of ``count`` images.

    Raises:
        DataError: they are something else.
    """
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        more = " (several labels for an image are not trained on; of one-hot rows, save the argmax)"
        raise DataError(f"{name} has shape {array.shape}, expected was (N,): one class number for each image{more}.")
    if array.dtype.kind not in "iu":
        raise DataError(
            f"{name} holds numbers of type {array.dtype}: labels are whole numbers from 0; save them as int64, and "
            "names of classes as class_names."
        )
    if len(array) != count:
        raise DataError(f"{name} has {len(array)} labels for {count} images: save one for each image.")
    odd = [value for value in (int(array.min()), int(array.max())) if not 0 <= value < 2**31]
    if odd:
        raise DataError(f"{name} holds the label {odd[0]}: labels are counted from 0.")
    return torch.from_numpy(array.astype(np.int64))


def _probable(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(channels, height, width) that somebody probably meant by the shape of an image."""
    if len(shape) == 2:
        return 1, shape[0], shape[1]
    return shape if shape[0] < shape[2] else (shape[2], shape[0], shape[1])  # type: ignore[return-value]  # of three
