"""Families compiled from specs, and runs of theirs that nobody had to train."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from swc.compiler import LockChoice, compile_spec
from swc_runtime import Family
from swc_runtime.generated import family_class
from swc_runtime.training.state import save_family

sys.path.insert(0, str(Path(__file__).parents[1] / "emit"))  # for the constructs of the language

SPEC = """sw 1

family tiny {
    input  image(1, 8, 8)
    output classes(10)
    budget 60% of members
    member big   = wrn(depth=10, widen=2)
    member small = wrn(depth=10, widen=1)
    share { clusters single  private *.stem }
    train { epochs 2  batch 64  sgd(lr=0.05) }
}
"""
METADATA: dict[str, Any] = {
    "normalisation": {"mean": [0.3], "std": [0.4]},
    "classes": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
}


def generated(text: str, folder: Path, name: str = "tiny") -> Path:
    """The generated file of a spec."""
    spec = folder / f"{name}.sw"
    spec.write_text(text, encoding="utf-8")
    path = folder / f"{name}.py"
    path.write_text(compile_spec(spec, LockChoice(ignored=True)).text(), encoding="utf-8")
    return path


def lived_in(family: Family, seed: int = 0) -> Family:
    """A family whose norms and biases are not those of the first day, so that mixing them up shows."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(like: Tensor, low: float) -> Tensor:
        return low + torch.rand(like.shape, generator=generator)

    with torch.no_grad():
        for name, tensor in (*family.named_parameters(), *family.named_buffers()):
            if name.endswith(("running_var", "running_mean", "bias")):
                tensor.copy_(drawn(tensor, 0.5 if name.endswith("var") else -0.5))
    return family.eval()


def family_of(path: Path) -> Family:
    """A generated file's family, lived in."""
    torch.manual_seed(0)
    return lived_in(family_class(path)())


def run_of(path: Path, folder: Path, **more: Any) -> Family:
    """A run's folder, as a training would leave it, of a family that was not trained."""
    family = family_of(path)
    folder.mkdir(parents=True, exist_ok=True)
    save_family(family, folder / "family.safetensors", {**METADATA, "kind": "family", **more})
    return family


def answers(family: Family, members: tuple[str, ...], images: Tensor) -> Tensor:
    """Probabilities (B, classes) of uint8 images, worked out step by step."""
    mean, std = METADATA["normalisation"]["mean"][0], METADATA["normalisation"]["std"][0]
    x = (images.float() / 255 - mean) / std
    with torch.no_grad():
        return sum(family.members[name](x).softmax(-1) for name in members) / len(members)  # type: ignore[return-value]


def pixels(count: int, seed: int = 1) -> Tensor:
    """Images (count, 1, 8, 8) uint8."""
    return torch.randint(0, 256, (count, 1, 8, 8), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
