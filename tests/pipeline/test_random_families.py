"""Random families from text to a model that runs: it has the parameters of its plan, and every member's weights.

Members mix convolutions of any kernel, also rectangular, grouped and depthwise, linear layers and attention.
"""

from __future__ import annotations

import types

import torch
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from swc.check import check_text
from swc.diagnostics import SpecError
from swc.elaborate import elaborate
from swc.emit import class_name, emit
from swc.lock import structure_hash
from swc.plan import from_json, plan_family, to_json
from swc_runtime import Family as RuntimeFamily

PATTERNS = ["*.stem", "a.*", "*.fc", "?.stem", "a.stem", "*", "*.blocks.*", "*.conv?", "*.query", "*.dw"]
KERNELS = ["1", "3", "[1, 3]", "[3, 1]", "[1, 5]", "2"]

BLOCKS = """sw 1
block mixer(heads: int, ratio: int) {
    y = ln(x)
    y = attention(query: linear(y, channels(x)), key: linear(y, channels(x)), value: linear(y, channels(x)), heads)
    y = x + out: linear(y, channels(x))
    return y + down: linear(gelu(up: linear(ln(y), ratio * channels(x))), channels(x))
}
block sparse(width: int, groups: int) {
    y = dw: conv(x, channels(x), 3, groups=channels(x))
    return relu(bn(conv1: conv(y, width, 1, groups=groups, bias=true)))
}
"""


@st.composite
def members(draw: st.DrawFn, name: str) -> str:
    width = draw(st.sampled_from([8, 12, 16, 24]))
    rounds = draw(st.integers(0, 3))
    if draw(st.booleans()):
        ratio = draw(st.integers(1, 3))
        body = f"y = tokens(stem: conv(x, {width}, 2, stride=2, padding=0)) "
        body += f"repeat {rounds} {{ y = blocks: mixer(y, {draw(st.sampled_from([1, 2]))}, {ratio}) }}"
    else:
        kernels = draw(st.lists(st.sampled_from(KERNELS), max_size=3))
        body = f"y = stem: conv(x, {width}, 3) "
        body += " ".join(f"y = conv{k}: conv(relu(bn(y)), {width + 2 * k}, {x})" for k, x in enumerate(kernels))
        body += f" repeat {rounds} {{ y = blocks: sparse(y, {width}, {draw(st.sampled_from([1, 2]))}) }}"
    return f"arch net_{name}() {{ {body} return fc: linear(global_pool(y), classes) }}"


@st.composite
def hints(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["private", "public", "tie", "apart", "templates", "bins", "cluster"]))
    least = 2 if kind == "apart" else 1
    patterns = ", ".join(draw(st.lists(st.sampled_from(PATTERNS), min_size=least, max_size=2, unique=True)))
    number = draw(st.integers(1, 4))
    words = {
        "templates": f"templates 1..{number} for",
        "bins": f"bins {number} for",
        "cluster": f"cluster made{number}",
    }
    return f"{words.get(kind, kind)} {patterns}"


@st.composite
def specs(draw: st.DrawFn) -> str:
    names = "abc"[: draw(st.integers(1, 3))]
    archs = "\n".join(draw(members(name)) for name in names)
    share = [draw(st.sampled_from(["clusters gradient", "clusters single", "clusters depth"]))]
    share += draw(st.sampled_from([[], ["refine none"]])) + draw(
        st.sampled_from([0, 0, 1, 2]).flatmap(lambda n: st.lists(hints(), min_size=n, max_size=n))
    )
    lines = " ".join(f"member {name} = net_{name}()" for name in names)
    budget = draw(st.sampled_from(["15%", "40%", "60%", "90%", "100%", "250%"]))
    return (
        f"{BLOCKS}{archs}\nfamily f {{ input image(4, 6, 6) output classes(3) budget {budget} of members {lines}\n"
        "share {\n" + "\n".join(share) + "\n} }\n"
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(specs())
def test_the_model_has_the_parameters_of_its_plan(text: str) -> None:
    try:
        program = check_text(text)
        family = elaborate(program)
        plan = plan_family(family, structure=structure_hash(family))
    except SpecError as error:  # hints that match nothing or contradict each other, settings that do, small budgets
        codes = {d.code for d in error.diagnostics if d.severity == "error"}
        assert all(code.startswith("SW05") or code in {"SW0324", "SW0601"} for code in codes), text
        event("refused: " + ", ".join(sorted(codes)))
        return
    event("planned")
    assert plan.parameters.total <= plan.budget
    assert plan == plan_family(family, structure=structure_hash(family))
    assert from_json(to_json(plan)) == plan
    source = emit(program, family, plan, content_hash="0" * 16)
    module = types.ModuleType("generated")
    exec(compile(source, "generated.py", "exec"), module.__dict__)
    built: RuntimeFamily = getattr(module, class_name(family))()
    assert sum(p.numel() for p in built.parameters()) == plan.parameters.total
    for member in family.members:
        for layer in member.layers:
            weight = built.members[member.name].get_submodule(layer.name.partition(".")[2]).weight
            assert weight.numel() == layer.weights
    with torch.no_grad():
        logits = built.eval()(torch.randn(2, *built.input))
    assert logits.shape == (len(family.members), 2, 3)
    assert torch.isfinite(logits).all()
