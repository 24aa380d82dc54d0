"""`swc plan` says what was chosen for a folded cluster and why: each figure against counting it out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from swc.compiler import LockChoice, compile_spec
from swc.plan.cost import slack
from swc.plan.plane import planes_of
from swc.plan.tiles import Tiling

Swc = Callable[..., Result]
ROOT = Path(__file__).resolve().parents[2]
SPECS = [ROOT / "specs" / "paper" / f"wrn_28_10_at_{percent}pct.sw" for percent in (1, 10)]


def rows(text: str) -> dict[str, list[str]]:
    section = text.partition("Folded clusters\n")[2].partition("\n\n")[0]
    lines = [re.split(r"  +", line.strip()) for line in section.splitlines() if line.startswith("conv")]
    return {line[0]: line[1:] for line in lines}


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_the_terms_of_the_choice_are_told(swc: Swc, spec: Path) -> None:
    plan = compile_spec(spec, LockChoice(ignored=True)).plan
    found = rows(swc("plan", str(spec)).output)
    folded = {cluster.name: cluster for cluster in plan.clusters if cluster.fold is not None}
    assert found.keys() == folded.keys()
    for name, cluster in folded.items():
        fold = cluster.fold
        assert fold is not None
        layers = [x.shape for member in plan.members for x in member.layers if x.cluster == name]
        tiles = [-(-s[0] // fold.rows) * -(-s[1] // fold.columns) for s in layers]
        cells = [s[0] * s[1] for s in layers]
        rank = sum(c * min(1, fold.templates / t) for c, t in zip(cells, tiles, strict=True)) / sum(cells)
        own = [s for s in plan.superweights if s.cluster == name]
        coefficients = sum(s.templates * s.coefficient_vectors for s in own)
        templates = fold.templates * fold.rows * fold.columns * layers[0][2] * layers[0][3]
        over = 1 - sum(cells) / (sum(tiles) * fold.rows * fold.columns)
        assert found[name][:5] == [
            f"{fold.templates} of {fold.rows}×{fold.columns}",
            str(len(own)),
            f"{rank:.1%}",
            f"{coefficients / (coefficients + templates):.1%}",
            f"{over:.1%}",
        ]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_the_next_best_costs_as_much_and_is_no_better(spec: Path) -> None:
    compiled = compile_spec(spec, LockChoice(ignored=True))
    for cluster in compiled.plan.clusters:
        if cluster.fold is None:
            continue
        (plane,) = planes_of(compiled.family, {cluster.name: cluster.layers})
        tiling = Tiling(plane)
        left = compiled.plan.budget - compiled.plan.parameters.total
        may = slack(compiled.plan.budget) - left
        ways, rival = tiling.others(cluster.fold, left, may)
        assert ways > 1
        assert rival is not None
        assert rival.fold.templates != cluster.fold.templates
        assert rival.cost == tiling.cost(rival.fold)
        assert -may <= rival.cost - tiling.cost(cluster.fold) <= left
        assert tiling.objective(rival.fold) <= tiling.objective(cluster.fold)


def test_without_folding_there_is_nothing_to_tell(swc: Swc) -> None:
    assert "Folded clusters" not in swc("plan", str(ROOT / "specs" / "wrn_hetero.sw")).output
