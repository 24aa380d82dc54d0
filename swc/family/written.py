"""Settings as a spec writes them: ``1..8``, ``gradient(threshold=0.1, epochs=20)``, ``2..4 for *.conv1``."""

from __future__ import annotations

from collections.abc import Sequence

from swc.family.model import BinsHint, ClusterHint, Clustering, ClusterMethod, Hint, Sharing, TemplatesHint
from swc.family.recipe import Augment, AugmentKind


def number(value: float) -> str:
    """A number with all of its digits and no more: ``0.0005``, ``5e-5``, ``1``."""
    mantissa, e, exponent = repr(value).partition("e")
    return mantissa.removesuffix(".0") + (f"e{int(exponent)}" if e else "")


def augment(values: Augment) -> str:
    """``crop(4)``, ``flip``."""
    return values.kind if values.kind is AugmentKind.FLIP else f"{values.kind}({values.size})"


def bounds(values: tuple[int, int]) -> str:
    """``1..8``."""
    return f"{values[0]}..{values[1]}"


def hint(values: Hint) -> str:
    """A hint without the word that it begins with: ``*.stem, *.fc``, ``2..4 for *.conv1``, ``back *.group3.*``."""
    patterns = ", ".join(values.patterns)
    match values:
        case TemplatesHint():
            return f"{bounds(values.bounds)} for {patterns}"
        case BinsHint():
            return f"{values.count} for {patterns}"
        case ClusterHint():
            return f"{values.name} {patterns}"
    return patterns


def hints(values: Sharing) -> dict[str, Sequence[Hint]]:
    """The hints of each kind: those on who shares by the word that they begin with, ``templates_for``, ``bins_for``."""
    return {
        "private": values.private,
        "public": values.public,
        "tie": values.ties,
        "apart": values.aparts,
        "cluster": values.hand_made,
        "templates_for": values.template_hints,
        "bins_for": values.bin_hints,
    }


def who_shares(values: Sharing) -> tuple[str, ...]:
    """The hints on who shares, each with the word that it begins with, sorted: ``tie *.query, *.key``."""
    kinds = {kind: own for kind, own in hints(values).items() if not kind.endswith("_for")}
    return tuple(sorted(f"{kind} {hint(each)}" for kind, own in kinds.items() for each in own))


def clustering(values: Clustering) -> str:
    """``gradient(threshold=0.1, epochs=20)``, ``single``."""
    if values.method is ClusterMethod.GRADIENT:
        return call(values.method, threshold=values.threshold, epochs=values.epochs)
    return values.method


def call(name: str, *first: str, **values: float) -> str:
    """``name(first, key=value)``."""
    return f"{name}({', '.join([*first, *(f'{key}={number(value)}' for key, value in values.items())])})"
