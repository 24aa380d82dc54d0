"""Specs as text compiled, and what every generated module must be like."""

from __future__ import annotations

import subprocess
import sys
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import emit_reference
import torch
from attrs import frozen
from torch import nn

from swc.check import Program, check_text
from swc.elaborate import elaborate
from swc.emit import class_name, emit
from swc.family import Family
from swc.plan import plan_family
from swc.plan.model import FORMAT_VERSION, LayerPlan, MemberPlan, Parameters, Plan
from swc_runtime import Family as RuntimeFamily
from swc_runtime import PlainWeights

ROOT = Path(__file__).parents[2]


@frozen
class Compiled:
    program: Program
    family: Family
    plan: Plan
    source: str

    def load(self) -> type[RuntimeFamily]:
        module = types.ModuleType("generated")
        exec(compile(self.source, "generated.py", "exec"), module.__dict__)
        return getattr(module, class_name(self.family))  # type: ignore[no-any-return]


def compiled(text: str, *, shared: bool = True) -> Compiled:
    """Compile a spec; without ``shared``, no layer shares (which spares the planner)."""
    program = check_text(text)
    family = elaborate(program)
    plan = plan_family(family, structure="0123456789abcdef") if shared else unshared(family)
    return Compiled(program, family, plan, emit(program, family, plan, content_hash="fedcba9876543210"))


def unshared(family: Family) -> Plan:
    total = family.parameters_independent
    members = tuple(
        MemberPlan(m.name, m.parameters_alone, tuple(LayerPlan(x.name, x.shape, None, ()) for x in m.layers))
        for m in family.members
    )
    return Plan(
        format_version=FORMAT_VERSION,
        family=family.name,
        structure="0" * 16,
        budget=total,
        refined=True,
        parameters=Parameters(total, 0, 0, total, 0, 0, total),
        members=members,
        clusters=(),
        superweights=(),
    )


class Recorder(PlainWeights):
    """Plain weights that note the full name and shape of each layer."""

    def __init__(self, path: str, found: dict[str, tuple[int, ...]] | None = None) -> None:
        self.path = path
        self.found: dict[str, tuple[int, ...]] = {} if found is None else found

    def scope(self, name: str) -> Self:
        return type(self)(f"{self.path}.{name}", self.found)

    def conv2d(self, name: str, in_channels: int, out_channels: int, kernel_size: int, **rest: int) -> nn.Conv2d:  # type: ignore[override]
        layer = super().conv2d(name, in_channels, out_channels, kernel_size, **rest)  # type: ignore[arg-type]
        self.found[f"{self.path}.{name}"] = tuple(layer.weight.shape)
        return layer

    def linear(self, name: str, in_features: int, out_features: int, *, bias: bool = True) -> nn.Linear:
        self.found[f"{self.path}.{name}"] = (out_features, in_features, 1, 1)
        return super().linear(name, in_features, out_features, bias=bias)


def check_structure(one: Compiled) -> None:
    """Members built plain have the elaborator's layers, in its order, and as many parameters, under the same names."""
    architectures = one.load().architectures
    for member in one.family.members:
        recorder = Recorder(member.name)
        with torch.device("meta"):
            network = architectures[member.name](recorder)
        assert list(recorder.found.items()) == [(layer.name, layer.shape) for layer in member.layers]
        assert sum(p.numel() for p in network.parameters()) == member.parameters_alone
        state = {f"{member.name}.{name}" for name in network.state_dict()}
        assert {f"{layer.name}.weight" for layer in member.layers} <= state


def check_values(one: Compiled, seed: int = 0) -> None:
    """Members built plain compute what the reference interpreter does with the same weights."""
    torch.manual_seed(seed)
    x = torch.randn(2, *one.family.input, dtype=torch.float64)
    for member in one.family.members:
        network = one.load().architectures[member.name](PlainWeights()).double().eval()
        shake(network)
        expected = emit_reference.run(one.program, member, network.state_dict(), x)
        with torch.no_grad():
            torch.testing.assert_close(network(x), expected, rtol=1e-9, atol=1e-12)
        assert expected.shape == (2, one.family.classes)


@torch.no_grad()
def shake(network: nn.Module) -> None:
    """Give norms and biases values of their own, so that no two modules do the same."""
    for module in network.modules():
        if isinstance(module, nn.LayerNorm):
            module.weight.uniform_(0.5, 2)
            module.bias.normal_()
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.get_buffer("running_mean").normal_()
            module.get_buffer("running_var").uniform_(0.5, 2)
            module.weight.uniform_(0.5, 2)
            module.bias.normal_()
        elif getattr(module, "bias", None) is not None:
            module.bias.normal_()


def lint(sources: Iterable[str], folder: Path, *ignored: str) -> str:
    """What the project's linter and formatter have to say about sources; empty if nothing."""
    configuration = ROOT / "pyproject.toml"
    for i, source in enumerate(sources):
        (folder / f"generated_{i}.py").write_text(source, encoding="utf-8")
    names = ",".join(("INP001", *ignored))  # the folder is no package
    known = 'lint.isort.known-first-party=["swc_runtime"]'
    ruff = [sys.executable, "-m", "ruff"]
    common = ["--config", str(configuration), "--no-cache", str(folder)]
    check = [*ruff, "check", "--output-format=concise", "--config", known, "--extend-ignore", names, *common]
    format_ = [*ruff, "format", "--diff", *common]
    results = [subprocess.run(command, capture_output=True, text=True, check=False) for command in (check, format_)]
    return "\n".join(r.stdout + r.stderr for r in results if r.returncode)


def typed(folder: Path, *ignored: str) -> str:
    """What the project's type checker has to say about the modules in a folder; empty if nothing."""
    files = [str(path) for path in sorted(folder.glob("*.py"))]
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *files]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert result.returncode in (0, 1), result.stderr
    lines = (result.stdout + result.stderr).splitlines()
    return "\n".join(line for line in lines if not line.endswith(tuple(f"[{code}]" for code in ignored)))
