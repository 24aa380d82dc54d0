"""Families built by hand, without the language: wide residual networks, and small ones from lists of shapes."""

from __future__ import annotations

from collections.abc import Sequence

from swc.diagnostics import Source, Span, SpecError
from swc.family import Budget, Family, Hint, Kind, Layer, Member, Recipe, Sharing

STEM = "*.stem"


def wrn(name: str, depth: int, widen: int, classes: int = 100) -> Member:
    """A WRN (Zagoruyko & Komodakis, pre-activation, CIFAR form)."""
    blocks = (depth - 4) // 6
    found: list[tuple[str, Kind, int, int, int]] = [("stem", Kind.CONV, 16, 3, 3)]
    norms, channels = 0, 16
    for group in (1, 2, 3):
        width = 16 * widen * 2 ** (group - 1)
        for block in range(blocks):
            stride = 2 if block == 0 and group > 1 else 1
            norms += 2 * channels + 2 * width
            place = f"group{group}.{block}"
            found.append((f"{place}.conv1", Kind.CONV, width, channels, 3))
            found.append((f"{place}.conv2", Kind.CONV, width, width, 3))
            if channels != width or stride != 1:
                found.append((f"{place}.shortcut", Kind.CONV, width, channels, 1))
            channels = width
    norms += 2 * channels
    found.append(("fc", Kind.LINEAR, classes, channels, 1))
    layers = tuple(
        Layer(
            name=f"{name}.{label}",
            member=name,
            kind=kind,
            out=out,
            inputs=inputs,
            kernel=(k, k),
            bias=label == "fc",
            depth=index / (len(found) - 1),
            head=label == "fc",
        )
        for index, (label, kind, out, inputs, k) in enumerate(found)
    )
    return Member(name, "wrn", (("depth", depth), ("widen", widen)), layers, norms)


def family(members: Sequence[Member], budget: int, sharing: Sharing | None = None, classes: int = 100) -> Family:
    """A family of members; stems are private unless ``sharing`` is given."""
    names = [layer.name for member in members for layer in member.layers]
    private = hint([STEM], [[name for name in names if name.endswith(".stem")]])
    text = f"budget {budget}"
    return Family(
        name="test",
        input=(3, 32, 32),
        classes=classes,
        budget=Budget(budget, str(budget), Span(Source("test.sw", text), 7, len(text))),
        members=tuple(members),
        sharing=sharing if sharing is not None else Sharing(private=(private,)),
        recipe=Recipe(),
    )


def hint(patterns: Sequence[str], layers: Sequence[Sequence[str]]) -> Hint:
    """A resolved hint whose patterns stand one after the other in a source of their own."""
    source = Source("hint.sw", ", ".join(patterns))
    spans = []
    start = 0
    for pattern in patterns:
        spans.append(Span(source, start, start + len(pattern)))
        start += len(pattern) + 2
    return Hint(tuple(patterns), tuple(tuple(names) for names in layers), tuple(spans))


def member(name: str, layers: Sequence[tuple[str, int, int, int]], norms: int = 0) -> Member:
    """A member of layers (label, out, in, kernel); kernel 0 is a linear layer with a bias."""
    made = tuple(
        Layer(
            name=f"{name}.{label}",
            member=name,
            kind=Kind.CONV if kernel else Kind.LINEAR,
            out=out,
            inputs=inputs,
            kernel=(kernel or 1, kernel or 1),
            bias=kernel == 0,
            depth=index / max(1, len(layers) - 1),
        )
        for index, (label, out, inputs, kernel) in enumerate(layers)
    )
    return Member(name, "made", (), made, norms)


def hetero(budget: int = 36_500_000) -> Family:
    """The family of specs/wrn_hetero.sw."""
    members = [wrn("deep", 34, 8), wrn("wide", 28, 12), wrn("mid", 28, 10), wrn("slim", 28, 8)]
    return family(members, budget)


def codes(error: SpecError) -> list[str]:
    """The codes of an error's diagnostics."""
    return [diagnostic.code for diagnostic in error.diagnostics]
