"""Specs with hints, from text to plan, for the tests beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from swc.check import check_text
from swc.diagnostics import Diagnostic, SpecError
from swc.elaborate import elaborate
from swc.family import Family
from swc.plan import plan_family
from swc.plan.model import Plan, SuperWeight

SPEC = """sw 1
arch net(width: int) {{
    y = c1: conv(x, 8, 3)
    y = c2: conv(y, 8, 3)
    y = c3: conv(y, width, 3)
    y = s1: conv(y, width, 1)
    y = s2: conv(y, 8, 1)
    y = f: linear(global_pool(y), 8)
    return fc: linear(y, classes)
}}
family f {{
    input  image(8, 16, 16)
    output classes(10)
    budget {budget}
    member a = net(8)
    member b = net(12)
    share {{
        {hints}
    }}
}}
"""


def family(hints: str, budget: object = "100k") -> Family:
    """Two small members, ``a`` and ``b``, with layers c1, c2, c3 (3x3), s1, s2 (1x1), f and the head fc (linear)."""
    return elaborate(check_text(SPEC.format(hints=hints, budget=budget), "hints.sw"))


def plan(hints: str, budget: object = "100k", clusters: Mapping[str, Sequence[str]] | None = None) -> Plan:
    """The family's plan."""
    return plan_family(family(hints, budget), clusters, structure="s")


def clusters_of(found: Plan) -> dict[str, tuple[str, ...]]:
    """Layers by cluster."""
    return {cluster.name: cluster.layers for cluster in found.clusters}


def serving(found: Plan, *layers: str) -> list[SuperWeight]:
    """The SuperWeights that serve any of the layers."""
    return [s for s in found.superweights if set(layers) & set(s.users)]


def errors(
    hints: str, budget: object = "100k", clusters: Mapping[str, Sequence[str]] | None = None
) -> list[Diagnostic]:
    """What planning the family reports."""
    with pytest.raises(SpecError) as caught:
        plan(hints, budget, clusters)
    return list(caught.value.diagnostics)


def places(found: Diagnostic) -> list[str]:
    """The text of the primary place, then of the related ones."""
    assert found.primary is not None
    return [found.primary.text, *(r.span.text for r in found.related)]
