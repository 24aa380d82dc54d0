"""Plain PyTorch: a module of readable source, and the weights beside it as safetensors."""

from __future__ import annotations

import types
from collections.abc import Mapping
from pathlib import Path

import safetensors
import torch
from safetensors.torch import save
from torch import Tensor

from swc_runtime.export.formats.base import Network
from swc_runtime.export.source import source_text
from swc_runtime.export.subject import Subject
from swc_runtime.export.versions import version_of


class TorchSource:
    """``<family>.py``, which imports torch and safetensors alone, and ``<family>.safetensors``."""

    name = "torch"

    def check(self) -> None:
        """Nothing beyond what the runtime itself needs."""

    def files(self, subject: Subject) -> tuple[str, ...]:
        """The source, and the weights."""
        return f"{subject.name}.py", f"{subject.name}.safetensors"

    def write(self, subject: Subject, folder: Path) -> None:
        """Write both files.

        Raises:
            ExportError: the architectures are not written as those of generated files are.
        """
        source, weights = self.files(subject)
        text = source_text(subject, weights=weights, version=version_of("swc"))
        tensors = {
            f"{name}.{key}": value.contiguous()
            for name in subject.members
            for key, value in subject.plain[name].state_dict().items()
        }
        about = {"format": "pt", "family": subject.name, "members": ",".join(subject.members)}
        (folder / weights).write_bytes(save(tensors, metadata=about))
        (folder / source).write_text(text, encoding="utf-8")

    def load(self, subject: Subject, folder: Path) -> Network:
        """Import the source from its file, and let it load its weights."""
        place = folder / self.files(subject)[0]
        module = types.ModuleType("swc_exported")
        module.__file__ = str(place)
        exec(compile(place.read_bytes(), place, "exec"), module.__dict__)  # noqa: S102 - what was just written
        network = module.load()

        def run(images: Tensor) -> Tensor:
            with torch.no_grad():
                answer: Tensor = network(images)
            return answer

        return run

    def versions(self) -> Mapping[str, str]:
        """That of safetensors."""
        return {"safetensors": safetensors.__version__}
