"""The committed specs, compiled, built and trained a step at full size."""

import importlib.util
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from swc.compiler import LockChoice, compile_spec
from swc.pipeline.modules import load_family_class
from swc_runtime import Family

ROOT = Path(__file__).parents[2]
SPECS = sorted(path for folder in ("specs", "specs/paper") for path in (ROOT / folder).glob("*.sw"))


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_the_emitted_family_has_the_parameters_of_its_plan_and_keeps_the_budget(spec: Path) -> None:
    plan = compile_spec(spec, LockChoice(ignored=True)).plan  # as generated/ is, whatever a search left beside it
    family = load_family_class(ROOT / "generated" / f"{plan.family}.py")()
    count = sum(p.numel() for p in family.parameters())
    assert count == plan.parameters.total == family.plan.parameters
    assert 0.99 * plan.budget <= count <= plan.budget


def test_four_wide_residual_networks_fit_into_36_5_million() -> None:
    from_generated = load_family_class(ROOT / "generated" / "wrn_hetero.py")
    with torch.device("meta"):
        members = from_generated.independent()
    alone = {name: sum(p.numel() for p in member.parameters()) for name, member in members.items()}
    assert alone == {"deep": 29_597_748, "wide": 52_587_060, "mid": 36_536_884, "slim": 23_401_012}
    assert 36_135_000 <= from_generated.plan.parameters <= 36_500_000


@pytest.mark.parametrize("percent", [1, 10])
def test_wrn_28_10_trains_in_a_fraction_of_its_size(percent: int) -> None:
    torch.manual_seed(0)
    family = load_family_class(ROOT / "generated" / f"wrn_28_10_at_{percent}pct.py")()
    assert sum(p.numel() for p in family.parameters()) <= 36_536_884 * percent // 100
    images, labels = torch.randn(4, 3, 32, 32), torch.tensor([3, 14, 15, 92])
    optimizer = torch.optim.SGD(family.parameters(), lr=0.05)
    losses = []
    for _ in range(3):
        loss = F.cross_entropy(family(images)[0], labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert all(p.grad is not None and p.grad.isfinite().all() for p in family.parameters())
    assert losses[-1] < losses[0] / 2


def test_generated_files_need_only_torch_and_the_runtime() -> None:
    for path in (ROOT / "generated").glob("*.py"):
        imports = {
            line.split()[1].partition(".")[0]
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.startswith(("import ", "from "))
        }
        assert imports - {"collections", "functools", "typing"} <= {"torch", "swc_runtime"}
    assert importlib.util.find_spec("swc_runtime") is not None
    assert issubclass(load_family_class(ROOT / "generated" / "digits.py"), Family)
