"""Small families for the tests of reports: specs as text, and random families built by hand."""

from __future__ import annotations

from hypothesis import strategies as st

from swc.family import Budget, Family, Kind, Layer, Member, Recipe, Refinement, Sharing
from swc.plan import plan_family, smallest_budget
from swc.plan.model import Plan

SPEC = """sw 1

arch five(width: int) {
    y = stem: conv(x, width, 5)
    y = body: conv(relu(y), width, 5)
    return fc: linear(global_pool(y), classes)
}

family trio {
    input  image(1, 8, 8)
    output classes(10)
    budget 400k
    member big   = wrn(depth=16, widen=2)
    member small = wrn(depth=10, widen=1)
    member broad = wrn(depth=10, widen=3)
    share { private *.stem }
    train { epochs 2  batch 64  sgd(lr=0.05) }
}
"""


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans of random families: some folded, some whole, with and without refinement, with private layers."""
    sizes = st.integers(1, 12)
    members = []
    for number in range(draw(st.integers(1, 4))):
        shapes = draw(st.lists(st.tuples(sizes, sizes, st.sampled_from([1, 3])), min_size=1, max_size=6))
        name = f"m{number}"
        layers = tuple(
            Layer(f"{name}.l{k}", name, Kind.CONV, out, inputs, (kernel, kernel), depth=k / len(shapes))
            for k, (out, inputs, kernel) in enumerate(shapes)
        )
        head = Layer(f"{name}.fc", name, Kind.LINEAR, 3, shapes[-1][0], bias=True, depth=1.0, head=True)
        members.append(Member(name, "made", (), (*layers, head), draw(st.integers(0, 9))))
    refinement = draw(st.sampled_from([None, Refinement()]))
    sharing = Sharing(refinement=refinement, templates=(1, draw(st.integers(1, 8))))
    family = Family("made", (3, 8, 8), 3, Budget(0, "0"), tuple(members), sharing, Recipe())
    least, most = smallest_budget(family), 2 * family.parameters_independent
    budget = draw(st.integers(least, max(least, most)))
    made = Family("made", (3, 8, 8), 3, Budget(budget, str(budget)), tuple(members), sharing, Recipe())
    return plan_family(made, structure="s")


_MOBILE = """sw 1

block sep(width: int, stride: int = 1) {
    y = dw: conv(relu(bn(x)), channels(x), 3, stride=stride, groups=channels(x))
    y = pw: conv(relu(bn(y)), width, 1)
    return y
}

arch mobile(n: int, width: int) {
    y = stem: conv(x, width, 3)
    repeat n as i { y = body: sep(y, width + 8 * i) }
    return fc: linear(global_pool(y), classes)
}

family many {
    input image(3, 32, 32)
    output classes(10)
    budget 30% of members
    MEMBERS
    share { SHARE }
}
"""


def many_shapes(share: str) -> str:
    """A spec of sixteen members whose shapes hardly nest, with a share section."""
    members = "\n".join(f"    member m{k} = mobile(n={4 + k}, width={17 + 3 * k})" for k in range(16))
    return _MOBILE.replace("MEMBERS", members).replace("SHARE", share)
