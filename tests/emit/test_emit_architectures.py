"""The architecture library, generated and built plain: the parameter counts of the published networks."""

import pytest
import torch
from emit_compiled import ROOT, Compiled, check_structure, check_values, compiled
from torch import nn

from swc.compiler import compile_spec
from swc_runtime import Family, PlainWeights

RESNETS = """sw 1
family resnets {
    input image(3, 224, 224)
    output classes(1000)
    budget 20M
    member small = resnet(18)
    member large = resnet(50)
    member middle = resnet(34, width=8, small_images=true)
}
"""


def parameters(family: type[Family], member: str) -> int:
    with torch.device("meta"):
        network = family.architectures[member](PlainWeights())
    return sum(p.numel() for p in network.parameters())


def test_resnets_have_the_parameters_of_the_published_ones() -> None:
    one = compiled(RESNETS)
    family = one.load()
    assert parameters(family, "small") == 11_689_512
    assert parameters(family, "large") == 25_557_032
    check_structure(one)


@pytest.mark.parametrize(
    ("member", "count"), [("deep", 29_597_748), ("wide", 52_587_060), ("mid", 36_536_884), ("slim", 23_401_012)]
)
def test_wide_residual_networks_have_the_parameters_of_the_published_ones(member: str, count: int) -> None:
    assert parameters(_wrn_hetero().load(), member) == count


def test_the_wide_family_has_the_parameters_of_its_plan() -> None:
    one = _wrn_hetero()
    with torch.device("meta"):
        family = one.load()()
    total = sum(p.numel() for p in family.parameters())
    assert total == one.plan.parameters.total
    assert 36_135_000 <= total <= 36_500_000


def test_small_networks_of_the_library_compute_what_the_specs_say() -> None:
    text = RESNETS.replace("224, 224", "32, 32").replace("classes(1000)", "classes(7)")
    text = text.replace("resnet(18)", "resnet(18, 4)").replace("resnet(50)", "resnet(50, width=4)")
    check_values(compiled(text, shared=False))


def test_members_of_a_family_share_and_still_compute_what_the_spec_says() -> None:
    """A frozen member holds the composed weights: the interpreter gets the same logits from them as the family."""
    text = (
        (ROOT / "specs" / "wrn_hetero.sw")
        .read_text(encoding="utf-8")
        .replace("depth=34, widen=8", "depth=16, widen=1")
        .replace("depth=28, widen=12", "depth=10, widen=2")
        .replace("depth=28, widen=10", "depth=22, widen=1")
        .replace("depth=28, widen=8", "depth=10, widen=1")
        .replace("budget 36.5M", "budget 90% of members")
    )
    one = compiled(text)
    torch.manual_seed(0)
    family = one.load()().eval()
    x = torch.randn(2, 3, 32, 32)
    frozen = family.freeze()
    assert list(frozen) == [member.name for member in one.family.members]
    with torch.no_grad():
        logits = family(x)
        for i, network in enumerate(frozen.values()):
            torch.testing.assert_close(network(x), logits[i], rtol=1e-4, atol=1e-4)
            assert isinstance(network, nn.Module)


def _wrn_hetero() -> Compiled:
    found = compile_spec(ROOT / "specs" / "wrn_hetero.sw")
    return Compiled(found.program, found.family, found.plan, found.text())
