"""``torch.export``: the computation as a graph, in one file that torch runs without any source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from swc_runtime.export.formats.base import Network
from swc_runtime.export.subject import Subject


class TorchExport:
    """``<family>.pt2``, an exported program of any batch size; what it answers to is in its extra file ``swc.json``."""

    name = "torch-export"

    def check(self) -> None:
        """Nothing beyond torch."""

    def files(self, subject: Subject) -> tuple[str, ...]:
        """The program."""
        return (f"{subject.name}.pt2",)

    def write(self, subject: Subject, folder: Path) -> None:
        """Trace the network and save the program."""
        program = traced(subject)
        about = {"swc.json": json.dumps(subject.about(), sort_keys=True)}
        torch.export.save(program, folder / self.files(subject)[0], extra_files=about)

    def load(self, subject: Subject, folder: Path) -> Network:
        """Load the program."""
        program = torch.export.load(folder / self.files(subject)[0])
        network = program.module()

        def run(images: Tensor) -> Tensor:
            with torch.no_grad():
                answer: Tensor = network(images)
            return answer

        return run

    def versions(self) -> Mapping[str, str]:
        """Nothing beyond torch."""
        return {}


def traced(subject: Subject) -> torch.export.ExportedProgram:
    """The subject's network as a graph for any number of ``images``, without the paths of files it was traced from."""
    batch = {"images": {0: torch.export.Dim("batch")}}
    program = torch.export.export(subject.network(), (subject.random_images(2),), dynamic_shapes=batch)
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    return program
