"""ONNX: one file for any runtime, with class names and all else that its users must know as metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from swc_runtime.export.formats.base import Network
from swc_runtime.export.formats.torch_export import traced
from swc_runtime.export.subject import Subject
from swc_runtime.export.versions import require, version_of
from swc_runtime.problems import ExportError

if TYPE_CHECKING:
    import onnx

OPSET = 18
"""The version of the operators: old enough for runtimes of the last years."""

_LARGEST = 2**31 - 2**20
"""Bytes of one file: protocol buffers end at 2 GiB."""


class Onnx:
    """``<family>.onnx``: input ``images``, one output, any batch size."""

    name = "onnx"

    def check(self) -> None:
        """See that onnx, onnxscript and onnxruntime are installed."""
        require("onnx", "onnxscript", "onnxruntime")

    def files(self, subject: Subject) -> tuple[str, ...]:
        """The model."""
        return (f"{subject.name}.onnx",)

    def write(self, subject: Subject, folder: Path) -> None:
        """Translate the traced network.

        Raises:
            ExportError: it is larger than such a file may be.
        """
        size = sum(value.nbytes for member in subject.plain.values() for value in member.state_dict().values())
        if size > _LARGEST:
            raise ExportError(
                f"The members have {size / 2**30:.1f} GiB of weights, and an ONNX file holds at most 2: export fewer "
                "members, or other formats."
            )
        program = torch.onnx.export(
            traced(subject), dynamo=True, opset_version=OPSET, output_names=[subject.output], verbose=False
        )
        if program is None:
            raise AssertionError("torch.onnx.export with dynamo returns what it made")
        model = program.model_proto
        _without_traces(model)
        describe(model, subject.about())
        write_model(model, folder / self.files(subject)[0])

    def load(self, subject: Subject, folder: Path) -> Network:
        """Open the file in onnxruntime, on the CPU."""
        return session(folder / self.files(subject)[0])

    def versions(self) -> Mapping[str, str]:
        """Of what translates, and of what the result was run in."""
        return {name: version_of(name) for name in ("onnx", "onnxscript", "onnxruntime")}


def session(path: Path) -> Network:
    """A file at work in onnxruntime, on the CPU."""
    import onnxruntime  # noqa: PLC0415 - an optional package

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors: notes on optimisations are nobody's business here
    opened = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = opened.get_inputs()[0].name

    def run(images: Tensor) -> Tensor:
        return torch.from_numpy(opened.run(None, {name: images.numpy()})[0])

    return run


def describe(model: onnx.ModelProto, about: Mapping[str, Any]) -> None:
    """Put what people must know into the model's metadata: texts as they are, everything else as JSON."""
    del model.metadata_props[:]
    for key, value in about.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value if isinstance(value, str) else json.dumps(value)


def write_model(model: onnx.ModelProto, path: Path) -> None:
    """Check a model and write it."""
    import onnx  # noqa: PLC0415 - an optional package

    onnx.checker.check_model(model)
    onnx.save(model, path)


def _without_traces(model: onnx.ModelProto) -> None:
    """Leave out where each node comes from: paths of files of this machine are nobody's business."""
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    for initializer in model.graph.initializer:
        del initializer.metadata_props[:]
    del model.graph.metadata_props[:]
