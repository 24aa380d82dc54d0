"""What people are told to write instead: near names and whole numbers."""

import pytest

from swc.check import check_text
from swc.diagnostics import Diagnostic, SpecError
from swc.diagnostics.names import near_names, one_slip
from swc.diagnostics.near_patterns import near_pattern
from swc.elaborate import elaborate

SPEC = """sw 1
arch net(rounds: int = 1) {{
    y = stem: conv(x, 16, 3)
    repeat rounds {{ y = body: conv(y, 16, 3) }}
    return fc: linear(global_pool(y), classes)
}}
family f {{ input image(3, 32, 32) output classes(10) budget 1M {} }}
"""


def error(sections: str) -> Diagnostic:
    with pytest.raises(SpecError) as caught:
        elaborate(check_text(SPEC.format(sections)))
    (found,) = caught.value.diagnostics
    return found


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ("member m = wnr(depth=10)", "write `wrn`"),
        ("member m = net() share { private *.stm }", "write `*.stem`"),
        ("member m = net() share { private m.bdoy.0 }", "write `m.body.0`"),
        ("member m = net() share { private M.stem }", "write `m.stem`"),
        ("member m = net() share { private M.Stem }", "write `m.stem`"),
        ("member m = net() share { private M.* }", "write `m.*`"),
        ("member m = net() share { private stem }", "write `*.stem`"),
        ("member m = net() share { private m }", "write `m.*`"),
        ("member m = net() share { private m.body }", "write `m.body.*`"),
        ("member m = net() share { private m.bdoy }", "write `m.body.*`"),
        ("member deep = net() share { private dep.*.0 }", "write `deep.*.0`"),
        ("member deep = net() share { private other.stem }", "there is none called `other`: the members are `deep`"),
        ("member m = net() share { private *.bn1 }", "norms share nothing"),
        ("member m = net() share { private *.tail }", "such as `m.stem`"),
        ("member m = net(rounds=3.5)", "write a whole number"),
        ("member m = net(rounds=-3.5)", "write a whole number"),
        ("member m = net(rounds=-3)", "`require`"),
        ("member m = net(rounds=3 * 0.5)", "`div(a, b)` divides and rounds down"),
        ("member m = net() train { epochs 3.5 }", "write a whole number"),
        ("member m = net() train { steps(3.5) }", "write a whole number"),
        ("member m = net() train { Adam(lr=0.1) }", "`sgd` is the only optimizer"),
        ("member m = net() train { adamw }", "`sgd` is the only optimizer"),
        ("member m = net() train { epochs 1e2 }", "write `epochs 100`"),
        ("member m = net() train { epochs(20) }", "write `epochs 20`"),
        ("member m = net() train { lr 0.1 }", "the optimizer has it, as `sgd(lr=0.1)`"),
        ("member m = net() train { optimizer sgd(lr=0.1) }", "with nothing before it"),
        ("member m = net() train { augment crop flip }", "as `augment crop, flip`"),
        ("member m = net() train { seed 3 }", "on the command line"),
        ("member m = net(True)", "write `true`"),
        ("member m = wrn(depth=10, width=2)", "write `widen`"),
        ("member m = resnet50()", "its numbers are arguments, as `resnet(50)`"),
        ("member m = WRN_28_10()", "its numbers are arguments, as `wrn(28, 10)`"),
        ("member m = mobilenet()", "there are `net`, `resnet`, `vit` and `wrn`"),
        ("member m = net() share { clusters depth(4) }", "the number of bins is a setting beside it, as `bins 4`"),
        ("member m = net() train { augment flip(0.5) }", "write `flip` alone"),
        ("member m = net() train { templates 8 }", "`templates` stands in the section `share { ... }`"),
        ("member m = net() share { tie m.stem, m.stem }", "and name the layers that it shall be with"),
        ("member m = net() share { apart m.stem, m.stem }", "and name the layers that it shall not be with"),
        ("member m = net() share { tie m.stem, m.body.0, m.stem }", "keep one of the two"),
        ("member m = vit()", "it is called as `vit(depth: int"),
    ],
)
def test_advice(sections: str, words: str) -> None:
    assert words in error(sections).help


@pytest.mark.parametrize(
    ("one", "other"), [("wnr", "wrn"), ("stm", "stem"), ("stem", "stm"), ("conv", "comv"), ("ner", "net"), ("ab", "ba")]
)
def test_one_slip(one: str, other: str) -> None:
    assert one_slip(one, other)


@pytest.mark.parametrize(("one", "other"), [("wnr", "rwn"), ("abc", "cba"), ("stem", "st"), ("abcd", "badc")])
def test_two_slips(one: str, other: str) -> None:
    assert not one_slip(one, other)


def test_one_slip_is_near_among_many_names_but_not_in_a_short_one() -> None:
    many = [f"other_{k}" for k in range(80)]
    assert near_names("wnr", ["wrn", *many]) == ["wrn"]
    assert near_names("ab", ["ac", *many]) == []


def test_a_pattern_in_a_large_family_needs_to_be_nearer() -> None:
    few = ["m.stem", "m.body"]
    many = [f"m.layer{k}x{j}" for k in range(9) for j in range(9)]
    assert near_pattern("m.ste", few) == "m.stem"
    assert near_pattern("m.botty", few) == "m.body"
    assert near_pattern("m.botty", few + many) is None
    assert near_pattern(".".join(["stem"] * 30), few) is None


@pytest.mark.parametrize(
    ("base", "words"),
    [("all", "write `members`"), ("membrs", "write `members`"), ("deap", "write `deep`"), ("wrn", "as `wrn(28, 10)`")],
)
def test_what_a_share_may_be_of(base: str, words: str) -> None:
    text = SPEC.format("member deep = net()").replace("budget 1M", f"budget 50% of {base}")
    with pytest.raises(SpecError) as caught:
        check_text(text)
    (found,) = caught.value.diagnostics
    assert (found.code, words in found.help) == ("SW0613", True)
