"""The ablation of tiles: its two sides have one size and one recipe, and its table says what the runs say."""

from __future__ import annotations

import argparse
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from swc.check import check_text
from swc.elaborate import elaborate
from swc.plan import plan_family

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "tile_ablation.py"


@pytest.fixture(scope="module")
def ablation() -> ModuleType:
    found = importlib.util.spec_from_file_location("tile_ablation", SCRIPT)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_both_sides_have_one_size_and_one_recipe(ablation: ModuleType) -> None:
    families = {
        (percent, name): elaborate(check_text(text, "ablation.sw")) for percent, name, text in ablation.contenders(6)
    }
    plans = {key: plan_family(family, structure="s") for key, family in families.items()}
    assert len(plans) == 6
    for percent in (1, 5, 10):
        tiles, thin = plans[percent, "tiles"], plans[percent, "thin"]
        assert any(cluster.fold for cluster in tiles.clusters)
        assert not thin.clusters  # weights of its own
        assert tiles.parameters.total <= tiles.budget
        assert tiles.parameters.total >= 0.99 * tiles.budget
        assert thin.parameters.total == pytest.approx(tiles.parameters.total, rel=0.01)
    assert len({family.recipe for family in families.values()}) == 1


def test_the_most_even_thinning_of_a_size_is_taken(ablation: ModuleType) -> None:
    even = (9, 18, 36)
    size = ablation.parameters(ablation.thin(even))
    assert ablation.thin_widths(size) == even
    between = (size + ablation.parameters(ablation.thin((10, 20, 40)))) // 2
    widths = ablation.thin_widths(between)
    assert ablation.parameters(ablation.thin(widths)) == pytest.approx(between, rel=0.01)
    assert 0 < ablation.unevenness(widths) < ablation.unevenness((9, 18, 45))


def test_the_table_pairs_seeds_and_leaves_out_other_settings(
    ablation: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def row(name: str, seed: int, top1: float, images: int = 3000) -> dict[str, object]:
        setting = {"images": images, "tests": 5000, "epochs": 6, "precision": "bf16-mixed"}
        size = 100 if name == "tiles" else 101
        return {"percent": 5, "name": name, "seed": seed, "parameters": size, "top1": top1, "nll": 1.0, **setting}

    rows = [row("tiles", 0, 0.80), row("thin", 0, 0.79), row("tiles", 1, 0.84), row("thin", 1, 0.81)]
    rows += [row("tiles", 2, 0.5), row("tiles", 1, 0.1, images=10), row("thin", 1, 0.9, images=10)]
    results = tmp_path / "results.jsonl"
    results.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["tile_ablation.py", "--table", "--results", str(results)])
    ablation.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "| 5% | 100 | 101 | 82.00 ± 2.83 | 80.00 ± 1.41 | +2.00 ± 1.41 | 1.00 ± 0.00 | 1.00 ± 0.00 | 2 |"
    assert not any(line.startswith(("| 1%", "| 10%")) for line in lines)


def test_finished_runs_are_those_of_the_same_setting(ablation: ModuleType, tmp_path: Path) -> None:
    setting = {"images": 10, "tests": 10, "epochs": 1, "precision": "32-true"}
    results = tmp_path / "results.jsonl"
    args = argparse.Namespace(**setting, results=results)
    assert ablation.results(args) == []
    results.write_text(
        json.dumps({"seed": 0, **setting}) + "\n" + json.dumps({"seed": 1, **setting, "epochs": 2}) + "\n"
    )
    assert [found["seed"] for found in ablation.results(args)] == [0]
