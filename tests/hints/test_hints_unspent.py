"""Following the advice of SW0602 word for word makes the warning go away."""

from __future__ import annotations

import re

import pytest

from swc.check import check_text
from swc.diagnostics import Diagnostic
from swc.elaborate import elaborate
from swc.family import Family
from swc.plan import notes, plan_family

SPEC = """sw 1
arch net(width: int, rounds: int) {{
    y = stem: conv(x, width, 3)
    repeat rounds {{
        y = y + conv1: conv(relu(y), width, 3)
        y = y + conv2: conv(relu(y), width, 1)
    }}
    return fc: linear(global_pool(y), classes)
}}
family f {{
    input  image(3, 16, 16)
    output classes(10)
    budget {budget}
    {members}
    share {{
        {share}
    }}
    train {{ epochs 30 }}
}}
"""
WIDE = " ".join(f"member m{k} = wrn(10, {k})" for k in (2, 3, 4))
DEEP = "member a = wrn(28, 2) member b = wrn(40, 2)"
EQUAL = " ".join(f"member m{k} = net(16, 6)" for k in range(8))
MIXED = "member a = net(12, 4) member b = net(16, 6) member c = net(24, 2)"


def made(members: str, share: str, budget: str) -> Family:
    return elaborate(check_text(SPEC.format(members=members, share=share, budget=budget)))


def warning(members: str, share: str, budget: str) -> Diagnostic | None:
    family = made(members, share, budget)
    found = notes(family, plan_family(family, structure="s"))
    return next((note for note in found if note.code == "SW0602"), None)


def ways(found: Diagnostic) -> list[str]:
    """The ways that the advice names, one by one."""
    return re.split(r", or (?=allow|part|let|hold|lower)", found.help)


def followed(way: str, share: str, budget: str) -> tuple[str, str]:
    """The share section and the budget, edited as the way says."""
    settings = {line.split()[0]: line for line in share.split("; ") if line}
    if lowered := re.search(r"lower the budget to ([0-9]+)", way):
        return "\n".join(settings.values()), lowered[1]
    if "leave out `bins`" in way:
        del settings["bins"]
    if way.startswith("hold fewer"):
        for kind in re.findall(r"`(\w+)`", way):
            del settings[kind]
    else:
        settings |= {text.split()[0]: text for text in re.findall(r"`([^`]+)`", way) if text != "bins"}
    return "\n".join(settings.values()), budget


@pytest.mark.parametrize("members", [WIDE, DEEP, EQUAL, MIXED], ids=["wide", "deep", "equal", "mixed"])
@pytest.mark.parametrize("budget", ["30% of members", "70% of members", "96% of members"])
@pytest.mark.parametrize(
    "share",
    [
        "clusters single",
        "clusters depth",
        "clusters depth; bins 2; templates 1..2",
        "clusters depth; refine none",
        "clusters single; refine none",
        "clusters single; templates 1..3",
        "bins 1; templates 1..2",
        "bins 2; refine none",
        "tie *conv1*",
        "clusters single; cluster own *conv1*",
    ],
)
def test_each_way_that_is_advised_spends_the_budget(members: str, budget: str, share: str) -> None:
    written = share.replace("; ", "\n")
    found = warning(members, written, budget)
    if found is None:
        return
    for way in ways(found):
        assert warning(members, *followed(way, share, budget)) is None, (found.help, way)


@pytest.mark.parametrize(
    ("members", "share", "budget", "words"),
    [
        (DEEP, "clusters depth; templates 1..2", "70% of members", ("`templates 1..", "`bins ", "`clusters gradient`")),
        (DEEP, "clusters depth; refine none", "70% of members", ("`bins ", "`refine gradient(")),
        (EQUAL, "clusters single", "70% of members", ("`templates 1..", "`clusters gradient`")),
        (EQUAL, "bins 2; templates 1..1", "70% of members", ("`templates 1..", "leave out `bins`")),
        (EQUAL, "tie *conv1*", "96% of members", ("`tie`",)),
    ],
)
def test_what_is_advised(members: str, share: str, budget: str, words: tuple[str, ...]) -> None:
    found = warning(members, share.replace("; ", "\n"), budget)
    assert found is not None
    assert all(word in found.help for word in words), found.help


def test_the_cap_named_is_the_smallest_that_spends_the_budget() -> None:
    found = warning(EQUAL, "clusters single", "70% of members")
    assert found is not None
    (cap,) = re.findall(r"`templates 1\.\.([0-9]+)`", found.help)
    assert int(cap) > 16  # twice the default is not enough
    assert warning(EQUAL, f"clusters single templates {cap}", "70% of members") is None
    assert warning(EQUAL, f"clusters single templates {int(cap) - 1}", "70% of members") is not None


def test_one_template_is_one() -> None:
    found = warning(EQUAL, "clusters single templates 1", "70% of members")
    assert found is not None
    assert "already have 1 template," in found.summary


def test_under_a_lock_the_cap_is_tried_with_the_clusters_of_the_lock() -> None:
    family = made(EQUAL, "", "70% of members")
    layers = [layer for layer in family.layers if not layer.head]
    clusters = {f"conv{k}x{k}": tuple(layer.name for layer in layers if layer.kernel == (k, k)) for k in (1, 3)}
    plan = plan_family(family, clusters, structure="s")
    (found,) = (note for note in notes(family, plan) if note.code == "SW0602")
    assert "search with a higher threshold" in found.help
    assert "`bins" not in found.help
    (cap,) = re.findall(r"`templates 1\.\.([0-9]+)`", found.help)
    more = made(EQUAL, f"templates {cap}", "70% of members")
    assert all(note.code != "SW0602" for note in notes(more, plan_family(more, clusters, structure="s")))
