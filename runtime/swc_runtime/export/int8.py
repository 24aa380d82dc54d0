"""ONNX files in 8 bits, made by onnxruntime's own tools, and what that costs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from swc_runtime.export.evidence import Evidence
from swc_runtime.export.formats import Network
from swc_runtime.export.formats.onnx_file import session
from swc_runtime.export.verify import accuracy
from swc_runtime.problems import ExportError

METHODS = ("static", "dynamic")
"""Ranges of activations measured beforehand on training images, or anew for each batch."""
LOSS = 2.0
"""Percentage points of top-1 that 8 bits may cost, unless told otherwise."""
_OPERATIONS = ["Conv", "Gemm", "MatMul"]
_BATCH = 32


@dataclass(frozen=True)
class Int8:
    """What a file in 8 bits is worth.

    Attributes:
        method: one of ``METHODS``.
        calibration: what ranges were measured on, such as ``256 training images of digits``; None if dynamic.
        images: what it was scored on.
        count: how many images that were.
        before: top-1 of the file that it was made from, a fraction.
        after: its own.
        agreement: the fraction of images that both find the same class for.
    """

    method: str
    calibration: str | None
    images: str
    count: int
    before: float
    after: float
    agreement: float


def quantised(source: Path, target: Path, method: str, calibration: Evidence) -> None:
    """Write a file in 8 bits: weights per output channel, and the activations of convolutions and products.

    Args:
        source: a file in single precision.
        target: the file to write.
        method: one of ``METHODS``.
        calibration: images to measure ranges on (``static``).
    """
    from onnxruntime import quantization  # noqa: PLC0415 - an optional package
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415

    prepared = target.with_name(f"{target.stem}-prepared.onnx")
    with _quiet():
        try:
            # Its own inference of symbolic shapes does not know all operators; onnx's does.
            quant_pre_process(source, prepared, skip_symbolic_shape=True)
            if method == "static":
                quantization.quantize_static(
                    prepared,
                    target,
                    _reader(calibration.images),
                    quant_format=quantization.QuantFormat.QDQ,
                    op_types_to_quantize=_OPERATIONS,
                    per_channel=True,
                    activation_type=quantization.QuantType.QUInt8,
                    weight_type=quantization.QuantType.QInt8,
                )
            else:
                quantization.quantize_dynamic(
                    prepared,
                    target,
                    op_types_to_quantize=_OPERATIONS,
                    per_channel=True,
                    weight_type=quantization.QuantType.QInt8,
                )
        finally:
            prepared.unlink(missing_ok=True)


def scored(source: Network, target: Path, method: str, calibration: Evidence, scoring: Evidence, loss: float) -> Int8:
    """Compare a file in 8 bits with what it was made from, on labelled images.

    Args:
        source: what it was made from, at work.
        target: the file.
        method: how it was made.
        calibration: what ranges were measured on.
        scoring: labelled images.
        loss: percentage points of top-1 that it may lose.

    Raises:
        ExportError: it loses more.
    """
    found_before, before = accuracy(source, scoring)
    found_after, after = accuracy(session(target), scoring)
    count = len(scoring.images)
    if 100 * (before - after) > loss:
        raise ExportError(
            f"{target.name} was not kept: in 8 bits ({method}) top-1 falls from {100 * before:.2f}% to "
            f"{100 * after:.2f}% on {count} {scoring.name}, and {loss:g} points are allowed (`--int8-loss`). "
            f"Try `--int8 {_other(method)}`."
        )
    agreement = float((found_before == found_after).double().mean())
    ranges = f"{len(calibration.images)} {calibration.name}" if method == "static" else None
    return Int8(method, ranges, scoring.name, count, before, after, agreement)


def _other(method: str) -> str:
    return next(one for one in METHODS if one != method)


def _reader(images: Tensor) -> object:
    """Batches of images, as onnxruntime's calibration asks for them."""
    from onnxruntime.quantization import CalibrationDataReader  # noqa: PLC0415 - an optional package

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
        def __init__(self) -> None:
            self._batches = iter(torch.split(images, _BATCH))

        def get_next(self) -> dict[str, object] | None:
            batch = next(self._batches, None)
            return None if batch is None else {"images": batch.numpy()}

    return Reader()


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back advice that the tools log about their own work."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
