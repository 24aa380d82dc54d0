"""Output formats: one file each; a new one is added here."""

from __future__ import annotations

from collections.abc import Sequence

from swc_runtime.errors import near
from swc_runtime.export.formats.base import Format, Network
from swc_runtime.export.formats.onnx_file import Onnx
from swc_runtime.export.formats.torch_export import TorchExport
from swc_runtime.export.formats.torch_source import TorchSource
from swc_runtime.problems import ExportError

FORMATS: dict[str, Format] = {one.name: one for one in (TorchSource(), TorchExport(), Onnx())}
"""What ``export`` writes, by name."""

__all__ = ["FORMATS", "Format", "Network", "chosen"]


def chosen(names: Sequence[str]) -> tuple[Format, ...]:
    """The formats of some names, each once.

    Raises:
        ExportError: no such format, or none at all.
    """
    for name in names:
        if name not in FORMATS:
            raise ExportError(f"There is no format {name!r}{near(name, FORMATS)} (formats: {', '.join(FORMATS)}).")
    if not names:
        raise ExportError(f"Name at least one format: {', '.join(FORMATS)}.")
    return tuple(FORMATS[name] for name in dict.fromkeys(names))
