"""Families to files that need nothing of swc: plain PyTorch, ``torch.export``, ONNX.

``export`` makes members of a family plain (``subject``), has each format write them (``formats``, one file each),
compares what was written with the family (``verify``) on real images or noise (``evidence``), and publishes the files
that hold (``folder``, ``manifest``). The source of plain PyTorch is the generated file's own, rewritten (``source``,
``definitions``, ``rewriting``, ``layout``).
"""

from swc_runtime.export.exporting import ExportOptions, export
from swc_runtime.export.formats import FORMATS
from swc_runtime.export.int8 import Int8
from swc_runtime.export.manifest import Artefact, File, Manifest, read_manifest
from swc_runtime.problems import ExportError

__all__ = [
    "FORMATS",
    "Artefact",
    "ExportError",
    "ExportOptions",
    "File",
    "Int8",
    "Manifest",
    "export",
    "read_manifest",
]
