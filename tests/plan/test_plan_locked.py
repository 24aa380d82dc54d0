"""Clusters that were given and do not agree with the family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from plan_families import family, hint, member

from swc.diagnostics import Diagnostic, SpecError
from swc.family import Family, Sharing
from swc.plan import plan_family

LAYERS = [("c1", 8, 8, 3), ("c2", 8, 8, 3), ("c3", 8, 8, 3), ("s", 4, 4, 1), ("f", 4, 4, 0)]
GOOD = {"conv3x3": ["a.c2", "a.c1"], "conv3x3-a-c3": ["a.c3"], "conv1x1": ["a.s"], "linear": ["a.f"]}


def made(sharing: Sharing | None = None) -> Family:
    return family([member("a", LAYERS)], 10**6, sharing or Sharing())


def found(clusters: Mapping[str, Sequence[str]], sharing: Sharing | None = None) -> dict[str, Diagnostic]:
    with pytest.raises(SpecError) as error:
        plan_family(made(sharing), clusters, structure="s")
    return {diagnostic.code: diagnostic for diagnostic in error.value.diagnostics}


def test_good_clusters_are_planned_in_the_family_order() -> None:
    plan = plan_family(made(), GOOD, structure="s")
    assert [(c.name, c.layers) for c in plan.clusters] == [
        ("conv1x1", ("a.s",)),
        ("conv3x3", ("a.c1", "a.c2")),
        ("conv3x3-a-c3", ("a.c3",)),
        ("linear", ("a.f",)),
    ]


def test_missing_and_unknown_layers_are_listed() -> None:
    diagnostics = found({**GOOD, "conv3x3": ["a.c1", "a.old"]})
    assert set(diagnostics) == {"SW0711", "SW0712"}
    assert diagnostics["SW0711"].detail == "a.c2: 8 x 8, 3x3"
    assert diagnostics["SW0712"].detail == "a.old: in cluster `conv3x3`"


def test_private_layers_are_refused() -> None:
    diagnostics = found(GOOD, Sharing(private=(hint(["*.c3"], [["a.c3"]]),)))
    assert diagnostics["SW0713"].detail == "a.c3: in cluster `conv3x3-a-c3`, but it is private (hint.sw:1:1)"


def test_layers_named_twice() -> None:
    assert found({**GOOD, "again": ["a.c1"]})["SW0714"].detail == "a.c1: in `conv3x3`, `again`"


@pytest.mark.parametrize("join", [["a.s", "a.c3"], ["a.s", "a.f"]])
def test_mixed_kernels(join: list[str]) -> None:
    clusters = {name: [x for x in layers if x not in join] for name, layers in GOOD.items()}
    diagnostics = found({**{n: x for n, x in clusters.items() if x}, "mixed": join})
    assert set(diagnostics) == {"SW0715"}
    assert all(f"{layer}: " in diagnostics["SW0715"].detail for layer in join)


def test_a_tie_lets_linear_layers_join() -> None:
    clusters = {"conv3x3": ["a.c1", "a.c2", "a.c3"], "conv1x1": ["a.s", "a.f"]}
    tied = Sharing(ties=(hint(["a.s", "a.f"], [["a.s"], ["a.f"]]),))
    plan = plan_family(made(tied), clusters, structure="s")
    assert [cluster.name for cluster in plan.clusters] == ["conv1x1", "conv3x3"]
    diagnostics = found(GOOD, tied)
    assert set(diagnostics) == {"SW0716"}
    assert diagnostics["SW0716"].primary is not None
    assert diagnostics["SW0716"].primary.text == "a.f"


def test_layers_kept_apart_are_not_joined() -> None:
    diagnostics = found(GOOD, Sharing(aparts=(hint(["a.c1", "*.c2"], [["a.c1"], ["a.c2"]]),)))
    assert set(diagnostics) == {"SW0717"}
    assert diagnostics["SW0717"].primary is not None
    assert diagnostics["SW0717"].primary.text == "*.c2"


@pytest.mark.parametrize("extra", [{"empty": []}, {"a.b": ["a.c3"]}, {"": ["a.c3"]}])
def test_bad_clusters(extra: dict[str, list[str]]) -> None:
    kept = {name: layers for name, layers in GOOD.items() if name != "conv3x3-a-c3" or "empty" in extra}
    assert set(found({**kept, **extra})) == {"SW0718"}
